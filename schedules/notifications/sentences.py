"""The lines of a message: plain text, bounded, names sanitized. A line with two leading spaces is a detail line."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from audit.model import Run
from checks.model import Finding, Severity
from reports.breakdown import is_waived
from reports.gap_groups import GapGroup, group_gaps
from reports.sanitize import one_line
from reports.text import SEVERITY_MARKS, SEVERITY_WORDS, counted, listed, moment_text, number, sentence
from reports.verdict import open_text
from reports.view import ReportView
from schedules.jobs.queue import Job, JobState
from schedules.notifications.model import NotificationContext
from schedules.notifications.rules import BAD, moment_of, state_sentence
from schedules.notifications.run_changes import RunChanges

LISTED = 10
"""Findings that are listed individually."""
FEW = 5
"""Entries of any other list."""
PLACES = 3
"""Registries that are listed for one reason of evidence gaps."""
LONGEST_NAME = 160
"""Characters of a name from outside."""
LONGEST_REASON = 1_000
"""Characters of a job's reason."""
WAIVER_DAYS = 14
"""Waivers are listed this many days before they expire."""

_ADVICE = {
    JobState.FAILED: "Fix the cause, then run it with `{command}`.",
    JobState.MISSED: "It is not started automatically any more; run it with `{command}`.",
    JobState.TIMED_OUT: (
        "Raise the schedule's `time_limit_minutes` or narrow its `scope`, then run it with `{command}`."
    ),
    JobState.DONE: "Check the stored runs with `ecr-audit store verify`; make a new run with `{command}`.",
}


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """Text from outside on one line, control characters made visible, at most *longest* characters and an ellipsis."""
    line = one_line(text[: 2 * longest])
    return line if max(len(line), len(text) - longest) <= longest else f"{line[:longest]}…"


def named(text: str, longest: int = LONGEST_NAME) -> str:
    """A name from outside: as `short`, with word joiners so that mail clients do not turn URLs in it into links."""
    return short(text, longest).replace("://", ":\u2060//").replace("www.", "www\u2060.")


def failure_lines(context: NotificationContext) -> Iterator[str]:
    """The outcome of a job without a run, its times, and what to do next."""
    job = context.job
    what, reason = sentence(state_sentence(job)), short(job.reason, LONGEST_REASON)
    yield f"{what.removesuffix('.')}: {sentence(reason)}" if reason else what
    yield f"  {_when(job)}"
    before = context.before
    if before is not None and before.state in BAD:
        ended = moment_text(moment_of(before))
        yield f"  The previous job produced no run either, on {ended}: {state_sentence(before)}"
    elif before is not None:
        yield f"  The previous job produced a run, on {moment_text(moment_of(before))}."
    yield "  Nothing was evaluated: failures may have been fixed or may have appeared since the last run."
    yield f"  {_ADVICE.get(job.state, _ADVICE[JobState.FAILED]).format(command=_command(context))}"
    if context.schedule:
        yield f"  `ecr-audit schedule next {context.schedule}` shows when it is due again."


def cancelled_line(job: Job) -> str:
    """That a job was cancelled, and by which user."""
    return sentence(f"The job was {short(job.reason) or 'cancelled'}")


def _command(context: NotificationContext) -> str:
    return f"ecr-audit schedule run {context.schedule}" if context.schedule else "ecr-audit run"


def _when(job: Job) -> str:
    parts = [f"it was due on {moment_text(job.due_at)}"] if job.due_at else []
    parts.append(f"started on {moment_text(job.started_at)}" if job.started_at else "was never started")
    if job.finished_at and job.started_at:
        parts.append(f"ended on {moment_text(job.finished_at)}")
    if job.attempts > 1:
        parts.append(f"was attempted {number(job.attempts)} times")
    text = listed(parts)
    return sentence(text if job.due_at else f"it {text}").replace("it ", "It ", 1)


def change_lines(run: Run, view: ReportView, changes: RunChanges) -> Iterator[str]:
    """What changed: new failures, severity, evidence, fixed failures, waivers."""
    yield from _new_lines(run, changes)
    if changes.worse:
        yield f"More severe than before: {_severities(changes.worse)}."
        yield from finding_lines(run, changes.worse, was=changes.was_open)
    yield from evidence_lines(run, changes)
    yield from _fixed_lines(run, view, changes)
    if changes.waived:
        yield f"Now waived: {counted(len(changes.waived), 'failure', 'failures')}."


def _new_lines(run: Run, changes: RunChanges) -> Iterator[str]:
    if changes.first:
        yield "First run of this schedule: every open failure counts as new."
    if changes.new:
        yield f"New: {_severities(changes.new)}."
        yield from finding_lines(run, changes.new)
    if changes.unexcused:
        count = counted(sum(one.rows for one in changes.unexcused), "check result", "check results")
        yield f"Unknown, and no longer covered by a waiver: {count}."
        yield from finding_lines(run, changes.unexcused)
    if changes.again:
        yield f"Still open, after a run in which they were unknown: {_severities(changes.again)}."
        yield from finding_lines(run, changes.again)


def _severities(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    return open_text({severity: counts[severity] for severity in Severity})


def finding_lines(
    run: Run, findings: Sequence[Finding], limit: int = LISTED, *, was: Mapping[str, Severity] | None = None
) -> Iterator[str]:
    """One line per finding, the most severe first; the rest is counted. *was*: earlier severities by fingerprint."""
    ordered = sorted(findings, key=lambda finding: finding.severity.rank)
    for finding in ordered[:limit]:
        yield f"  {finding_line(run, finding, (was or {}).get(finding.fingerprint))}"
    if left := ordered[limit:]:
        counts = Counter(finding.severity for finding in left)
        words = [f"{number(counts[one])} {SEVERITY_WORDS[one].lower()}" for one in Severity if counts[one]]
        yield f"  and {number(len(left))} more: {listed(words)}."


def finding_line(run: Run, finding: Finding, was: Severity | None = None) -> str:
    """`▲ High (was low): check, account (name), Region, resource`."""
    parts = [named(finding.check), account_text(run, finding.account), named(finding.region), named(finding.resource)]
    mark, word = SEVERITY_MARKS[finding.severity], SEVERITY_WORDS[finding.severity]
    before = f" (was {SEVERITY_WORDS[was].lower()})" if was is not None else ""
    return f"{mark} {word}{before}: {', '.join(part for part in parts if part)}"


def account_text(run: Run, account: str) -> str:
    """An account with its name."""
    name = run.account_names.get(account, "")
    return f"{account} ({named(name, 64)})" if name else named(account)


def evidence_lines(run: Run, changes: RunChanges) -> Iterator[str]:
    """Evidence gaps that the previous run did not have, with what would close them."""
    if changes.gaps:
        heading = "Evidence gaps" if changes.was_level is None else "New evidence gaps"
        yield f"{heading}: {counted(len(changes.gaps), 'failed read', 'failed reads')}."
        groups = group_gaps(changes.gaps)
        for group in groups[:FEW]:
            yield f"  {_gap_line(group)}"
        if len(groups) > FEW:
            yield f"  and {counted(len(groups) - FEW, 'more reason', 'more reasons')}."
    if changes.unknown:
        checks = sorted({named(finding.check) for finding in changes.unknown})
        more = f" and {number(len(checks) - PLACES)} more" if len(checks) > PLACES else ""
        count = counted(changes.unknown_rows, "check result", "check results")
        yield f"Newly unknown, although no read failed: {count} of {', '.join(checks[:PLACES])}{more}."
    if changes.check_errors:
        count = counted(len(changes.check_errors), "check", "checks")
        yield f"{count} ended with an error: {_some(changes.check_errors)}."
    if changes.newly_unread:
        yield (
            f"Planned, but missing from the result without a reason: "
            f"{_some([str(one) for one in changes.newly_unread])}."
        )
    if changes.not_evaluated:
        count = counted(len(changes.not_evaluated), "failure", "failures")
        yield f"Open before, and not evaluated in this run: {count}."


def _some(names: Sequence[str]) -> str:
    more = [counted(len(names) - FEW, "more", "more")] if len(names) > FEW else []
    return listed([*(named(name) for name in names[:FEW]), *more])


def _gap_line(group: GapGroup) -> str:
    places = sorted({place for row in group.rows for place in row.places})
    more = [counted(len(places) - PLACES, "other place", "other places")] if len(places) > PLACES else []
    operations = _some(sorted({row.operation for row in group.rows}))
    where = listed([*(named(place) for place in places[:PLACES]), *more])
    return f"{group.title}: {operations} in {where}. {named(group.fix, 2 * LONGEST_NAME)}"


def _fixed_lines(run: Run, view: ReportView, changes: RunChanges) -> Iterator[str]:
    if changes.fixed:
        yield f"Fixed: {counted(len(changes.fixed), 'failure', 'failures')}."
        yield from finding_lines(run, changes.fixed_findings, FEW)
    if changes.no_longer_required:
        count = counted(len(changes.no_longer_required), "failure", "failures")
        yield f"No longer required, and perhaps still there, because what is asked has changed: {count}."
    if changes.complete_again:
        yield f"Evidence is complete again. {view.coverage[1]}"


def total_lines(run: Run, view: ReportView, changes: RunChanges, today: dt.date) -> Iterator[str]:
    """The totals of the run: verdict, coverage, waivers that expire soon."""
    yield f"{view.conclusion.mark} {view.conclusion.word}: {short(view.conclusion.sentence, LONGEST_REASON)}"
    if changes.change is not None:
        yield changes.change.sentence
    yield short(" ".join(view.coverage), LONGEST_REASON)
    yield from _ending_waivers(view, today)
    organization = named(view.organization)
    yield f"Run {short(run.id)} of {moment_text(run.started_at)}, {organization}."


def _ending_waivers(view: ReportView, today: dt.date) -> Iterator[str]:
    ending: Counter[tuple[str, str, str]] = Counter()
    for finding in view.findings:
        if is_waived(finding) and (waiver := finding.waiver) and days_left(waiver.until, today) <= WAIVER_DAYS:
            ending[waiver.until, waiver.owner, waiver.reason] += 1
    if not ending:
        return
    waivers = sorted(ending)
    yield f"{counted(len(waivers), 'waiver expires', 'waivers expire')} within {WAIVER_DAYS} days:"
    for until, owner, reason in waivers[:FEW]:
        count = counted(ending[until, owner, reason], "failure", "failures")
        yield f"  until {until}, {count}, {named(owner)}: {named(reason)}"
    if len(waivers) > FEW:
        yield f"  and {number(len(waivers) - FEW)} more."


def days_left(until: str, today: dt.date) -> int:
    """Days until a waiver's last day."""
    return (dt.date.fromisoformat(until) - today).days


def nothing_line(changes: RunChanges) -> str:
    """That nothing changed."""
    return f"No changes since the run of {changes.since}." if changes.since else "No failure is open."
