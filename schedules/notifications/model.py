"""Values that the notification rules, the messages and the deliveries share."""

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
    """What is known when a job has ended: the only input of the notification rules."""

    job: Job
    schedule: str
    """Name of the schedule; empty for a manual job."""
    run: Run | None
    """None where the job failed, was missed or timed out."""
    view: ReportView | None
    """Of `run`, with its history: `view.change` is relative to the previous run of the same organization and scope."""
    before: Job | None
    """The schedule's previous job whose outcome is neither coalesced nor cancelled."""
    before_view: ReportView | None
    """Of the schedule's last run before this job, or of the run before a run that is sent manually; None where there is
    none or it cannot be read."""
    link: str
    """URL of the run's page, or of the job's where there is no run; empty where the service has no public URL."""
    now: dt.datetime


class Event(StrEnum):
    """What a message is about, the most important first."""

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
    Event.WORSE: "More severe",
    Event.GAPS: "Evidence gaps",
    Event.RECOVERED: "Recovered",
    Event.DIGEST: "Digest",
    Event.REPORT: "Report",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a delivery is sent."""

    event: Event
    sentence: str

    @property
    def text(self) -> str:
        """As shown in receipts and messages: `New findings: 1 high failure is new.`"""
        return f"{_LABELS[self.event]}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a delivery is sent."""

    reasons: tuple[Reason, ...]
    """Why it is sent; empty: it is suppressed."""
    suppressed: str = ""
    """Why it is suppressed, in a sentence."""
    digest: bool = False
    """Whether the digest of the runs since the last one is due."""

    @property
    def goes(self) -> bool:
        """Whether it is sent."""
        return bool(self.reasons)

    @property
    def event(self) -> Event:
        """The event of the most important reason."""
        events = {reason.event for reason in self.reasons}
        return next((event for event in Event if event in events), Event.REPORT)

    @property
    def texts(self) -> tuple[str, ...]:
        """The reasons as sentences."""
        return tuple(reason.text for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Message:
    """The content of a notification. Nothing in it is markup; names from AWS are sanitized, not trusted."""

    subject: str
    """One line."""
    changed: tuple[str, ...]
    """The changes, one sentence each: the first part of every message."""
    totals: tuple[str, ...]
    """The totals of the run."""
    link: str
    document: Mapping[str, Any]
    """The same as versioned JSON values, for webhooks: `version`, `event`, `job`, `schedule`, `run`, `change`, …"""

    @property
    def text(self) -> str:
        """As plain text."""
        parts = ["\n".join(self.changed), "\n".join(self.totals), self.link]
        return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True, slots=True)
class DeliveryContent:
    """One delivery, ready to send."""

    key: str
    """The same for every attempt, so that receivers recognize a repetition."""
    schedule: str
    job: Job
    run: Run | None
    view: ReportView | None
    message: Message
    files: Mapping[str, bytes]
    """Reports (and scripts, in `remediation/`) by name."""


class DeliveryError(Exception):
    """A delivery failed; the message says why and contains no secret."""

    def __init__(self, message: str, *, again: bool) -> None:
        """*again*: whether another attempt may succeed."""
        super().__init__(message)
        self.again = again
