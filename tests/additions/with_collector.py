"""Run in a tree that reads `iam:ListAccountAliases`: into a column, or a gap; with its permission in every policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.aws import AwsSettings
from audit.aws.operations import member_policy
from audit.evidence import Evidence, Scope, all_gaps
from audit.inventory import collect
from audit.tables import build_tables
from checks.baseline.schema import Baseline
from ecr_audit.simulator import World, serve
from tests.closed_loop.estate import HEALTHY, REGION, SOURCE

ACTION = "iam:ListAccountAliases"


def registries(monkeypatch: pytest.MonkeyPatch, *faults: dict[str, Any]) -> tuple[Evidence, pd.DataFrame]:
    world = World.from_document({**HEALTHY, "faults": list(faults)})
    with serve(world) as simulation:
        for name, value in simulation.environment().items():
            monkeypatch.setenv(name, value)
        evidence = collect(AwsSettings(), Scope(), Baseline(), now=world.now())
    return evidence, build_tables(evidence, Baseline())["registries"].set_index(["account", "region"])


def test_what_is_read_is_a_column(monkeypatch: pytest.MonkeyPatch):
    evidence, frame = registries(monkeypatch)
    assert frame["sample_aliases"][SOURCE, REGION] == f'["sample-{SOURCE}"]'
    assert frame["evidence_complete"][SOURCE, REGION]
    assert evidence.calls.sent[ACTION] >= 1


def test_a_denial_is_a_gap_and_null(monkeypatch: pytest.MonkeyPatch):
    evidence, frame = registries(monkeypatch, {"operation": ACTION, "kind": "deny"})
    assert frame["sample_aliases"].isna()[SOURCE, REGION]
    assert not frame["evidence_complete"][SOURCE, REGION]
    (gap, *_) = [gap for gap in all_gaps(evidence) if gap.operation == ACTION]
    assert (gap.permission, gap.tables) == (ACTION, ("registries",))


def test_every_policy_has_the_permission():
    assert any(ACTION in statement["Action"] for statement in member_policy()["Statement"])
    files = ("permissions.md", "iam-policy-member.json", "iam-role-member.yaml", "iam-role-member.tf")
    stacks = (f"../deploy/cloudformation/{name}.yaml" for name in ("member-role", "nightly"))
    for file in (*files, *stacks):
        assert ACTION in (Path.cwd() / "docs" / file).read_text(), file
