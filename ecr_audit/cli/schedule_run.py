"""Runs one audit of a schedule now, in this process unless a service takes it over."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.service_config import this_user

if TYPE_CHECKING:
    from audit.store import Store
    from schedules.configuration.service import Configuration
    from schedules.jobs.queue import Job, JobQueue

GRACE_SECONDS = 30.0
"""Time that the audit gets to save collected data when it is stopped."""


def run_now(configuration: Configuration, store: Store, name: str, clock: Callable[[], dt.datetime]) -> int:
    """Request an audit of the schedule *name*, wait for it and print the outcome. Returns the exit code."""
    from audit.store import StoreError
    from ecr_audit import logs
    from ecr_audit.cli.serve import WORKER
    from ecr_audit.worker import FORMAT, LEVEL
    from schedules.jobs.queue import JobQueue, JobState, Kind
    from schedules.service.main import Service
    from schedules.service.processes import WorkerProcess

    os.environ[LEVEL] = os.environ.get(LEVEL, "error")  # the outcome is printed below
    logs.configure(json=os.environ.get(FORMAT) == "json", level=os.environ[LEVEL], stream=sys.stderr)
    queue = JobQueue(store.engine, clock)
    by = this_user()
    request = {"deliveries": list(configuration.schedules[name].deliveries)}
    for other in queue.list(schedule=name, states=(JobState.RUNNING,), limit=1):
        click.echo(f"An audit of {name} is running (job {other.id}); this audit starts when it has ended.", err=True)
    job = queue.enqueue(Kind.AUDIT, by=by, schedule=name, request=request)
    if job is None:
        raise UserError("the audit could not be stored; try again")
    store.act(by, Kind.AUDIT.value, name, {"job": job.id}, clock())
    service = Service(configuration, store, clock, launch=partial(WorkerProcess, command=WORKER))
    try:
        with explained(StoreError):
            ended = service.run_once(job.id, follow=JobProgress())
    except BaseException:
        service.stop(GRACE_SECONDS)
        _withdraw(queue, job.id, by)
        raise
    return _follow(configuration, store, ended, clock)


class JobProgress:
    """Prints the progress of a job, each message once."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, job: Job) -> None:
        """Print the state and step of *job* to standard error, unless it has ended or they are as before."""
        from reports.sanitize import one_line
        from schedules.jobs.queue import JobState

        # A job that waits again has a reason.
        about = job.reason if job.state is JobState.WAITING else job.note
        counted = f" ({job.done} of {job.total})" if job.done < job.total and about == job.note else ""
        now = one_line(f"{job.state.value}{f': {about}' if about else ''}{counted}")
        if not job.state.ended and now != self._last:
            click.echo(now, err=True)
            self._last = now


def _withdraw(queue: JobQueue, job_id: str, by: str) -> None:
    """Cancel a job that is no longer awaited. A job that another service has started continues."""
    from schedules.jobs.queue import JobState

    job = queue.get(job_id)
    if job is None or job.state.ended:
        return
    if job.state is JobState.WAITING:
        queue.request_cancel(job_id, by)
        return
    click.echo(f"A service continues this audit as job {job_id}.", err=True)


def _follow(configuration: Configuration, store: Store, job: Job, clock: Callable[[], dt.datetime]) -> int:
    from audit.store import StoreError
    from ecr_audit.cli.output import kept_view
    from ecr_audit.cli.run import exit_code
    from ecr_audit.cli.screen import print_summary
    from reports.sanitize import one_line
    from schedules.deliveries.receipts import Receipts, ReceiptState
    from schedules.jobs.queue import JobState

    undelivered = False
    if job.state is JobState.DONE:
        with explained(StoreError):
            run = store.load(job.run)
            print_summary(run, kept_view(store, run), store=store.at(run.id))
    for receipt in Receipts(store.engine, clock).of(job.id):
        undelivered = undelivered or receipt.state is ReceiptState.FAILED
        reason = f": {receipt.reason}" if receipt.reason else ""
        click.echo(f"delivery {receipt.delivery}: {receipt.state.value}{one_line(reason)}")
    if job.state is not JobState.DONE:
        click.echo(f"Error: the audit did not succeed ({job.state.value}): {one_line(job.reason)}", err=True)
        return 1
    return exit_code(run, configuration.schedules[job.schedule].fail_on.value) or int(undelivered)
