"""The plan of the demo organization, executed as printed: what is left afterwards is for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from audit.simulator import DEMO_BASELINE, DEMO_WORLD, Simulation, load_world, serve
from audit.tables import build_tables
from checks.baseline import load_baseline
from checks.catalog import CHECKS
from checks.evaluate import evaluate
from checks.model import Finding, RemedyContext, Script, Status
from checks.remedies import plan
from tests.closed_loop.estate import run


class Silence:
    """Progress that nobody looks at."""

    def started(self, total_registries: int) -> None: ...

    def finished(self, account: str, region: str) -> None: ...

    def note(self, text: str) -> None: ...


def audited(simulation: Simulation) -> tuple[list[Finding], tuple[Script, ...]]:
    """The failures that an audit finds just now, and the plan that mends them."""
    baseline = load_baseline(Path(DEMO_BASELINE).read_text(), "demo-baseline.yaml")
    settings = AwsSettings(endpoint_url=simulation.endpoint)
    evidence = collect(settings, Scope(), baseline, processes=1, progress=Silence(), now=simulation.world.now())
    tables = build_tables(evidence, baseline)
    rows = tables["registries"].astype(object).where(tables["registries"].notna(), None).to_dict("records")
    organization = evidence.organization.id if evidence.organization else ""
    context = RemedyContext(baseline, organization, {(row["account"], row["region"]): row for row in rows})
    results = evaluate(CHECKS, tables, context).results
    failures = [one for result in results for one in result.findings if one.status is Status.FAIL]
    return failures, plan(failures, context)


def runnable(scripts: Sequence[Script]) -> list[Script]:
    return [script for script in scripts if script.findings]


def told(finding: Finding) -> tuple[str, str]:
    """A finding by what it says: rules and statements are counted, and what follows a removed one moves up."""
    return finding.check, re.sub(r"(rule|statement) [0-9]+", r"\1", finding.message)


def mended(findings: Sequence[Finding], scripts: Sequence[Script]) -> set[tuple[str, str]]:
    fingerprints = {fingerprint for script in scripts for fingerprint in script.findings}
    return {told(finding) for finding in findings if finding.fingerprint in fingerprints}


def test_the_whole_plan_leaves_only_what_needs_a_person(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(load_world(DEMO_WORLD)) as simulation:
        for name, value in simulation.environment().items():
            monkeypatch.setenv(name, value)
        before, scripts = audited(simulation)
        assert len(runnable(scripts)) > 10
        assert not [script.refused for script in scripts if script.refused]
        for script in runnable(scripts):
            done = run(script.text, simulation, script.account, aws, tmp_path)
            assert done.code == 0, (script.name, done)
        after, more = audited(simulation)
        # A rule copies what is pushed from now on: for repositories that it newly matches, a backfill is due next.
        assert {script.name.split("-")[1] for script in runnable(more)} <= {"backfill"}
        assert not mended(before, scripts) & {told(finding) for finding in after}
        new = {told(finding) for finding in after} - {told(finding) for finding in before}
        assert new <= mended(after, more)
