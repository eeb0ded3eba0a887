"""Progress of an audit, as values; the display formats them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """The phases of an audit, in order."""

    ORGANIZATION = "organization"
    """Reading the organization."""
    ACCOUNTS = "accounts"
    """Assuming roles and reading Regions."""
    SUMMARIES = "summaries"
    """Reading rules, policies and repository lists of every registry."""
    DETAILS = "details"
    """Reading settings, repositories and images."""
    STATUSES = "statuses"
    """Reading the replication status of missing images."""
    TABLES = "tables"
    JUDGING = "judging"
    KEEPING = "keeping"
    REPORTS = "reports"


class Step(StrEnum):
    """What happened in a phase."""

    BEGUN = "begun"
    """The phase begins."""
    RESUMED = "resumed"
    """`count` registry reads are reused from an interrupted collection."""
    PLANNED = "planned"
    """`count` registry reads are planned."""
    READ = "read"
    """One of them has ended, whether or not it succeeded."""
    LOST = "lost"
    """One of them failed; `reason` says why."""


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """One step of an audit."""

    phase: Phase
    step: Step = Step.BEGUN
    account: str = ""
    """Of READ and LOST."""
    region: str = ""
    """Of READ and LOST; empty for the whole account."""
    count: int = 0
    """Of RESUMED and PLANNED."""
    reason: str = ""
    """Of LOST: one sentence, which may quote an exception."""


Progress = Callable[[ProgressEvent], None]
"""Takes each event as it happens. Called from one thread only."""


def no_progress(_event: ProgressEvent) -> None:
    """For callers that do not display progress."""
