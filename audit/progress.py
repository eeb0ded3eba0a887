"""How far an audit is, as values: who shows it chooses the words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What an audit is doing, in order."""

    ORGANIZATION = "organization"
    """Reading the organization."""
    ACCOUNTS = "accounts"
    """Assuming roles and reading Regions."""
    SUMMARIES = "summaries"
    """Reading rules, policies and repository lists of every registry."""
    DETAILS = "details"
    """Reading settings, repositories and images."""
    STATUSES = "statuses"
    """Asking about missing images."""
    TABLES = "tables"
    JUDGING = "judging"
    KEEPING = "keeping"
    REPORTS = "reports"


class Step(StrEnum):
    """What happened in a phase."""

    BEGUN = "begun"
    """The phase begins."""
    RESUMED = "resumed"
    """`count` finished reads are kept from an interrupted collection."""
    PLANNED = "planned"
    """`count` registry reads are ahead."""
    READ = "read"
    """One of them is done, whether or not it succeeded."""
    LOST = "lost"
    """One of them was given up; `reason` says why."""


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """One step of an audit."""

    phase: Phase
    step: Step = Step.BEGUN
    account: str = ""
    """Of READ and LOST."""
    region: str = ""
    """Of READ and LOST; empty where the whole account is meant."""
    count: int = 0
    """Of RESUMED and PLANNED."""
    reason: str = ""
    """Of LOST: one sentence, which may quote an exception."""


Progress = Callable[[ProgressEvent], None]
"""Takes each event as it happens. Called from one thread only."""


def no_progress(_event: ProgressEvent) -> None:
    """For callers that show nothing."""
