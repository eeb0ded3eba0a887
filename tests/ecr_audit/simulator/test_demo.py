"""The demo world, audited: nearly every check finds something in it, and most of it is well."""

from __future__ import annotations

from collections import Counter

import pytest

from audit.aws.settings import AwsSettings
from audit.evidence import Scope, all_gaps
from audit.inventory import collect
from audit.tables import build_tables
from checks.baseline.loading import load_baseline
from checks.catalog import EVIDENCE_CHECKS
from checks.engine.evaluation import evaluate
from checks.model import GapKind, RemediationContext, Status
from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, load_world, serve


def test_nearly_every_check_fails_somewhere_and_most_rows_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    world = load_world(DEMO_WORLD)
    baseline = load_baseline(DEMO_BASELINE.read_text(encoding="utf-8"), DEMO_BASELINE.name)
    with serve(world) as simulation:
        for name, value in simulation.environment().items():
            monkeypatch.setenv(name, value)
        before = simulation.snapshot()
        evidence = collect(AwsSettings(), Scope(), baseline, now=world.now())
        assert simulation.snapshot() == before, "an audit only reads"
        calls = simulation.calls()
    assert "InternalFailure" not in {outcome for *_, outcome in calls}
    assert {GapKind.DENIED, GapKind.DENIED_BY_SCP, GapKind.ROLE_MISSING} <= {gap.kind for gap in all_gaps(evidence)}

    evaluation = evaluate(EVIDENCE_CHECKS, build_tables(evidence, baseline), RemediationContext(baseline=baseline))
    counts = {result.check: result.counts for result in evaluation.results}
    missing = [check for check, found in counts.items() if not found[Status.FAIL]]
    assert len(missing) <= len(counts) // 10, missing
    assert [result.error for result in evaluation.results if result.error] == []
    total = sum((Counter(found) for found in counts.values()), Counter[Status]())
    assert total[Status.PASS] > 10 * total[Status.FAIL]
