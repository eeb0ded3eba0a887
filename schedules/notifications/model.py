"""What a job tells and to whom: values that the rules, the messages and the deliveries share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.model import Run
from reports.view import ReportView
from schedules.jobs.queue import Job


@dataclass(frozen=True, slots=True)
class NotificationContext:
    """What is known when a job has ended; nothing else decides who is told what."""

    job: Job
    schedule: str
    """Name of the schedule; empty for a job by hand."""
    run: Run | None
    """None where the job failed, was missed or took too long."""
    view: ReportView | None
    """Of `run`, with its history: `view.change` is against the run before of the same organization and scope."""
    before: Job | None
    """The schedule's job before this one that ended otherwise than coalesced or cancelled."""
    before_view: ReportView | None
    """Of the last run before this job of the same schedule; None where there is none or it cannot be read."""
    link: str
    """Address of the run's page, or of the job's where there is no run; empty where the service has no public one."""
    now: dt.datetime


class Event(StrEnum):
    """What a message is about, what matters most first."""

    FAILED = "failed"
    NEW = "new-findings"
    WORSE = "worse"
    GAPS = "evidence-gaps"
    RECOVERED = "recovered"
    DIGEST = "digest"
    REPORT = "report"


_LABELS = {
    Event.FAILED: "No run",
    Event.NEW: "New findings",
    Event.WORSE: "Worse",
    Event.GAPS: "Evidence missing",
    Event.RECOVERED: "Recovered",
    Event.DIGEST: "Digest",
    Event.REPORT: "Always sent",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a delivery goes out."""

    event: Event
    sentence: str

    @property
    def text(self) -> str:
        """As receipts and messages write it: `New findings: 1 high failure is new.`"""
        return f"{_LABELS[self.event]}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a delivery goes out."""

    reasons: tuple[Reason, ...]
    """Why; empty: it stays quiet."""
    suppressed: str = ""
    """Why not, in a sentence."""
    digest: bool = False
    """Whether the summary of the runs since the last one is due."""

    @property
    def goes(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.reasons)

    @property
    def event(self) -> Event:
        """The event of the most important reason."""
        events = {reason.event for reason in self.reasons}
        return next((event for event in Event if event in events), Event.REPORT)

    @property
    def texts(self) -> tuple[str, ...]:
        """The reasons in words."""
        return tuple(reason.text for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Message:
    """What people and machines are told. Nothing in it is markup; names from AWS are made visible, not trusted."""

    subject: str
    """One line."""
    changed: tuple[str, ...]
    """What changed, a sentence each: the beginning of every message."""
    totals: tuple[str, ...]
    """What the run found altogether."""
    link: str
    document: Mapping[str, Any]
    """The same as JSON values, versioned, for webhooks: `version`, `event`, `job`, `schedule`, `run`, `change`, …"""

    @property
    def text(self) -> str:
        """As plain text."""
        parts = ["\n".join(self.changed), "\n".join(self.totals), self.link]
        return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True, slots=True)
class DeliveryContent:
    """One delivery, ready to go."""

    key: str
    """The same for every attempt: receivers can tell a repetition by it."""
    schedule: str
    job: Job
    run: Run | None
    view: ReportView | None
    message: Message
    files: Mapping[str, bytes]
    """Reports (and scripts, below `remediation/`) by name."""


class DeliveryError(Exception):
    """A delivery did not arrive; the message says why, without any secret."""

    def __init__(self, message: str, *, again: bool) -> None:
        """*again*: whether another attempt may succeed."""
        super().__init__(message)
        self.again = again
