"""A message as JSON values: what webhooks receive.

docs/message.schema.json describes version 1; a change of the format gets another version.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from audit.model import Run
from audit.run_changes import is_open
from checks.model import Finding, Gap, Severity
from reports.text import stamp
from reports.view import ReportView
from schedules.jobs.queue import Job
from schedules.notifications.digests import Digest
from schedules.notifications.model import Decision, Event, NotificationContext
from schedules.notifications.run_changes import RunChanges
from schedules.notifications.sentences import short

VERSION = 1
MOST = 100
"""Maximum number of findings, and of evidence gaps, in a document."""
LONGEST = 500
"""Characters of a text from outside, without the ellipsis."""


def document_of(
    context: NotificationContext, decision: Decision, event: Event, changes: RunChanges | None, digest: Digest | None
) -> dict[str, Any]:
    """The document about *context*. Every key is always present; null and empty mean that there is nothing."""
    run, view = context.run, context.view
    return {
        "version": VERSION,
        "event": event.value,
        "reasons": [short(reason, LONGEST) for reason in decision.texts],
        "schedule": context.schedule or None,
        "job": _job(context.job),
        "run": _run(run) if run is not None else None,
        "organization": _organization(run, view or context.before_view),
        "verdict": _verdict(view) if view is not None else None,
        "counts": _counts(view) if view is not None else None,
        "change": _change(changes) if changes is not None else None,
        "findings": _findings(run, changes) if run is not None and changes is not None else [],
        "gaps": [_gap(gap) for gap in changes.gaps[:MOST]] if changes is not None else [],
        "digest": _digest(digest) if digest is not None else None,
        "link": context.link or None,
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state.value,
        "reason": short(job.reason, LONGEST) or None,
        "requested_by": short(job.requested_by, LONGEST),
        "due_at": _stamp(job.due_at),
        "started_at": _stamp(job.started_at),
        "finished_at": _stamp(job.finished_at),
        "attempts": job.attempts,
    }


def _stamp(moment: dt.datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "started_at": stamp(run.started_at),
        "finished_at": stamp(run.finished_at),
        "narrowed_to": short(run.selection.words, LONGEST) or None,
    }


def _organization(run: Run | None, view: ReportView | None) -> dict[str, Any] | None:
    if run is not None:
        name, identifier = run.organization_name, run.organization_id
        return {
            "id": short(identifier, LONGEST) or None,
            "name": short(name, LONGEST) or None,
            "account": run.caller_account,
        }
    return None if view is None else {"id": None, "name": short(view.organization, LONGEST), "account": None}


def _verdict(view: ReportView) -> dict[str, str]:
    return {
        "level": view.conclusion.level.value,
        "word": view.conclusion.word,
        "sentence": short(view.conclusion.sentence, 4 * LONGEST),
    }


def _counts(view: ReportView) -> dict[str, Any]:
    return {
        "open": {severity.value: view.open[severity] for severity in Severity},
        "waived": sum(view.waived.values()),
        "unknown": view.unknown,
        "check_errors": view.check_errors,
        "gaps": sum(group.count for group in view.gap_groups),
    }


def _change(changes: RunChanges) -> dict[str, Any]:
    return {
        "first": changes.first,
        "since": changes.since or None,
        "new": _by_severity(changes.new),
        "worse": _by_severity(changes.worse),
        "seen_again": len(changes.again),
        "fixed": len(changes.fixed),
        "no_longer_required": len(changes.no_longer_required),
        "waived": len(changes.waived),
        "not_evaluated": len(changes.not_evaluated),
        "gaps": len(changes.gaps),
        "unknown": changes.unknown_rows,
        "check_errors": len(changes.check_errors),
        "complete_again": changes.complete_again,
    }


def _by_severity(findings: Iterable[Finding]) -> dict[str, int]:
    counts = Counter(finding.severity for finding in findings)
    return {severity.value: counts[severity] for severity in Severity}


def _findings(run: Run, changes: RunChanges) -> list[dict[str, Any]]:
    rows = [("new", one) for one in (*changes.new, *changes.unexcused)] + [("worse", one) for one in changes.worse]
    rows.sort(key=lambda change: change[1].severity.rank)
    return [_finding(run, change, finding) for change, finding in rows[:MOST]]


def _finding(run: Run, change: str, finding: Finding) -> dict[str, Any]:
    name = run.account_names.get(finding.account, "")
    return {
        "change": change,
        "status": "fail" if is_open(finding) else "unknown",
        "fingerprint": finding.fingerprint,
        "check": short(finding.check, LONGEST),
        "severity": finding.severity.value,
        "account": short(finding.account, LONGEST) or None,
        "account_name": short(name, LONGEST) or None,
        "region": short(finding.region, LONGEST) or None,
        "resource": short(finding.resource, LONGEST),
        "message": short(finding.message, LONGEST),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "account": gap.account or None,
        "region": gap.region or None,
        "operation": short(gap.operation, LONGEST),
        "kind": gap.kind.value,
        "code": short(gap.code, LONGEST),
        "resource": short(gap.resource, LONGEST) or None,
        "permission": short(gap.permission, LONGEST) or None,
    }


def _digest(digest: Digest) -> dict[str, Any]:
    runs = digest.runs
    return {
        "from": stamp(digest.entries[0].at) if digest.entries else None,
        "to": stamp(digest.entries[-1].at) if digest.entries else None,
        "outcomes": {state.value: count for state, count in digest.outcomes.items()},
        "open_first": {one.value: runs[0].failing.get(one.value, 0) for one in Severity} if runs else None,
        "open_last": {one.value: runs[-1].failing.get(one.value, 0) for one in Severity} if runs else None,
        "rose": digest.moved(1),
        "fell": digest.moved(-1),
        "incomplete": digest.incomplete,
        "without_run": [
            {"at": stamp(entry.at), "state": entry.state.value, "reason": short(entry.reason, LONGEST) or None}
            for entry in digest.without_run[:MOST]
        ],
    }
