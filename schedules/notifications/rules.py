"""Who hears what: the rules of a delivery held against what is known when a job has ended.

Pure: the same values give the same decision. Each reason names its event, so that a receipt says why a message went
out; a silence has its reason too.
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
"""What was over so often among the runs of a trend, and came back, is not told again when it is over."""
_AGAIN = "the run before could not decide them."


def decide(notify_on: NotifyOn, context: NotificationContext, *, last_digest_at: dt.datetime | None) -> Decision:
    """Whether a delivery with the rules *notify_on* is made. *last_digest_at*: of its last digest, None: never."""
    job = context.job
    if not job.state.ended:
        return Decision((), suppressed="The job has not ended.")
    if job.state is JobState.COALESCED:
        return Decision((), suppressed="Another occasion stands for this one, and is told of by itself.")
    if job.kind is Kind.REPORT:
        return Decision((), suppressed="A report was made of an earlier run, which was told of when it ended.")
    changes = (
        run_changes(context.run, context.view, context)
        if context.run is not None and context.view is not None
        else None
    )
    reasons, silences = _held_against(notify_on, context, changes)
    digest = job.state is not JobState.CANCELLED and digest_is_due(notify_on, context, last_digest_at)
    if digest:
        reasons.append(Reason(Event.DIGEST, f"the {notify_on.digest} summary is due."))
    if notify_on.always:
        reasons.append(Reason(Event.REPORT, "this delivery is sent after every run."))
    if reasons:
        return Decision(tuple(reasons), digest=digest)
    return Decision((), suppressed=" ".join(silences))


def digest_is_due(notify_on: NotifyOn, context: NotificationContext, last_digest_at: dt.datetime | None) -> bool:
    """Whether a day, an ISO week or a month has begun, in UTC, since the last digest.

    Before the first digest, since the schedule's job before; there is none with a schedule's very first job.
    """
    since = last_digest_at or (moment_of(context.before) if context.before is not None else None)
    if notify_on.digest == "never" or not context.schedule or since is None:
        return False
    return _period(notify_on.digest, context.now) > _period(notify_on.digest, since)


def moment_of(job: Job) -> dt.datetime:
    """When the job had its outcome."""
    return job.finished_at or job.requested_at


def _period(digest: str, moment: dt.datetime) -> tuple[int, ...]:
    utc = moment.astimezone(dt.UTC)
    if digest == "weekly":
        return utc.isocalendar()[:2]
    return (utc.year, utc.month, utc.day) if digest == "daily" else (utc.year, utc.month)


def _held_against(
    notify_on: NotifyOn, context: NotificationContext, changes: RunChanges | None
) -> tuple[list[Reason], list[str]]:
    """Reasons to tell, and why each other thing that happened is not told."""
    reasons: list[Reason] = []
    silences: list[str] = []
    if context.job.state is JobState.CANCELLED:
        return [], [f"{_cancelled(context.job)} Whoever did that knows."]
    if context.job.state in BAD or changes is None:
        _failure(notify_on, context, reasons, silences)
    if changes is not None and context.view is not None:
        _findings(notify_on, changes, reasons, silences)
        _evidence(notify_on, changes, context.view, reasons, silences)
        _recovery(notify_on, context, changes, context.view, reasons, silences)
        if not silences:
            silences.append(_nothing(notify_on, changes, context.view))
    return reasons, silences


def _cancelled(job: Job) -> str:
    return f"The job was {one_line(job.reason) or 'cancelled'}."


def _failure(notify_on: NotifyOn, context: NotificationContext, reasons: list[Reason], silences: list[str]) -> None:
    words = state_sentence(context.job)
    if not (notify_on.failed or notify_on.always):
        silences.append(f"{sentence(words)} This delivery does not hear of jobs without a run.")
    elif _same_failure(context) and not notify_on.always:
        silences.append(f"{sentence(words)} So did the job before; while that lasts, it is told once a week.")
    else:
        reasons.append(Reason(Event.FAILED, words))


def state_sentence(job: Job) -> str:
    """What became of a job without a run."""
    words = {
        JobState.FAILED: "the job failed.",
        JobState.MISSED: "the run was missed.",
        JobState.TIMED_OUT: "the job took longer than its time limit and was ended.",
        JobState.DONE: "the job is done, and its run cannot be read.",
    }
    return words.get(job.state, f"the job ended as {job.state}.")


def _same_failure(context: NotificationContext) -> bool:
    """Whether the job before ended in the same way for the same reason, in the same ISO week (UTC)."""
    before, job = context.before, context.job
    if before is None or before.state is not job.state:
        return False
    weeks = {_period("weekly", moment_of(one)) for one in (before, job)}
    return len(weeks) == 1 and _gist(before.reason) == _gist(job.reason)


def _gist(reason: str) -> str:
    """A reason without what differs every night: ids, numbers, times."""
    return re.sub(r"[0-9a-fA-F]*[0-9][0-9a-fA-F]*", "#", reason)


def _findings(notify_on: NotifyOn, changes: RunChanges, reasons: list[Reason], silences: list[str]) -> None:
    new, unexcused = _at_least(notify_on, changes.new), _at_least(notify_on, changes.unexcused)
    if new:
        first = "the first run of the schedule; " if changes.first else ""
        reasons.append(Reason(Event.NEW, f"{first}{severities(new)} {be(len(new))} new."))
    elif changes.new:
        silences.append(f"{_below(notify_on, changes.new)} new.")
    if unexcused:
        count = counted(len(unexcused), "judgement is", "judgements are")
        reasons.append(Reason(Event.NEW, f"{count} undecided and covered by a waiver no longer."))
    if changes.again:
        silences.append(f"{counted(len(changes.again), 'failure is', 'failures are')} open as before; {_AGAIN}")
    worse = _at_least(notify_on, changes.worse)
    if worse and notify_on.worse:
        reasons.append(Reason(Event.WORSE, f"{severities(worse)} became more severe."))
    elif changes.worse:
        silences.append(
            f"{counted(len(changes.worse), 'failure', 'failures')} became more severe, {_why_not(notify_on)}."
        )


def _why_not(notify_on: NotifyOn) -> str:
    return "below what this delivery hears of" if notify_on.worse else "of which this delivery does not hear"


def _at_least(notify_on: NotifyOn, findings: Iterable[Finding]) -> list[Finding]:
    if notify_on.new == "never":
        return []
    loud = frozenset(severity for severity in Severity if severity.at_least(notify_on.new))
    return [finding for finding in findings if finding.severity in loud]


def _below(notify_on: NotifyOn, findings: Iterable[Finding]) -> str:
    count = len(tuple(findings))
    limit = "whatever its severity" if notify_on.new == "never" else f"below {notify_on.new}"
    return f"{counted(count, 'failure', 'failures')} {limit} {be(count)}"


def severities(findings: Iterable[Finding]) -> str:
    """`2 critical and 1 high failure`."""
    counts = Counter(finding.severity for finding in findings)
    return open_text({severity: counts[severity] for severity in Severity})


def _evidence(
    notify_on: NotifyOn, changes: RunChanges, view: ReportView, reasons: list[Reason], silences: list[str]
) -> None:
    told = list(_missing(changes, view))
    if told and notify_on.gaps:
        reasons.append(Reason(Event.GAPS, f"{listed(told)}."))
    elif told:
        silences.append(f"This delivery does not hear of missing evidence: {listed(told)}.")


def _missing(changes: RunChanges, view: ReportView) -> Iterator[str]:
    if changes.gaps:
        titles = listed([group.title.lower() for group in group_gaps(changes.gaps)])
        yield f"{counted(len(changes.gaps), 'read', 'reads')} did not succeed ({titles})"
    if changes.unknown:
        yield f"{counted(len(changes.unknown), 'judgement is', 'judgements are')} undecided"
    if changes.broken:
        yield f"{counted(len(changes.broken), 'check', 'checks')} broke"
    if changes.newly_unread:
        yield f"{counted(len(changes.newly_unread), 'registry is', 'registries are')} missing from the result"
    level = view.conclusion.level
    if level is VerdictLevel.NOTHING and changes.was_level is not level:
        yield "nothing could be judged"


def _recovery(
    notify_on: NotifyOn,
    context: NotificationContext,
    changes: RunChanges,
    view: ReportView,
    reasons: list[Reason],
    silences: list[str],
) -> None:
    steady: list[str] = []
    flapping: list[str] = []
    for over, flaps in _over(notify_on, context, changes, view):
        (flapping if flaps else steady).append(over)
    if not notify_on.recovery and (steady or flapping):
        silences.append(f"This delivery does not hear of recoveries: {listed(steady + flapping)}.")
        return
    if steady:
        reasons.append(Reason(Event.RECOVERED, f"{listed(steady)}."))
    if flapping:
        silences.append(f"{sentence(listed(flapping))} That was so {FLAPS} times lately and did not last.")


def _over(
    notify_on: NotifyOn, context: NotificationContext, changes: RunChanges, view: ReportView
) -> Iterator[tuple[str, bool]]:
    """What these rules told as bad of the run before and is over; with each, whether it comes and goes."""
    past = view.trend[:-1]
    if (
        notify_on.failed
        and context.before is not None
        and context.before.state in BAD
        and context.job.state is JobState.DONE
    ):
        yield "there is a run again", False
    if notify_on.new != "never":
        told = frozenset(severity for severity in Severity if severity.at_least(notify_on.new))
        bad = {mark for mark, severity in changes.was_open.items() if severity in told}
        if bad and bad <= changes.fixed and not any(view.open[severity] for severity in told):
            fixed = counted(len(bad), "failure is", "failures are")
            flaps = _ends([any(point.open[severity] for severity in told) for point in past]) >= FLAPS
            yield f"{fixed} fixed, and none at or above {notify_on.new} is open", flaps
    if notify_on.gaps and changes.complete_again:
        yield "the evidence is complete again", _ends([not point.evidence_complete for point in past]) >= FLAPS
    elif notify_on.gaps and changes.gaps_over:
        # Few organizations are ever read completely: whoever was told of a gap hears that this one is closed.
        yield (
            f"{counted(changes.gaps_over, 'read that failed no longer does', 'reads that failed no longer do')}",
            False,
        )


def _ends(bad: list[bool]) -> int:
    """How often something bad was over in the next run."""
    return sum(1 for before, after in pairwise(bad) if before and not after)


def _nothing(notify_on: NotifyOn, changes: RunChanges, view: ReportView) -> str:
    limit = "" if notify_on.new == "never" else f" at or above {SEVERITY_WORDS[notify_on.new].lower()}"
    if changes.first:
        return f"The first run, and nothing{limit} is open."
    return f"Nothing new{limit} and nothing that is over; the verdict is: {view.conclusion.word}."
