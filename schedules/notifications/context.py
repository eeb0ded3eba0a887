"""What is known when a job has ended, read from the store for the notifications."""

from __future__ import annotations

import datetime as dt

import structlog

from audit.model import Run
from audit.store import Store, StoreError
from reports.run_view import kept_view
from reports.view import ReportView
from schedules.jobs.queue import Job, JobQueue, JobState
from schedules.notifications.model import NotificationContext


def notification_context(
    job: Job, store: Store, queue: JobQueue, public_url: str, now: dt.datetime, *, captured: str | None = ""
) -> NotificationContext:
    """Everything about an ended job. Changes are relative to the schedule's last run, not to manual runs since then.

    *captured*: id of the last job of which the receivers were notified (`Receipts.last_notified`), so that a receiver
    that missed a notification, because its mail server was down, gets its content with the next one. Empty: they
    missed none; None: there is no such job.
    """
    before = None if captured is None else _before(job, queue)
    while before is not None and captured and before.id != captured:
        before = _before(before, queue)
    earlier = _last_run(job, queue, before)
    run, view = opened(store, job.run, earlier) if job.run else (None, None)
    _, before_view = opened(store, earlier, "") if earlier and run is not None else (None, None)
    return NotificationContext(
        job=job,
        schedule=job.schedule,
        run=run,
        view=view,
        before=before,
        before_view=before_view,
        link=_link(public_url, job),
        now=now,
    )


def _before(job: Job, queue: JobQueue) -> Job | None:
    """The schedule's job before that this one can be compared with."""
    if not job.schedule:
        return None
    before = queue.before(job)
    while before is not None and _not_comparable(before):
        before = queue.before(before)
    return before


def _not_comparable(job: Job) -> bool:
    """Missed runs of an outage except its last one, which reports them; audits of another scope than the schedule's."""
    return (job.state is JobState.MISSED and not job.promised) or bool(job.request.get("scope"))


def _last_run(job: Job, queue: JobQueue, before: Job | None) -> str:
    """Id of the run of the schedule's last job that has one; empty where there is none."""
    while before is not None:
        if before.state is JobState.DONE and before.run and before.run != job.run:
            return before.run
        before = _before(before, queue)
    return ""


def opened(store: Store, run_id: str, against: str) -> tuple[Run | None, ReportView | None]:
    """The stored run *run_id* with its view, *against* another run; None for both where it cannot be read."""
    try:
        run = store.load(run_id)
        return run, kept_view(store, run, against=against)
    except StoreError as error:
        # Deleted by retention, or damaged: then nothing is compared with it. `store verify` reports damage.
        structlog.get_logger().warning("run-unreadable", run=run_id, reason=str(error))
        return None, None


def _link(public_url: str, job: Job) -> str:
    if not public_url:
        return ""
    return f"{public_url.rstrip('/')}/{f'runs/{job.run}' if job.run else f'jobs/{job.id}'}"
