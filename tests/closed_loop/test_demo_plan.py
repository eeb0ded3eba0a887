"""The plan of the demo organization, executed as printed: what is left afterwards is for people, and named here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.model import Finding, Script
from checks.remediation import plan
from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, Simulation, load_world, serve
from tests.closed_loop.audits import Audit, audited
from tests.closed_loop.estate import run

LEFT: Sequence[Mapping[str, Any]] = yaml.safe_load(Path(__file__).with_name("demo_left.yaml").read_text())
ROUNDS = 2
"""A rule copies what is pushed from now on, and a copy shows only once it is there what it lacks."""


def test_the_whole_plan_leaves_only_what_needs_a_person(aws: str, tmp_path: Path) -> None:
    baseline = Path(DEMO_BASELINE).read_text()
    with serve(load_world(DEMO_WORLD)) as simulation:
        first = audited(simulation, baseline)
        audit, scripts = first, runnable(first)
        assert len(scripts) > 10
        for _ in range(ROUNDS):
            execute(scripts, simulation, aws, tmp_path)
            audit = audited(simulation, baseline)
            scripts = runnable(audit)
    assert scripts == [], "something could still be mended by a command"
    left = [finding for finding in audit.failures if finding.waiver is None]
    assert [(one.check, one.resource, one.message) for one in left if len(entries(one)) != 1] == []
    assert [entry for entry in LEFT if not any(entry in entries(one) for one in left)] == []
    assert [told(one) for one in left if is_new(one, first) != bool(entries(one)[0].get("new"))] == []
    assert [one.resource for one in left if not (one.remediation and one.remediation.manual)] == []


def runnable(audit: Audit) -> list[Script]:
    scripts = plan(audit.failures, audit.context)
    assert not [script.refused for script in scripts if script.refused]
    return [script for script in scripts if script.findings]


def execute(scripts: Sequence[Script], simulation: Simulation, aws: str, folder: Path) -> None:
    for script in scripts:
        done = run(script.text, simulation, script.account, aws, folder)
        assert done.code == 0, (script.name, done)


def told(finding: Finding) -> tuple[str, str]:
    """A finding by what it says: rules and statements are counted, and what follows a removed one moves up."""
    return finding.check, re.sub(r"(rule|statement) [0-9]+", r"\1", finding.message)


def is_new(finding: Finding, first: Audit) -> bool:
    return not any(one.fingerprint == finding.fingerprint or told(one) == told(finding) for one in first.failures)


def entries(finding: Finding) -> list[Mapping[str, Any]]:
    """Where the list names *finding*."""
    return [entry for entry in LEFT if entry["check"] == finding.check and entry["at"] in finding.resource]


@pytest.mark.parametrize("entry", LEFT, ids=lambda entry: f"{entry['check']} {entry['at']}")
def test_each_thing_left_has_a_reason(entry: Mapping[str, Any]) -> None:
    assert set(entry) - {"new"} == {"check", "at", "why"}
    assert len(entry["why"].split()) > 4
