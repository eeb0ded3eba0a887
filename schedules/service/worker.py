"""A worker process: runs one job, records its outcome, and makes its deliveries.

    python -m schedules.service.worker < command

Its parent supervises it and renews its lease; its writes are accepted only while its attempt holds the job. It shuts
down cleanly on SIGTERM, and when its parent dies.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from audit.aws import AwsSetupError, ScopeError
from audit.run import run_audit
from audit.store import NoSuchRunError, Store, StoreError, open_store
from checks.baseline.yaml_reader import BaselineError
from reports.run_view import kept_view, rendered, sweep_rendered
from schedules.configuration.service import Configuration
from schedules.deliveries.dispatch import deliver_all
from schedules.deliveries.receipts import Receipts
from schedules.deliveries.settings import DeliverySettings
from schedules.jobs.queue import Clock, Job, JobQueue, JobState, Kind, utc_now
from schedules.notifications.context import notification_context
from schedules.service.audit_request import request_of, schedule_of
from schedules.service.processes import Task, WorkerCommand
from schedules.service.progress import Steps, log_progress
from schedules.service.tracing import set_up, span

log = structlog.get_logger()


class Stopped(BaseException):
    """This worker is stopped by SIGTERM: not an error, hence not caught as one."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The dependencies of a worker."""

    command: WorkerCommand
    configuration: Configuration
    store: Store
    queue: JobQueue
    clock: Clock


def work(worker: WorkerContext) -> None:
    """Run the command. The outcome is recorded in the job queue before any delivery is made."""
    job = worker.queue.get(worker.command.job)
    if job is None:
        return
    about = {"kind": job.kind.value, "schedule": job.schedule, "attempt": job.attempts}
    with structlog.contextvars.bound_contextvars(job=job.id, schedule=job.schedule), span("job", **about):
        if worker.command.task is Task.WORK:
            _attempt(worker, job)
        ended = worker.queue.get(job.id)
        if ended is not None and ended.state.ended:
            with structlog.contextvars.bound_contextvars(run=ended.run):
                notify(worker, ended)
            _apply_retention(worker)


def _attempt(worker: WorkerContext, job: Job) -> None:
    """Run the job and record its outcome. Only errors that may be temporary lead to another attempt."""
    holder, queue = worker.command.holder, worker.queue
    try:
        _KINDS[job.kind](worker, job)
    except (BaselineError, LookupError, NoSuchRunError, ScopeError, ValueError) as error:
        log.error("job-failed", reason=str(error))
        queue.end(job.id, holder, JobState.FAILED, str(error))
    except (AwsSetupError, StoreError, OSError) as error:
        _again_or_failed(worker, job, str(error))
    else:
        queue.end(job.id, holder, JobState.DONE)
        log.info("job-done")


def _again_or_failed(worker: WorkerContext, job: Job, reason: str) -> None:
    allowed = attempts_of(worker.configuration, job)
    log.error("attempt-failed", attempt=job.attempts, of=allowed, reason=reason)
    if job.attempts < allowed:
        worker.queue.again(job.id, worker.command.holder, reason)
    else:
        worker.queue.end(job.id, worker.command.holder, JobState.FAILED, reason)


def attempts_of(configuration: Configuration, job: Job) -> int:
    """Maximum number of attempts of a job."""
    try:
        return schedule_of(configuration, job).attempts
    except LookupError:
        return 1


def _audit(worker: WorkerContext, job: Job) -> None:
    # An earlier attempt may have stored its run and died before recording it.
    run_id = worker.store.run_of(job.id)
    if run_id is None:
        request = request_of(worker.configuration, job, worker.clock())
        steps = log_progress(Steps(worker.queue, job.id, worker.command.holder))
        run_id = run_audit(request, worker.store, steps, worker.clock, job=job.id).id
    worker.queue.made(job.id, worker.command.holder, run_id)


def _report(worker: WorkerContext, job: Job) -> None:
    run = worker.store.load(job.run)
    view = kept_view(worker.store, run)
    steps = Steps(worker.queue, job.id, worker.command.holder)
    formats = [str(name) for name in job.request.get("formats", ())]
    steps.planned(len(formats))
    for name in formats:
        steps.note(f"writing {name}")
        with span("render", format=name):
            rendered(worker.store, run, view, name)
        steps.done()


_KINDS: dict[Kind, Callable[[WorkerContext, Job], None]] = {Kind.AUDIT: _audit, Kind.REPORT: _report}


def notify(worker: WorkerContext, job: Job) -> None:
    """Make the promised deliveries that have no receipt yet."""
    deliveries = worker.configuration.deliveries
    receipts = Receipts(worker.store.engine, worker.clock)
    for name in job.promised:
        if name not in deliveries:
            receipts.promise(job.id, name, job.run)
            receipts.failed(job.id, name, reason=f"the delivery {name!r} is no longer configured")
    groups: dict[str | None, dict[str, DeliverySettings]] = {}
    for name in job.promised:
        if name in deliveries:
            captured = receipts.last_notified(job, name) if job.schedule else ""
            groups.setdefault(captured, {})[name] = deliveries[name]
    # Deliveries without earlier failures come first: the others may take long again.
    for captured, promised in sorted(groups.items(), key=lambda group: group[0] != ""):
        url = worker.configuration.web.public_url
        context = notification_context(job, worker.store, worker.queue, url, worker.clock(), captured=captured)
        with span("deliver", deliveries=len(promised)):
            deliver_all(context, promised, receipts, store=worker.store, clock=worker.clock)


def _apply_retention(worker: WorkerContext) -> None:
    """Apply the retention to runs and to their rendered reports."""
    keep = worker.configuration.retention
    try:
        sweep_rendered(worker.store, worker.clock().timestamp())
        if not keep.days and not keep.runs:
            return
        for gone in worker.store.prune(keep.days, keep.runs, worker.clock()):
            log.info("run-pruned", run=gone.run, reason=gone.reason)
    except (StoreError, OSError) as error:
        log.error("retention-failed", reason=str(error))


def main(clock: Clock = utc_now) -> int:
    """Read the command from standard input and run it. 0: the outcome is recorded; 1: the store cannot be used."""
    signal.signal(signal.SIGTERM, _stopped)
    set_up()
    command = WorkerCommand.from_line(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        store = open_store(command.store)
        configuration = Configuration.model_validate_json(command.configuration)
        work(WorkerContext(command, configuration, store, JobQueue(store.engine, clock), clock))
    except Stopped:
        return 128 + signal.SIGTERM
    except StoreError as error:
        log.error("store-unusable", reason=str(error))
        return 1
    return 0


def _stopped(_number: int, _frame: object) -> None:
    raise Stopped


def _end_with_parent() -> None:
    """Stop when standard input is closed: without the parent, no process renews the lease or enforces the limit."""
    # Not through `sys.stdin`, whose lock would be held here when the interpreter exits.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    # Any other exception is a defect: its traceback goes to the log, and the parent records that the worker died.
    sys.exit(main())
