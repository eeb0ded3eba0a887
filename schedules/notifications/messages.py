"""The message of a notification, as plain sentences and as JSON values: changes, then totals, then a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from audit.model import Run
from checks.model import Severity
from reports.text import SEVERITY_WORDS, counted, number
from reports.verdict import open_text
from reports.view import ReportView
from schedules.jobs.queue import JobState
from schedules.notifications.digests import Digest, digest_lines, period_text, shift_text
from schedules.notifications.document import document_of
from schedules.notifications.html import html_of
from schedules.notifications.model import Decision, Event, Message, NotificationContext
from schedules.notifications.rules import BAD
from schedules.notifications.run_changes import RunChanges, run_changes
from schedules.notifications.sentences import (
    cancelled_line,
    change_lines,
    failure_lines,
    named,
    nothing_line,
    short,
    total_lines,
)

__all__ = ["LONGEST_SUBJECT", "LONGEST_TEXT", "compose", "html_of"]

LONGEST_SUBJECT = 150
LONGEST_TEXT = 20_000
"""Characters of a message's text."""
_LONGEST_PART = 9_500
"""Characters of the changes, and of the totals."""
_SERIOUS = (Severity.CRITICAL, Severity.HIGH)


def compose(context: NotificationContext, decision: Decision, digest: Digest | None = None) -> Message:
    """The message about *context* for a delivery that *decision* sends; *digest* where it says that one is due."""
    run, view = context.run, context.view
    changes = run_changes(run, view, context) if run is not None and view is not None else None
    event = decision.event
    totals = (
        total_lines(run, view, changes, context.now.date())
        if run is not None and view is not None and changes is not None
        else ()
    )
    return Message(
        subject=_subject(context, changes, event, digest),
        changed=_bounded(_changed(context, run, view, changes, digest)),
        totals=_bounded(totals),
        link=context.link,
        document=document_of(context, decision, event, changes, digest),
    )


def _changed(
    context: NotificationContext,
    run: Run | None,
    view: ReportView | None,
    changes: RunChanges | None,
    digest: Digest | None,
) -> Iterator[str]:
    if context.job.state is JobState.CANCELLED:
        yield cancelled_line(context.job)
    elif run is None or context.job.state in BAD:
        yield from failure_lines(context)
    elif context.before is not None and context.before.state in BAD:
        yield "This job produced a run; the previous one did not."
    if run is not None and view is not None and changes is not None:
        lines = tuple(change_lines(run, view, changes))
        yield from lines or (nothing_line(changes),)
    if digest is not None:
        yield from digest_lines(digest)


def _bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """As many of the lines as fit."""
    kept: list[str] = []
    room, left = _LONGEST_PART, 0
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            left += 1
        else:
            kept.append(line)
    return (*kept, f"{counted(left, 'more line is', 'more lines are')} not shown.") if left else tuple(kept)


def _subject(context: NotificationContext, changes: RunChanges | None, event: Event, digest: Digest | None) -> str:
    name = context.schedule or "manual run"
    run = context.run
    narrowed = ", narrowed to some checks" if run is not None and run.narrowed else ""
    text = f"[ecr-audit] {name}{narrowed}: {_headline(context, changes, event, digest)}"
    latest_view = context.view or context.before_view
    organization = (run.organization_name or run.organization_id) if run is not None else ""
    organization = organization or (latest_view.organization if latest_view is not None else "")
    suffix = f" ({named(organization, 48)})" if organization else ""
    return f"{short(text, LONGEST_SUBJECT - len(suffix) - 1)}{suffix}"


def _headline(context: NotificationContext, changes: RunChanges | None, event: Event, digest: Digest | None) -> str:
    if context.job.state is JobState.CANCELLED:
        return "cancelled"
    if event is Event.FAILED or changes is None or context.view is None:
        return _failed_headline(context)
    if event is Event.DIGEST and digest is not None and digest.entries:
        return _digest_headline(digest)
    clauses = list(_changes(changes))
    if changes.first:
        open_ = f"{open_text(context.view.open)} open" if context.view.failures else context.view.conclusion.word
        return f"first run, {open_}"
    if event is Event.GAPS:
        clauses = ["evidence gaps", *_evidence(changes, context.view), *clauses]
    elif event is Event.RECOVERED:
        return f"recovered, {', '.join([*_recovered(context, changes), *clauses])}"
    return ", ".join(clauses) or f"no changes, {context.view.conclusion.word}"


def _failed_headline(context: NotificationContext) -> str:
    words = {JobState.FAILED: "job failed", JobState.MISSED: "job missed", JobState.TIMED_OUT: "job timed out"}
    return f"no run, {words.get(context.job.state, 'stored run cannot be read')}"


def _digest_headline(digest: Digest) -> str:
    parts = [f"digest, {period_text(digest)}"]
    parts += [
        f"{SEVERITY_WORDS[severity].lower()} {shift}"
        for severity in _SERIOUS
        if (shift := shift_text(digest, severity))
    ]
    if digest.without_run:
        parts.append(f"{number(len(digest.without_run))} without a run")
    return ", ".join(parts)


def _changes(changes: RunChanges) -> Iterator[str]:
    counts = Counter(finding.severity for finding in changes.new)
    yield from (f"{number(counts[one])} new {SEVERITY_WORDS[one].lower()}" for one in _SERIOUS if counts[one])
    if lower := sum(counts[one] for one in Severity if one not in _SERIOUS):
        yield f"{number(lower)} new medium or lower"
    if changes.worse:
        yield f"{number(len(changes.worse))} more severe"
    if changes.fixed:
        yield f"{number(len(changes.fixed))} fixed"
    if changes.no_longer_required:
        yield f"{number(len(changes.no_longer_required))} no longer required"


def _evidence(changes: RunChanges, view: ReportView) -> Iterator[str]:
    if changes.gaps:
        yield f"{counted(len(changes.gaps), 'read', 'reads')} failed"
    if changes.unknown:
        yield f"{number(changes.unknown_rows)} unknown"
    if changes.check_errors:
        yield counted(len(changes.check_errors), "check error", "check errors")
    if not (changes.gaps or changes.unknown or changes.check_errors):
        yield view.conclusion.word


def _recovered(context: NotificationContext, changes: RunChanges) -> Iterator[str]:
    if context.before is not None and context.before.state in BAD:
        yield "a run was produced again"
    if changes.complete_again:
        yield "evidence complete"
