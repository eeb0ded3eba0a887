"""A summary of the runs of a period: outcomes, trend, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.store import RunLine
from schedules.jobs import Job


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened in a period."""

    jobs: int
    runs: int


def digest_of(lines: Sequence[RunLine], jobs: Sequence[Job]) -> Digest:
    """Summarize *jobs* of a schedule and the *lines* of their runs, both in any order."""
    return Digest(jobs=len(jobs), runs=len(lines))
