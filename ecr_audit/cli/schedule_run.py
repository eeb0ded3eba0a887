"""One audit of a schedule, now and in this process, unless a service takes it."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.configured import this_user
from ecr_audit.cli.failure import UserError, explained

if TYPE_CHECKING:
    from audit.store import Store
    from schedules.configuration import Configuration
    from schedules.jobs import Job, Ledger

GRACE_SECONDS = 30.0
"""What the audit gets to put away what it has read when it is stopped."""


def run_now(configuration: Configuration, store: Store, name: str, clock: Callable[[], dt.datetime]) -> int:
    """Ask for an audit of the schedule *name*, see it through, say what came of it; the exit code."""
    from audit.store import StoreError
    from ecr_audit import logs
    from ecr_audit.cli.serve import WORKER
    from ecr_audit.worker import FORMAT, LEVEL
    from schedules.children import WorkerProcess
    from schedules.jobs import Kind, Ledger, State
    from schedules.service import Service

    os.environ[LEVEL] = os.environ.get(LEVEL, "error")  # what succeeded is printed below
    logs.configure(json=os.environ.get(FORMAT) == "json", level=os.environ[LEVEL], stream=sys.stderr)
    ledger = Ledger(store.engine, clock)
    by = this_user()
    request = {"deliveries": list(configuration.schedules[name].deliveries)}
    for other in ledger.list(schedule=name, states=(State.RUNNING,), limit=1):
        click.echo(f"An audit of {name} is under way (job {other.id}); this one begins when it has ended.", err=True)
    job = ledger.ask(Kind.AUDIT, by=by, schedule=name, request=request)
    if job is None:
        raise UserError("the audit could not be written down; ask once more")
    store.act(by, Kind.AUDIT.value, name, {"job": job.id}, clock())
    service = Service(configuration, store, clock, launch=partial(WorkerProcess, command=WORKER))
    try:
        with explained(StoreError):
            ended = service.run_once(job.id, follow=_Told())
    except BaseException:
        service.stop(GRACE_SECONDS)
        _withdraw(ledger, job.id, by)
        raise
    return _tell(configuration, store, ended, clock)


class _Told:
    """Says what a job is doing, each thing once."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, job: Job) -> None:
        from reports.visible import one_line
        from schedules.jobs import State

        # One that waits once more says why.
        about = job.reason if job.state is State.WAITING else job.note
        counted = f" ({job.done} of {job.total})" if job.done < job.total and about == job.note else ""
        now = one_line(f"{job.state.value}{f': {about}' if about else ''}{counted}")
        if not job.state.ended and now != self._last:
            click.echo(now, err=True)
            self._last = now


def _withdraw(ledger: Ledger, job_id: str, by: str) -> None:
    """Cancel a job that is not awaited any more. What another service has begun, it ends."""
    from schedules.jobs import State

    job = ledger.get(job_id)
    if job is None or job.state.ended:
        return
    if job.state is State.WAITING:
        ledger.ask_cancel(job_id, by)
        return
    click.echo(f"A service goes on with this audit, as job {job_id}.", err=True)


def _tell(configuration: Configuration, store: Store, job: Job, clock: Callable[[], dt.datetime]) -> int:
    from audit.store import StoreError
    from ecr_audit.cli.output import kept_view
    from ecr_audit.cli.run import exit_code
    from ecr_audit.cli.screen import print_summary
    from reports.visible import one_line
    from schedules.jobs import State
    from schedules.receipts import Receipts, ReceiptState

    undelivered = False
    if job.state is State.DONE:
        with explained(StoreError):
            run = store.load(job.run)
            print_summary(run, kept_view(store, run), store=store.at(run.id))
    for receipt in Receipts(store.engine, clock).of(job.id):
        undelivered = undelivered or receipt.state is ReceiptState.FAILED
        reason = f": {receipt.reason}" if receipt.reason else ""
        click.echo(f"delivery {receipt.delivery}: {receipt.state.value}{one_line(reason)}")
    if job.state is not State.DONE:
        click.echo(f"Error: the audit came to nothing ({job.state.value}): {one_line(job.reason)}", err=True)
        return 1
    return exit_code(run, configuration.schedules[job.schedule].fail_on.value) or int(undelivered)
