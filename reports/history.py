"""A run beside earlier runs: what is new, what stays, what is gone, and the trend."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.model import Run, RunSummary
from checks.model import Severity, Status
from reports.words import moment_text, number


@dataclass(frozen=True, slots=True)
class Change:
    """The difference of open failures against the run before."""

    since: str
    """When the run before began, in words."""
    new: frozenset[str]
    still: frozenset[str]
    fixed: frozenset[str]
    """Open before; read again and no failure now."""
    waived: frozenset[str]
    """Open before; a waiver covers it now."""
    unsure: frozenset[str]
    """Open before; now it could not be looked at, so it may still be there."""

    @property
    def sentence(self) -> str:
        """The change in one sentence."""
        parts = [
            f"{number(len(self.new))} new",
            f"{number(len(self.still))} still open",
            f"{number(len(self.fixed))} fixed",
        ]
        if self.waived:
            parts.append(f"{number(len(self.waived))} now waived")
        if self.unsure:
            parts.append(f"{number(len(self.unsure))} that could not be looked at again")
        return f"Since the run of {self.since}: {', '.join(parts)}."


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """Open failures of one run."""

    started_at: dt.datetime
    open: Mapping[Severity, int]
    undecided: int
    evidence_complete: bool


def earlier(run: Run, history: Sequence[RunSummary]) -> tuple[RunSummary, ...]:
    """The runs that began before this one, oldest first, this run itself left out."""
    before = (past for past in history if past.id != run.id and past.started_at < run.started_at)
    return tuple(sorted(before, key=lambda past: (past.started_at, past.id)))


def change_since(run: Run, past: RunSummary) -> Change:
    """Compare open failures by fingerprint. What is gone is fixed only where we could look again."""
    states = {finding.fingerprint: finding for result in run.results for finding in result.findings}
    now = {mark for mark, finding in states.items() if finding.status is Status.FAIL and finding.waiver is None}
    gone = past.open.keys() - now
    waived = {mark for mark in gone if mark in states and states[mark].status is Status.FAIL}
    undecided = {mark for mark in gone - waived if mark in states or not run.evidence_complete}
    return Change(
        since=moment_text(past.started_at),
        new=frozenset(now - past.open.keys()),
        still=frozenset(now & past.open.keys()),
        fixed=frozenset(gone - waived - undecided),
        waived=frozenset(waived),
        unsure=frozenset(undecided),
    )


def trend_point(past: RunSummary) -> TrendPoint:
    """One earlier run as a point of the trend."""
    counts = Counter(past.open.values())
    return TrendPoint(
        started_at=past.started_at,
        open={severity: counts[severity] for severity in Severity},
        undecided=past.undecided,
        evidence_complete=past.evidence_complete,
    )
