"""A store with a job, what is known of it, and parcels, around runs that no AWS was asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from audit.store import Store, open_store
from reports.view import build_view
from schedules.deliveries.receipts import Receipts
from schedules.deliveries.settings import DeliverySettings
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from schedules.notifications.model import DeliveryContent, Message, NotificationContext
from tests.reports import runs

NOW = dt.datetime(2026, 11, 23, 2, 40, tzinfo=dt.UTC)


def clock() -> dt.datetime:
    return NOW


@dataclass
class Pauses:
    """A sleep that takes no time and remembers."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def message(**changes: Any) -> Message:
    values: dict[str, Any] = {
        "subject": "ECR audit nightly: 2 new critical findings",
        "changed": ("2 critical findings are new.", "1 finding is over."),
        "totals": ("7 findings are open.",),
        "link": "https://audit.example.com/runs/20261123T020000Z-4f9a1c",
        "document": {"version": 1, "event": "new", "schedule": "nightly", "severity": "critical"},
    }
    return Message(**{**values, **changes})


def job(**changes: Any) -> Job:
    values: dict[str, Any] = {
        "id": "20261123T023000Z-4f9a1c", "kind": Kind.AUDIT, "schedule": "nightly", "due_at": NOW, "requested_at": NOW,
        "requested_by": "schedule", "request": {}, "state": JobState.DONE, "reason": "", "run": "", "started_at": NOW,
        "finished_at": NOW, "attempts": 1, "note": "", "done": 0, "total": 0, "cancel_requested_by": "", "holder": "",
    }  # fmt: skip
    known = set(Job.__dataclass_fields__)
    missing = dict.fromkeys(known - values.keys(), ())
    return Job(**{**values, **missing, **changes})


def content(files: dict[str, bytes] | None = None, **changes: Any) -> DeliveryContent:
    run = runs.small_run()
    values: dict[str, Any] = {
        "key": "20261123T023000Z-4f9a1c.on-call", "schedule": "nightly", "job": job(), "run": run,
        "view": build_view(run), "message": message(), "files": files or {},
    }  # fmt: skip
    return DeliveryContent(**{**values, **changes})


def settings(kind: type, **values: Any) -> Any:
    """Settings of a delivery as a file would give them."""
    name = kind.model_fields["type"].annotation.__args__[0]
    return kind.model_validate({"type": name, **values})


@dataclass
class World:
    store: Store
    queue: JobQueue
    receipts: Receipts
    pause: Pauses = field(default_factory=Pauses)

    def job(self, **named: Any) -> Job:
        """A job that ended."""
        asked = self.queue.enqueue(Kind.AUDIT, by="test", schedule="nightly", state=JobState.FAILED, **named)
        assert asked is not None
        return asked

    def done_job(self, run: Any, **changes: Any) -> Job:
        """A job that made *run*."""
        return replace(self.job(), **{"state": JobState.DONE, "run": run.id, "reason": "", **changes})

    def context(self, *, run: Any = None, job: Job | None = None) -> NotificationContext:
        view = build_view(run) if run is not None else None
        if job is None:
            job = self.done_job(run) if run is not None else self.job()
        return NotificationContext(job, "nightly", run, view, None, None, "https://audit.example.com/x", NOW)

    def deliver(self, context: NotificationContext, promised: dict[str, DeliverySettings], **named: Any) -> Any:
        from schedules.deliveries.dispatch import deliver_all

        values = {"store": self.store, "clock": clock, "pause": self.pause, **named}
        return deliver_all(context, promised, values.pop("receipts", self.receipts), **values)


def world_in(place: Path | str) -> World:
    """*place*: a folder, or a database's URL."""
    store = open_store(str(place))
    return World(store, JobQueue(store.engine, clock), Receipts(store.engine, clock))
