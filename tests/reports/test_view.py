"""The view: what counts, in which order, and what the verdict says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from audit.model import Coverage, FindingLocation, Run, RunSummary
from checks.model import Finding, Severity, Status, WaiverMark
from reports.verdict import VerdictLevel
from reports.view import build_view
from tests.reports import runs

WAIVER = WaiverMark("reason", "owner", "2026-12-31")


def _one(severity: Severity, status: Status = Status.FAIL, waiver: WaiverMark | None = None) -> Finding:
    key = runs.link("100000000003", "eu-west-1")
    return runs.finding("example.alpha", severity, key, "m", status=status, waiver=waiver)


def _run(*findings: Finding, passed: int = 5, **changes: object) -> Run:
    return runs.run_of([runs.result("example.alpha", findings, passed=passed)], **changes)


@pytest.mark.parametrize(
    ("run", "level", "part"),
    [
        (_run(_one(Severity.HIGH)), VerdictLevel.ACTION, "1 high failure is open"),
        (_run(_one(Severity.LOW)), VerdictLevel.MINOR, "failure was found; 1 low failure is open."),
        (_run(_one(Severity.CRITICAL, waiver=WAIVER)), VerdictLevel.COMPLIANT, "1 failure is covered by waivers"),
        (_run(_one(Severity.CRITICAL, Status.UNKNOWN)), VerdictLevel.INCOMPLETE, "1 result is unknown"),
        (_run(), VerdictLevel.COMPLIANT, "5 evaluations of 1 check passed and none failed"),
        (_run(passed=0), VerdictLevel.NOTHING, "no check applies"),
        (runs.unread_run(), VerdictLevel.NOTHING, "none of the 24 registries could be read"),
        (
            _run(coverage=Coverage(1, 1, 4, 3, 0, 1, 2), gaps=runs.unread_run().gaps),
            VerdictLevel.INCOMPLETE,
            "1 of 4 registries was not read completely",
        ),
        (_run(coverage=Coverage(1, 1, 1, 1, 0, 0, 2, ("1/eu-west-1",))), VerdictLevel.INCOMPLETE, "is missing"),
    ],
)
def test_verdict(run: Run, level: VerdictLevel, part: str) -> None:
    view = build_view(run)
    assert view.conclusion.level is level
    assert part in view.verdict


def test_unknown_never_reads_as_compliance() -> None:
    for run in (runs.unread_run(), runs.mixed_run(), _run(_one(Severity.LOW, Status.UNKNOWN))):
        assert build_view(run).conclusion.level is not VerdictLevel.COMPLIANT


def test_every_finding_is_counted_once() -> None:
    run = runs.mixed_run()
    view = build_view(run)
    found = view.failures + sum(view.waived.values()) + view.unknown + view.check_errors
    assert found == len(run.findings) == len(view.findings)
    assert sum(area.failed for area in view.areas) == view.failures
    assert sum(account.failures for account in view.accounts) == view.failures
    assert sum(group.count for group in view.gap_groups) == len(run.gaps)
    assert view.counts[Status.PASS] == sum(one.counts[Status.PASS] for one in run.results)


def test_findings_are_sorted_whatever_the_order_in_the_run() -> None:
    run = runs.mixed_run()
    turned = replace(run, results=tuple(replace(one, findings=one.findings[::-1]) for one in run.results))
    assert build_view(turned).findings == build_view(run).findings
    order = [(one.status, one.severity.rank) for one in build_view(run).findings]
    statuses = [Status.FAIL, Status.ERROR, Status.UNKNOWN]
    assert order == sorted(order, key=lambda one: (statuses.index(one[0]), one[1]))


def test_gaps_name_the_permissions_that_would_close_them() -> None:
    denied = next(group for group in build_view(runs.mixed_run()).gap_groups if group.kind == "denied")
    assert denied.permissions == ("ecr:DescribeRepositoryCreationTemplates", "ecr:GetRegistryPolicy")
    assert all(permission in denied.fix for permission in denied.permissions)
    assert denied.rows[0].places == ("100000000011/eu-west-1", "100000000011/us-east-1")


def test_change_tells_fixed_from_not_looked_at() -> None:
    run = runs.mixed_run()
    now = build_view(run)
    fingerprints = {check.text.id: check for check in now.checks}
    still = fingerprints["grants.replication-allowed"].open[0].fingerprint
    unknown = fingerprints["rules.required-link-present"].unknown[0].fingerprint
    waived = fingerprints["settings.tag-mutability"].waived[0].fingerprint
    gone = "f" * 16
    past = RunSummary(
        id="old",
        started_at=run.started_at - dt.timedelta(days=1),
        evidence_complete=True,
        open=dict.fromkeys((still, unknown, waived, gone), Severity.HIGH),
        locations={gone: FindingLocation("grants.replication-allowed", ((run.gaps[0].account, run.gaps[0].region),))},
    )
    change = build_view(run, [past]).change
    assert change is not None
    assert change.still == {still}
    assert change.waived == {waived}
    assert change.not_evaluated == {unknown, gone}
    assert len(change.new) == now.failures - 1
    assert "1 still open" in change.sentence
    whole = replace(run, gaps=(), coverage=replace(run.coverage, registries_unread=0))
    settled = build_view(whole, [past]).change
    assert settled is not None
    assert settled.fixed == {gone}
    assert settled.not_evaluated == {unknown}


def test_history_is_only_what_came_before() -> None:
    run = runs.green_run()
    past = [
        RunSummary(f"run{day}", run.started_at + dt.timedelta(days=day), evidence_complete=True, open={})
        for day in range(-12, 4)
    ]
    view = build_view(run, past)
    assert [point.started_at.day for point in view.trend] == list(range(18, 24))
    assert build_view(run).change is None
    assert build_view(run).trend == ()


def test_single_account_mode_has_words_too() -> None:
    view = build_view(replace(runs.green_run(), organization_id="", organization_name=""))
    assert view.organization == "Account 100000000001 (management)"
    assert view.scope[0] == "The account of the credentials"
