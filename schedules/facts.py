"""What is known when a job has ended, gathered from the store for those who are told."""

from __future__ import annotations

import datetime as dt

import structlog

from audit.model import Run
from audit.store import Store, StoreError
from reports.kept import kept_view
from reports.view import ReportView
from schedules.jobs import Job, Ledger, State
from schedules.model import Facts


def facts_of(
    job: Job, store: Store, ledger: Ledger, public_url: str, now: dt.datetime, *, heard: str | None = ""
) -> Facts:
    """Everything about an ended job. Changes are told against the schedule's last run, whoever else ran one since.

    *heard*: the job from which those who are told go on (`Receipts.last_heard`): whoever missed the alarm of a night,
    because the mail server was away, hears it in the next one.
    """
    before = None if heard is None else _before(job, ledger)
    while before is not None and heard and before.id != heard:
        before = _before(before, ledger)
    earlier = _last_run(job, ledger, before)
    run, view = _opened(store, job.run, earlier) if job.run else (None, None)
    _, before_view = _opened(store, earlier, "") if earlier and run is not None else (None, None)
    return Facts(
        job=job,
        schedule=job.schedule,
        run=run,
        view=view,
        before=before,
        before_view=before_view,
        link=_link(public_url, job),
        now=now,
    )


def _before(job: Job, ledger: Ledger) -> Job | None:
    """The schedule's job before that this one can be compared with."""
    if not job.schedule:
        return None
    before = ledger.before(job)
    while before is not None and _beside_the_point(before):
        before = ledger.before(before)
    return before


def _beside_the_point(job: Job) -> bool:
    """Nights of an outage that the last one of them stands for; audits of another scope than the schedule's."""
    return (job.state is State.MISSED and not job.promised) or bool(job.request.get("scope"))


def _last_run(job: Job, ledger: Ledger, before: Job | None) -> str:
    """Id of the run of the schedule's last job that has one; empty where there is none."""
    while before is not None:
        if before.state is State.DONE and before.run and before.run != job.run:
            return before.run
        before = _before(before, ledger)
    return ""


def _opened(store: Store, run_id: str, against: str) -> tuple[Run | None, ReportView | None]:
    try:
        run = store.load(run_id)
        return run, kept_view(store, run, against=against)
    except StoreError as error:
        # Pruned or damaged: then nothing is compared with it. `store check` tells about damage.
        structlog.get_logger().warning("run-unreadable", run=run_id, reason=str(error))
        return None, None


def _link(public_url: str, job: Job) -> str:
    if not public_url:
        return ""
    return f"{public_url.rstrip('/')}/{f'runs/{job.run}' if job.run else f'jobs/{job.id}'}"
