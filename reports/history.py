"""A run beside earlier runs: what is new, still open or fixed, and the trend."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from audit.model import Run, RunSummary
from audit.run_changes import State, changes
from checks.model import Severity
from reports.text import moment_text, number


@dataclass(frozen=True, slots=True)
class ChangeSince:
    """The difference of open failures against the run before."""

    run: str
    """Id of the run before."""
    since: str
    """When it began, in words."""
    new: frozenset[str]
    still: frozenset[str]
    fixed: frozenset[str]
    """Open before; evaluated again under the same requirement and no failure now."""
    no_longer_required: frozenset[str]
    """Open before; this run did not ask about it: the requirement is gone or changed, or its check was left out."""
    waived: frozenset[str]
    """Open before; a waiver covers it now."""
    not_evaluated: frozenset[str]
    """Open before; not evaluated now, so it may still be there."""
    worse: frozenset[str]
    """Of those still open, the ones that are more severe now."""
    better: frozenset[str]
    """Of those still open, the ones that are less severe now."""

    def of(self, mark: str) -> str:
        """`new`, `still`, `fixed`, `no_longer_required`, `waived` or `not_evaluated`; empty: open in neither run."""
        for word in ("new", "still", "fixed", "no_longer_required", "waived", "not_evaluated"):
            if mark in getattr(self, word):
                return word
        return ""

    @property
    def sentence(self) -> str:
        """The change in one sentence."""
        parts = [
            f"{number(len(self.new))} new",
            f"{number(len(self.still))} still open" + self._shifts,
            f"{number(len(self.fixed))} fixed",
        ]
        if self.no_longer_required:
            parts.append(f"{number(len(self.no_longer_required))} no longer required")
        if self.waived:
            parts.append(f"{number(len(self.waived))} now waived")
        if self.not_evaluated:
            parts.append(f"{number(len(self.not_evaluated))} not evaluated again")
        return f"Since the run of {self.since}: {', '.join(parts)}."

    @property
    def _shifts(self) -> str:
        """How severities of what is still open changed, in brackets; empty where they did not."""
        parts = [f"{number(len(self.worse))} more severe"] if self.worse else []
        parts += [f"{number(len(self.better))} less severe"] if self.better else []
        return f" ({', '.join(parts)})" if parts else ""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """Open failures of one run."""

    started_at: dt.datetime
    open: Mapping[Severity, int]
    unknown: int
    evidence_complete: bool
    requirements_changed: bool = False
    """Whether the requirements differ from those of the point before, so that the numbers are not comparable."""


def earlier(run: Run, history: Sequence[RunSummary]) -> tuple[RunSummary, ...]:
    """The runs that began before this one, oldest first, this run itself left out."""
    before = (past for past in history if past.id != run.id and past.started_at < run.started_at)
    return tuple(sorted(before, key=lambda past: (past.started_at, past.id)))


def change_since(run: Run, past: RunSummary) -> ChangeSince:
    """Compare open failures by fingerprint. What is gone is fixed only where this run asked for and evaluated it."""
    marks: dict[State, set[str]] = {state: set() for state in State}
    for mark, change in changes(past.open, past.locations, run, past.earlier).items():
        marks[change.state].add(mark)
    return ChangeSince(
        run=past.id,
        since=moment_text(past.started_at),
        new=frozenset(marks[State.NEW]),
        still=frozenset(marks[State.STILL] | marks[State.WORSE] | marks[State.BETTER]),
        fixed=frozenset(marks[State.FIXED]),
        no_longer_required=frozenset(marks[State.NO_LONGER_REQUIRED]),
        waived=frozenset(marks[State.WAIVED]),
        not_evaluated=frozenset(marks[State.NOT_EVALUATED]),
        worse=frozenset(marks[State.WORSE]),
        better=frozenset(marks[State.BETTER]),
    )


def trend_of(past: Sequence[RunSummary], run: Run, now: TrendPoint) -> tuple[TrendPoint, ...]:
    """The points of *past*, oldest first, and *now*, that of *run*."""
    keys = [one.earlier.question.requirements if one.earlier else "" for one in past]
    keys.append(run.question.requirements)
    changed = [False, *(bool(before and after and before != after) for before, after in pairwise(keys))]
    points = (*map(_trend_point, past), now)
    return tuple(replace(point, requirements_changed=one) for point, one in zip(points, changed, strict=True))


def _trend_point(past: RunSummary) -> TrendPoint:
    """One earlier run as a point of the trend."""
    counts = Counter(past.open.values())
    return TrendPoint(
        started_at=past.started_at,
        open={severity: counts[severity] for severity in Severity},
        unknown=past.unknown,
        evidence_complete=past.evidence_complete,
    )
