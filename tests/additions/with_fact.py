"""Run in a tree whose `registries` table has the column `sample_regions`: it is declared, and filled from evidence."""

from __future__ import annotations

import pytest

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from audit.tables import build_tables
from checks.baseline.schema import Baseline
from checks.tables import REGISTRIES
from ecr_audit.simulator import World, serve
from tests.closed_loop.estate import HEALTHY, REGION, SOURCE


def test_the_column_is_filled(monkeypatch: pytest.MonkeyPatch):
    world = World.from_document(
        {**HEALTHY, "faults": [{"operation": "ecr:DescribeRegistry", "region": "eu-central-1", "kind": "deny"}]}
    )
    with serve(world) as simulation:
        for name, value in simulation.environment().items():
            monkeypatch.setenv(name, value)
        evidence = collect(AwsSettings(), Scope(), Baseline(), now=world.now())
    frame = build_tables(evidence, Baseline())["registries"].set_index(["account", "region"])
    assert REGISTRIES.column("sample_regions").meaning == "Destination Regions over all rules"
    assert frame["sample_regions"][SOURCE, REGION] == 1
    assert frame["sample_regions"].isna()[SOURCE, "eu-central-1"], "not read: unknown"
