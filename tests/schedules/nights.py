"""Nights of a schedule without AWS: jobs, runs, and the facts about them, with views as the product makes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from audit.model import Age, Coverage, Run, RunSummary
from audit.questions import asked_by, compared_with
from audit.run_changes import is_open
from audit.store.summary import summarize
from audit.visibility import location_of
from checks.model import Finding, Gap, GapKind, Severity, Status, WaiverMark
from reports.view import ReportView, build_view
from schedules.jobs.queue import Job, JobState, Kind
from schedules.notifications.model import NotificationContext
from tests.reports.making import finding, link, replica, result, run_of

FIRST = dt.datetime(2026, 11, 2, 2, 30, tzinfo=dt.UTC)
"""A Monday."""
GRANTS, TAGS, IMAGES = "grants.replication-allowed", "settings.tag-mutability", "coverage.images-present"
CHECKS = (GRANTS, TAGS, IMAGES)
PAYMENTS, SEARCH, VAULT = "100000000003", "100000000005", "100000000009"
LINK = "https://audit.example.com/runs/1"
WAIVER = WaiverMark("Until the vault is moved", "platform@example.com", "2026-12-31")


def at(night: int) -> dt.datetime:
    """When a night is due; the first is number 1."""
    return FIRST + dt.timedelta(days=night - 1)


def problem(
    number: int,
    severity: Severity = Severity.HIGH,
    *,
    check: str = GRANTS,
    status: Status = Status.FAIL,
    waiver: WaiverMark | None = None,
) -> Finding:
    """The problem with that number: the same number is the same fingerprint, whatever becomes of it."""
    key = link(f"{number:012d}", "eu-central-1") if check == GRANTS else replica(f"r{number}", PAYMENTS, "eu-central-1")
    return finding(check, severity, key, "something is not as it should be", status=status, waiver=waiver)


def gap(account: str = SEARCH, kind: GapKind = GapKind.DENIED, operation: str = "ecr:GetRegistryPolicy") -> Gap:
    """A read that failed."""
    return Gap(account, "eu-west-1", operation, kind, "SomeException", "no", ("links",), "", operation)


def night_run(
    night: int, findings: Iterable[Finding] = (), gaps: Iterable[Gap] = (), *, broken: str = "", **changes: Any
) -> Run:
    """The run of a night: three checks, of which *broken* broke."""
    found = tuple(findings)
    results = []
    for check in CHECKS:
        if check == broken:
            error = finding(check, Severity.HIGH, {}, "KeyError: 'x'", status=Status.ERROR)
            results.append(result(check, [error], error="KeyError: 'x'"))
        else:
            results.append(result(check, [one for one in found if one.check == check], passed=20))
    missing = tuple(gaps)
    places = len({(one.account, one.region) for one in missing})
    run = run_of(
        results, gaps=missing, coverage=Coverage(12, 12, 48, 48 - places, places, 0, 150), validations=(), documents={}
    )
    moment = at(night)
    return replace(
        run,
        id=f"{moment:%Y%m%dT%H%M%SZ}-{night:06x}",
        started_at=moment,
        finished_at=moment + dt.timedelta(minutes=4),
        **changes,
    )


def summary(run: Run, later: Run | None = None) -> RunSummary:
    """What the store's history has of a run, for the report of a *later* one."""
    earlier = compared_with(asked_by(run), later) if later is not None else None
    marks = {one.fingerprint: one.severity for one in run.findings if is_open(one)}
    return summarize(run).as_summary(
        marks, {one.fingerprint: location_of(one) for one in run.findings if is_open(one)}, earlier
    )


def view_of(run: Run, past: Iterable[Run] = (), ages: Mapping[str, Age] | None = None) -> ReportView:
    """The view of a run after *past*."""
    return build_view(run, [summary(one, run) for one in past], ages)


def night_job(night: int, state: JobState = JobState.DONE, reason: str = "", *, run: str = "", **changes: Any) -> Job:
    """The job of a night."""
    due = at(night)
    ran = state is not JobState.MISSED
    job = Job(
        id=f"{due:%Y%m%dT%H%M%SZ}-{night:06x}", kind=Kind.AUDIT, schedule="nightly", due_at=due, requested_at=due,
        requested_by="schedule", request={}, state=state, reason=reason, run=run, started_at=due if ran else None,
        finished_at=due + dt.timedelta(minutes=5), attempts=1 if ran else 0, note="", done=0, total=0,
        cancel_requested_by="", holder="",
    )  # fmt: skip
    return replace(job, **changes)


def notification_context(
    run: Run | None,
    past: Iterable[Run] = (),
    *,
    job: Job | None = None,
    before: Job | None = None,
    ages: Mapping[str, Age] | None = None,
) -> NotificationContext:
    """Facts about a night after the nights *past*, oldest first."""
    earlier = tuple(past)
    night = (run.started_at - FIRST).days + 1 if run is not None else len(earlier) + 1
    job = job or night_job(night, run=run.id if run is not None else "")
    if before is None and earlier:
        before = night_job((earlier[-1].started_at - FIRST).days + 1, run=earlier[-1].id)
    return NotificationContext(
        job=job,
        schedule=job.schedule,
        run=run,
        view=view_of(run, earlier, ages) if run is not None else None,
        before=before,
        before_view=view_of(earlier[-1], earlier[:-1]) if run is not None and earlier else None,
        link=LINK,
        now=job.finished_at or job.requested_at,
    )
