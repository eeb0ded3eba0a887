"""Deliveries started by a user: a harmless test delivery, or a stored run. One attempt, and no receipt."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audit.model import Run
from audit.store import Store
from reports.view import ReportView
from schedules.deliveries.attachments import Attachments
from schedules.deliveries.channels import deliver
from schedules.deliveries.settings import DeliverySettings
from schedules.jobs.queue import Clock, Job, JobState, Kind, utc_now
from schedules.notifications.context import opened
from schedules.notifications.messages import compose
from schedules.notifications.model import Decision, DeliveryContent, Event, NotificationContext, Reason


def trial(settings: DeliverySettings, name: str, *, clock: Clock = utc_now) -> Mapping[str, Any]:
    """Send a test message. Returns the detail that a receipt would have; raises DeliveryError.

    Where a message would have lasting effects, the channel defines its test delivery (`Channel.trial`).
    """
    now = clock()
    job = _job(now, "trial")
    decision = Decision((Reason(Event.REPORT, f"this is a test of the delivery {name}."),))
    message = replace(
        compose(NotificationContext(job, "", None, None, None, None, "", now), decision),
        subject=f"[ecr-audit] test of the delivery {name}",
        changed=("This is a test message. No audit was run, and no action is required.",),
        totals=(f"If you can read this, the delivery {name} works.",),
    )
    content = DeliveryContent(f"{job.id}.{name}", "", job, None, None, message, {})
    return deliver(settings, content, clock=clock, trial=True)


def send_now(
    settings: DeliverySettings,
    name: str,
    run: Run,
    view: ReportView,
    *,
    store: Store,
    by: str,
    link: str,
    clock: Clock = utc_now,
) -> Mapping[str, Any]:
    """Send a stored run as after its audit, regardless of the delivery's `notify_on`. Raises DeliveryError.

    *link*: URL of the run's page; empty where there is none.
    """
    now = clock()
    job = _job(now, by, run)
    before_view = opened(store, view.change.run, "")[1] if view.change is not None else None
    context = NotificationContext(job, "", run, view, None, before_view, link, now)
    message = compose(context, Decision((Reason(Event.REPORT, f"{by} sent this run."),)))
    files, without = Attachments(context, store).of(settings)
    content = DeliveryContent(f"{job.id}.{name}", "", job, run, view, message, files)
    detail = dict(deliver(settings, content, clock=clock))
    return {**detail, "without": [*without, *detail.get("without", ())]}


def _job(now: dt.datetime, by: str, run: Run | None = None) -> Job:
    """A job that is not in the job queue."""
    return Job(
        id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", kind=Kind.AUDIT, schedule="", due_at=None, requested_at=now,
        requested_by=by, request={}, state=JobState.DONE, reason="", run=run.id if run else "", started_at=now,
        finished_at=now, attempts=1, note="", done=0, total=0, cancel_requested_by="", holder="",
    )  # fmt: skip
