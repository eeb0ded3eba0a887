"""A summary of a schedule's jobs over a period: outcomes, trend of open failures, nights without a run, evidence."""

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
"""Jobs without a run that are told one by one."""
LONGEST_REASON = 200
"""Characters of a reason."""

_OUTCOMES = {
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.MISSED: "missed",
    JobState.TIMED_OUT: "ended by their time limit",
    JobState.CANCELLED: "cancelled",
    JobState.COALESCED: "stood for by another occasion",
}


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """One job of the period, whatever hour it was due."""

    at: dt.datetime
    """When it was due; for one by hand, when it was asked for."""
    state: JobState
    reason: str
    run: RunListEntry | None
    """None where there is no run, or it is kept no longer."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened in a period."""

    entries: tuple[DigestEntry, ...]
    """Oldest first."""

    @property
    def outcomes(self) -> Mapping[JobState, int]:
        """Jobs by outcome; only outcomes that occurred."""
        counts = Counter(night.state for night in self.entries)
        return {state: counts[state] for state in _OUTCOMES if counts[state]}

    @property
    def runs(self) -> tuple[RunListEntry, ...]:
        """Runs of the period, oldest first."""
        return tuple(night.run for night in self.entries if night.run is not None)

    @property
    def without_run(self) -> tuple[DigestEntry, ...]:
        """Jobs that made no run although one was due; those that another occasion stands for are left out."""
        return tuple(night for night in self.entries if night.state not in (JobState.DONE, JobState.COALESCED))

    @property
    def incomplete(self) -> int:
        """Runs whose evidence was incomplete."""
        return sum(1 for run in self.runs if not run.evidence_complete)

    def moved(self, sign: int) -> int:
        """By how much open failures rose (*sign* 1) or fell (-1) from run to run, severity by severity, in all.

        What was found and what was mended between the same two runs cancels out: a run's line keeps counts alone.
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
    return Digest(tuple(sorted(entries, key=lambda night: night.at)))


def digest_lines(digest: Digest) -> Iterator[str]:
    """The summary as lines of a message; what begins with two spaces belongs to the line before."""
    if not digest.entries:
        yield "Digest: no job has ended since the last one."
        return
    yield f"Digest: {counted(len(digest.entries), 'job', 'jobs')}, {period_text(digest)}."
    outcomes = [f"{number(count)} {_OUTCOMES[state]}" for state, count in digest.outcomes.items()]
    yield f"  Outcomes: {listed(outcomes)}."
    yield from _trend_lines(digest)
    if digest.incomplete:
        runs = counted(len(digest.runs), "run", "runs")
        yield f"  The evidence was incomplete in {number(digest.incomplete)} of {runs}."
    missing = digest.without_run
    for night in missing[:LISTED_RUNS]:
        reason = one_line(night.reason)[:LONGEST_REASON]
        why = sentence(reason or "no reason is known")
        yield f"  No run on {moment_text(night.at)}, {_OUTCOMES[night.state]}: {why}"
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
            bounds = f"most {number(max(counts))}, least {number(min(counts))}"
            yield f"  {SEVERITY_WORDS[severity]}: {shift} open ({bounds})."
    rose, fell = digest.moved(1), digest.moved(-1)
    if rose or fell:
        yield (
            f"  From run to run, open failures rose by {number(rose)} and fell by {number(fell)} in all; what was "
            "found and what was mended between the same two runs cancels out."
        )
    elif not any(run.failing.get(severity, 0) for run in digest.runs for severity in Severity):
        yield "  No run found an open failure in what could be judged."
    elif len(digest.runs) > 1:
        yield "  The number of open failures did not change."
