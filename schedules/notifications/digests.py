"""A summary of a schedule's jobs over a period: outcomes, trend of open failures, jobs without a run, evidence."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.store.summary import RunListEntry
from checks.model import Severity
from reports.sanitize import one_line
from reports.text import SEVERITY_WORDS, counted, day_text, listed, moment_text, number, sentence
from schedules.jobs.queue import Job, JobState

LISTED_RUNS = 10
"""Jobs without a run that are listed individually."""
LONGEST_REASON = 200
"""Characters of a reason."""

_OUTCOMES = {
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.MISSED: "missed",
    JobState.TIMED_OUT: "timed out",
    JobState.CANCELLED: "cancelled",
    JobState.COALESCED: "merged into another run",
}


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """One job of the period."""

    at: dt.datetime
    """When it was due; for a manual job, when it was requested."""
    state: JobState
    reason: str
    run: RunListEntry | None
    """None where there is no run, or it is no longer stored."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened in a period."""

    entries: tuple[DigestEntry, ...]
    """Oldest first."""

    @property
    def outcomes(self) -> Mapping[JobState, int]:
        """Jobs by outcome; only outcomes that occurred."""
        counts = Counter(entry.state for entry in self.entries)
        return {state: counts[state] for state in _OUTCOMES if counts[state]}

    @property
    def runs(self) -> tuple[RunListEntry, ...]:
        """Runs of the period, oldest first."""
        return tuple(entry.run for entry in self.entries if entry.run is not None)

    @property
    def without_run(self) -> tuple[DigestEntry, ...]:
        """Jobs that produced no run although one was due; those that were merged into another run are left out."""
        return tuple(entry for entry in self.entries if entry.state not in (JobState.DONE, JobState.COALESCED))

    @property
    def incomplete(self) -> int:
        """Runs whose evidence was incomplete."""
        return sum(1 for run in self.runs if not run.evidence_complete)

    @property
    def requirements_changed(self) -> int:
        """Runs whose requirements differ from those of the run before."""
        keys = [run.requirements for run in self.runs]
        return sum(1 for before, after in pairwise(keys) if before and after and before != after)

    def moved(self, sign: int) -> int:
        """By how much open failures rose (*sign* 1) or fell (-1) from run to run, summed over all severities.

        New and fixed failures of the same severity between the same two runs cancel out: a run's summary has only
        counts.
        """
        steps = (
            sign * (after.failing.get(severity, 0) - before.failing.get(severity, 0))
            for before, after in pairwise(self.runs)
            for severity in Severity
        )
        return sum(step for step in steps if step > 0)


def digest_of(lines: Sequence[RunListEntry], jobs: Sequence[Job]) -> Digest:
    """Summarize *jobs* of a schedule, in any order, with those of *lines* that are their runs."""
    by_id = {line.id: line for line in lines}
    entries = [
        DigestEntry(job.due_at or job.requested_at, job.state, job.reason, by_id.get(job.run))
        for job in jobs
        if job.state.ended
    ]
    return Digest(tuple(sorted(entries, key=lambda entry: entry.at)))


def digest_lines(digest: Digest) -> Iterator[str]:
    """The summary as lines of a message; a line that begins with two spaces is a detail of the line before."""
    if not digest.entries:
        yield "Digest: no job has ended since the last digest."
        return
    yield f"Digest: {counted(len(digest.entries), 'job', 'jobs')}, {period_text(digest)}."
    outcomes = [f"{number(count)} {_OUTCOMES[state]}" for state, count in digest.outcomes.items()]
    yield f"  Outcomes: {listed(outcomes)}."
    yield from _trend_lines(digest)
    if digest.incomplete:
        runs = counted(len(digest.runs), "run", "runs")
        yield f"  Evidence was incomplete in {number(digest.incomplete)} of {runs}."
    missing = digest.without_run
    for entry in missing[:LISTED_RUNS]:
        reason = one_line(entry.reason)[:LONGEST_REASON]
        why = sentence(reason or "no reason was recorded")
        yield f"  No run on {moment_text(entry.at)}, {_OUTCOMES[entry.state]}: {why}"
    if len(missing) > LISTED_RUNS:
        yield f"  and {counted(len(missing) - LISTED_RUNS, 'more job', 'more jobs')} without a run."


def period_text(digest: Digest) -> str:
    """`16 November 2026 to 22 November 2026`."""
    first, last = day_text(digest.entries[0].at), day_text(digest.entries[-1].at)
    return first if first == last else f"{first} to {last}"


def shift_text(digest: Digest, severity: Severity) -> str:
    """Open failures of one severity from the first run to the last, `5 → 3`; empty where there were none."""
    counts = [run.failing.get(severity, 0) for run in digest.runs]
    if not any(counts):
        return ""
    return number(counts[0]) if len(counts) == 1 else f"{number(counts[0])} → {number(counts[-1])}"


def _trend_lines(digest: Digest) -> Iterator[str]:
    if not digest.runs:
        return
    for severity in Severity:
        if shift := shift_text(digest, severity):
            counts = [run.failing.get(severity, 0) for run in digest.runs]
            bounds = f"maximum {number(max(counts))}, minimum {number(min(counts))}"
            yield f"  {SEVERITY_WORDS[severity]}: {shift} open ({bounds})."
    rose, fell = digest.moved(1), digest.moved(-1)
    if rose or fell:
        yield (
            f"  From run to run, open failures increased by {number(rose)} and decreased by {number(fell)} in total; "
            "new and fixed failures between the same two runs cancel out."
        )
    elif not any(run.failing.get(severity, 0) for run in digest.runs for severity in Severity):
        yield "  No run found an open failure among the check results that could be evaluated."
    elif len(digest.runs) > 1:
        yield "  The number of open failures did not change."
    if digest.requirements_changed:
        changes = counted(digest.requirements_changed, "time", "times")
        yield f"  The requirements changed {changes}: failures that are no longer required count as decreased."
