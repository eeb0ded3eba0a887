"""Which deliveries are notified: the `notify_on` rules of a delivery, applied to the context of an ended job.

Pure: the same values give the same decision. Each reason names its event, so that a receipt says why a message was
sent; a suppressed notification has its reason, too.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from checks.model import Finding, Severity
from reports.gap_groups import group_gaps
from reports.sanitize import one_line
from reports.text import SEVERITY_WORDS, be, counted, listed, sentence
from reports.verdict import VerdictLevel, open_text
from reports.view import ReportView
from schedules.jobs.queue import Job, JobState, Kind
from schedules.notifications.model import Decision, Event, NotificationContext, Reason
from schedules.notifications.notify_on import NotifyOn
from schedules.notifications.run_changes import RunChanges, run_changes

BAD = (JobState.FAILED, JobState.MISSED, JobState.TIMED_OUT)
"""Outcomes without a run."""
FLAPS = 2
"""A recovery that was followed by a relapse this often within a trend is not notified again."""


def decide(notify_on: NotifyOn, context: NotificationContext, *, last_digest_at: dt.datetime | None) -> Decision:
    """Whether a delivery with the rules *notify_on* is sent. *last_digest_at*: time of its last digest, None: never."""
    job = context.job
    if not job.state.ended:
        return Decision((), suppressed="The job has not ended.")
    if job.state is JobState.COALESCED:
        return Decision((), suppressed="This job was merged into another run, which has its own notification.")
    if job.kind is Kind.REPORT:
        return Decision(
            (), suppressed="The job rendered a report of an earlier run; that run had its own notification."
        )
    changes = (
        run_changes(context.run, context.view, context)
        if context.run is not None and context.view is not None
        else None
    )
    reasons, suppressions = _apply_rules(notify_on, context, changes)
    digest = job.state is not JobState.CANCELLED and digest_is_due(notify_on, context, last_digest_at)
    if digest:
        reasons.append(Reason(Event.DIGEST, f"the {notify_on.digest} digest is due."))
    if notify_on.always:
        reasons.append(Reason(Event.REPORT, "this delivery is sent after every run (`always`)."))
    if reasons:
        return Decision(tuple(reasons), digest=digest)
    return Decision((), suppressed=" ".join(suppressions))


def digest_is_due(notify_on: NotifyOn, context: NotificationContext, last_digest_at: dt.datetime | None) -> bool:
    """Whether a day, an ISO week or a month has begun, in UTC, since the last digest.

    Before the first digest, since the schedule's previous job; a schedule's first job has no digest.
    """
    since = last_digest_at or (moment_of(context.before) if context.before is not None else None)
    if notify_on.digest == "never" or not context.schedule or since is None:
        return False
    return _period(notify_on.digest, context.now) > _period(notify_on.digest, since)


def moment_of(job: Job) -> dt.datetime:
    """When the job ended."""
    return job.finished_at or job.requested_at


def _period(digest: str, moment: dt.datetime) -> tuple[int, ...]:
    utc = moment.astimezone(dt.UTC)
    if digest == "weekly":
        return utc.isocalendar()[:2]
    return (utc.year, utc.month, utc.day) if digest == "daily" else (utc.year, utc.month)


def _apply_rules(
    notify_on: NotifyOn, context: NotificationContext, changes: RunChanges | None
) -> tuple[list[Reason], list[str]]:
    """Reasons for the notification, and why each other change is not notified."""
    reasons: list[Reason] = []
    suppressions: list[str] = []
    if context.job.state is JobState.CANCELLED:
        return [], [f"{_cancelled(context.job)} Cancelled jobs are not notified."]
    if context.job.state in BAD or changes is None:
        _failure(notify_on, context, reasons, suppressions)
    if changes is not None and context.view is not None:
        _findings(notify_on, changes, reasons, suppressions)
        _evidence(notify_on, changes, context.view, reasons, suppressions)
        _recovery(notify_on, context, changes, context.view, reasons, suppressions)
        if not suppressions:
            suppressions.append(_nothing(notify_on, changes, context.view))
    return reasons, suppressions


def _cancelled(job: Job) -> str:
    return f"The job was {one_line(job.reason) or 'cancelled'}."


def _failure(notify_on: NotifyOn, context: NotificationContext, reasons: list[Reason], suppressions: list[str]) -> None:
    words = state_sentence(context.job)
    if not (notify_on.failed or notify_on.always):
        suppressions.append(f"{sentence(words)} This delivery is not notified of jobs without a run (`failed: false`).")
    elif _same_failure(context) and not notify_on.always:
        suppressions.append(
            f"{sentence(words)} The previous job ended in the same way; a repeated failure is notified once a week."
        )
    else:
        reasons.append(Reason(Event.FAILED, words))


def state_sentence(job: Job) -> str:
    """The outcome of a job without a run, as a sentence."""
    words = {
        JobState.FAILED: "the job failed.",
        JobState.MISSED: "the run was missed.",
        JobState.TIMED_OUT: "the job exceeded its time limit and was stopped.",
        JobState.DONE: "the job succeeded, but its stored run cannot be read.",
    }
    return words.get(job.state, f"the job ended as {job.state}.")


def _same_failure(context: NotificationContext) -> bool:
    """Whether the previous job ended in the same way for the same reason, in the same ISO week (UTC)."""
    before, job = context.before, context.job
    if before is None or before.state is not job.state:
        return False
    weeks = {_period("weekly", moment_of(one)) for one in (before, job)}
    return len(weeks) == 1 and _without_numbers(before.reason) == _without_numbers(job.reason)


def _without_numbers(reason: str) -> str:
    """A reason without what differs from run to run: ids, numbers, times."""
    return re.sub(r"[0-9a-fA-F]*[0-9][0-9a-fA-F]*", "#", reason)


def _findings(notify_on: NotifyOn, changes: RunChanges, reasons: list[Reason], suppressions: list[str]) -> None:
    new, unexcused = _at_least(notify_on, changes.new), _at_least(notify_on, changes.unexcused)
    if new:
        first = "first run of the schedule; " if changes.first else ""
        reasons.append(Reason(Event.NEW, f"{first}{severities(new)} {be(len(new))} new."))
    elif changes.new:
        suppressions.append(f"{_below(notify_on, changes.new)} new.")
    if unexcused:
        count = counted(sum(one.rows for one in unexcused), "check result is", "check results are")
        reasons.append(Reason(Event.NEW, f"{count} unknown and no longer covered by a waiver."))
    if changes.again:
        count = counted(len(changes.again), "failure that was", "failures that were")
        suppressions.append(f"{count} unknown in the previous run {be(len(changes.again))} still open.")
    worse = _at_least(notify_on, changes.worse)
    if worse and notify_on.worse:
        reasons.append(Reason(Event.WORSE, f"{severities(worse)} became more severe."))
    elif changes.worse:
        suppressions.append(
            f"{counted(len(changes.worse), 'failure', 'failures')} became more severe, {_why_not(notify_on)}."
        )


def _why_not(notify_on: NotifyOn) -> str:
    if not notify_on.worse:
        return "of which this delivery is not notified (`worse: false`)"
    return f"all below the severity that this delivery is notified of (`new: {notify_on.new}`)"


def _at_least(notify_on: NotifyOn, findings: Iterable[Finding]) -> list[Finding]:
    if notify_on.new == "never":
        return []
    notified = frozenset(severity for severity in Severity if severity.at_least(notify_on.new))
    return [finding for finding in findings if finding.severity in notified]


def _below(notify_on: NotifyOn, findings: Iterable[Finding]) -> str:
    count = len(tuple(findings))
    limit = "(`new: never`)" if notify_on.new == "never" else f"below {notify_on.new}"
    return f"{counted(count, 'failure', 'failures')} {limit} {be(count)}"


def severities(findings: Iterable[Finding]) -> str:
    """`2 critical and 1 high failure`."""
    counts = Counter(finding.severity for finding in findings)
    return open_text({severity: counts[severity] for severity in Severity})


def _evidence(
    notify_on: NotifyOn, changes: RunChanges, view: ReportView, reasons: list[Reason], suppressions: list[str]
) -> None:
    missing = list(_missing(changes, view))
    if missing and notify_on.gaps:
        reasons.append(Reason(Event.GAPS, f"{listed(missing)}."))
    elif missing:
        suppressions.append(f"This delivery is not notified of evidence gaps (`gaps: false`): {listed(missing)}.")


def _missing(changes: RunChanges, view: ReportView) -> Iterator[str]:
    if changes.gaps:
        titles = listed([group.title.lower() for group in group_gaps(changes.gaps)])
        yield f"{counted(len(changes.gaps), 'read', 'reads')} failed ({titles})"
    if changes.unknown:
        yield f"{counted(changes.unknown_rows, 'check result is', 'check results are')} unknown"
    if changes.check_errors:
        yield f"{counted(len(changes.check_errors), 'check', 'checks')} ended with an error"
    if changes.newly_unread:
        yield f"{counted(len(changes.newly_unread), 'registry is', 'registries are')} missing from the result"
    level = view.conclusion.level
    if level is VerdictLevel.NOTHING and changes.was_level is not level:
        yield "no check could be evaluated"


def _recovery(
    notify_on: NotifyOn,
    context: NotificationContext,
    changes: RunChanges,
    view: ReportView,
    reasons: list[Reason],
    suppressions: list[str],
) -> None:
    steady: list[str] = []
    flapping: list[str] = []
    for recovery, flaps in _recoveries(notify_on, context, changes, view):
        (flapping if flaps else steady).append(recovery)
    if not notify_on.recovery and (steady or flapping):
        suppressions.append(
            f"This delivery is not notified of recoveries (`recovery: false`): {listed(steady + flapping)}."
        )
        return
    if steady:
        reasons.append(Reason(Event.RECOVERED, f"{listed(steady)}."))
    if flapping:
        suppressions.append(
            f"{sentence(listed(flapping))} Not notified: it recovered {FLAPS} or more times recently and failed again."
        )


def _recoveries(
    notify_on: NotifyOn, context: NotificationContext, changes: RunChanges, view: ReportView
) -> Iterator[tuple[str, bool]]:
    """What these rules notified of the previous run and is resolved now; with each, whether it is flapping."""
    past = view.trend[:-1]
    if (
        notify_on.failed
        and context.before is not None
        and context.before.state in BAD
        and context.job.state is JobState.DONE
    ):
        yield "a run was produced again", False
    if notify_on.new != "never":
        notified = frozenset(severity for severity in Severity if severity.at_least(notify_on.new))
        bad = {mark for mark, severity in changes.was_open.items() if severity in notified}
        if bad and bad <= changes.fixed and not any(view.open[severity] for severity in notified):
            fixed = counted(len(bad), "failure is", "failures are")
            flaps = _ends([any(point.open[severity] for severity in notified) for point in past]) >= FLAPS
            yield f"{fixed} fixed, and none at or above {notify_on.new} is open", flaps
    if notify_on.gaps and changes.complete_again:
        yield "the evidence is complete again", _ends([not point.evidence_complete for point in past]) >= FLAPS
    elif notify_on.gaps and changes.gaps_over:
        # Few organizations are ever read completely: a receiver of a gap is notified when that gap is closed.
        yield (
            f"{counted(changes.gaps_over, 'read that failed succeeds again', 'reads that failed succeed again')}",
            False,
        )


def _ends(bad: list[bool]) -> int:
    """How often a problem was resolved in the next run."""
    return sum(1 for before, after in pairwise(bad) if before and not after)


def _nothing(notify_on: NotifyOn, changes: RunChanges, view: ReportView) -> str:
    limit = "" if notify_on.new == "never" else f" at or above {SEVERITY_WORDS[notify_on.new].lower()}"
    if changes.first:
        return f"First run of the schedule; no failure{limit} is open."
    return f"No new failure{limit} and no recovery; the verdict is: {view.conclusion.word}."
