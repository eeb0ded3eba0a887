"""Random worlds, judged by the program and by a restatement of its catalogue that shares no code with it.

The suite judges twenty small configurations, `make soak` two hundred. A failure prints the seed and writes world and
baseline into files: `ecr-audit simulate` serves the one, `ecr-audit run` takes the other.
"""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

from checks.catalog import EVIDENCE_CHECKS
from checks.model import Severity
from tests.oracle.catalogue import judgement
from tests.oracle.comparison import COMPARED, differences
from tests.oracle.worlds import random_world

CELLS = 5
"""Configurations that share an organization, a baseline and an audit."""
SEEDS = range(1, 1 + (200 if os.environ.get("ECR_AUDIT_SOAK") else 20) // CELLS)
SEVERE = [one.id for one in EVIDENCE_CHECKS if one.severity in (Severity.CRITICAL, Severity.HIGH)]
RESTATED = ("catalogue", "exposure", "facts", "grants", "links", "others", "policies", "replicas", "sources", "worlds")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_program_judges_a_random_world_as_its_catalogue_says(seed: int, tmp_path: Path) -> None:
    world, baseline = random_world(seed, CELLS)
    found = differences(world, baseline)
    if found:
        (tmp_path / "world.yaml").write_text(json.dumps(world, indent=1))
        (tmp_path / "baseline.yaml").write_text(json.dumps(baseline, indent=1))
    shown = [f"{check} {key}: {given or 'no row'}, not {right or 'no row'}" for check, key, right, given in found[:20]]
    assert found == [], "\n".join([f"seed {seed}, {len(found)} differences, written to {tmp_path}", *shown])


def test_every_critical_and_high_check_is_compared() -> None:
    assert set(SEVERE) <= {one.id for one in COMPARED} == set(judgement(*random_world(0, 1)))


def test_the_worlds_contain_every_outcome_of_every_severe_check() -> None:
    seen: dict[str, set[str]] = {}
    for seed in range(1, 13):
        for check, rows in judgement(*random_world(seed, 3)).items():
            seen.setdefault(check, set()).update(rows.values())
    # An image that has a tag at the source and none at the destination fails; every other one is no row.
    seen["coverage.tags-present"].add("pass")
    assert {check: seen[check] for check in SEVERE if not {"pass", "fail"} <= seen[check]} == {}


def test_the_restatement_shares_no_code_with_the_program() -> None:
    for name in RESTATED:
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text())
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
        foreign = [
            one for one in names if one.partition(".")[0] in ("audit", "checks", "ecr_audit", "reports", "schedules")
        ]
        assert foreign == [], name
        helpers = [one for one in names if one.startswith("tests.")]
        assert {one.rpartition(".")[2] for one in helpers} <= set(RESTATED), name
