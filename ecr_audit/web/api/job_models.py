"""API models of jobs, schedules, deliveries and waivers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ecr_audit.web.api.models import Page
from ecr_audit.web.services import ScheduleLine
from schedules.deliveries.receipts import ReceiptState
from schedules.jobs.queue import Job, Kind
from schedules.jobs.queue import JobState as JobState

JOB = "20261123T013000Z-0b57e2"


class JobOut(BaseModel):
    """An audit or report job."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=[JOB])
    kind: Kind
    schedule: str = Field(description="Empty for a manual job.")
    due_at: dt.datetime | None
    requested_at: dt.datetime
    requested_by: str
    request: dict[str, Any]
    state: JobState
    reason: str = Field(description="Why the job ended in this state; empty if it succeeded.")
    run: str = Field(description="The run that the job produced or renders; empty if there is none yet.")
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    attempts: int
    note: str
    done: int
    total: int
    cancel_requested_by: str

    @classmethod
    def of(cls, job: Job) -> JobOut:
        """From the job queue."""
        return cls.model_validate(job)


class Jobs(Page):
    """Jobs, newest first."""

    jobs: list[JobOut]


class ScheduleOut(BaseModel):
    """One schedule."""

    name: str = Field(examples=["nightly"])
    words: str = Field(description="When the schedule runs, as text.")
    timezone: str
    next_at: list[dt.datetime]
    last: JobOut | None
    paused: bool

    @classmethod
    def of(cls, line: ScheduleLine) -> ScheduleOut:
        """From the services."""
        return cls(
            name=line.name, words=line.words, timezone=line.timezone, next_at=list(line.next_at),
            last=JobOut.of(line.last) if line.last else None, paused=line.paused,
        )  # fmt: skip


class Schedules(BaseModel):
    """Every schedule of the configuration."""

    schedules: list[ScheduleOut]


class ReceiptOut(BaseModel):
    """State of one delivery of a job."""

    model_config = ConfigDict(from_attributes=True)

    delivery: str
    state: ReceiptState
    attempts: int
    at: dt.datetime
    reason: str
    detail: dict[str, Any]


class Receipts(BaseModel):
    """States of all deliveries of a job."""

    job: str
    receipts: list[ReceiptOut]


class WaiverOut(BaseModel):
    """A waiver that was added. It applies from the next run on."""

    fingerprint: str
    until: dt.date
    owner: str
    file: str = Field(description="Name of the waiver file.")
