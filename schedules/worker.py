"""A worker process: one job from its order to its outcome, then whoever is to hear of it.

    python -m schedules.worker < order

Its parent watches it and renews its lease; whatever it writes is taken only while its attempt holds the job. It ends
in good order on SIGTERM, and when its parent dies.
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
from checks.baseline import BaselineError
from reports.kept import kept_view, rendered, sweep_rendered
from schedules.auditing import request_of, schedule_of
from schedules.configuration import Configuration
from schedules.deliveries.settings import DeliverySettings
from schedules.delivering import deliver_all
from schedules.facts import facts_of
from schedules.jobs import Clock, Job, Kind, Ledger, State, utc_now
from schedules.narration import narrate
from schedules.order import Order, Task
from schedules.receipts import Receipts
from schedules.reporting import Steps
from schedules.tracing import set_up, span

log = structlog.get_logger()


class Stopped(BaseException):
    """Somebody ends this worker: not an error, hence not caught as one."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker works with."""

    order: Order
    configuration: Configuration
    store: Store
    ledger: Ledger
    clock: Clock


def work(bench: Bench) -> None:
    """Carry out the order. The outcome is in the ledger before anybody is told of it."""
    job = bench.ledger.get(bench.order.job)
    if job is None:
        return
    about = {"kind": job.kind.value, "schedule": job.schedule, "attempt": job.attempts}
    with structlog.contextvars.bound_contextvars(job=job.id, schedule=job.schedule), span("job", **about):
        if bench.order.task is Task.WORK:
            _attempt(bench, job)
        ended = bench.ledger.get(job.id)
        if ended is not None and ended.state.ended:
            with structlog.contextvars.bound_contextvars(run=ended.run):
                tell(bench, ended)
            _let_go(bench)


def _attempt(bench: Bench, job: Job) -> None:
    """Do the job and record how it ended. Only what may be gone in a minute is tried again."""
    holder, ledger = bench.order.holder, bench.ledger
    try:
        _KINDS[job.kind](bench, job)
    except (BaselineError, LookupError, NoSuchRunError, ScopeError, ValueError) as error:
        log.error("job-failed", reason=str(error))
        ledger.end(job.id, holder, State.FAILED, str(error))
    except (AwsSetupError, StoreError, OSError) as error:
        _again_or_failed(bench, job, str(error))
    else:
        ledger.end(job.id, holder, State.DONE)
        log.info("job-done")


def _again_or_failed(bench: Bench, job: Job, reason: str) -> None:
    allowed = attempts_of(bench.configuration, job)
    log.error("attempt-failed", attempt=job.attempts, of=allowed, reason=reason)
    if job.attempts < allowed:
        bench.ledger.again(job.id, bench.order.holder, reason)
    else:
        bench.ledger.end(job.id, bench.order.holder, State.FAILED, reason)


def attempts_of(configuration: Configuration, job: Job) -> int:
    """How often a job may be begun."""
    try:
        return schedule_of(configuration, job).attempts
    except LookupError:
        return 1


def _audit(bench: Bench, job: Job) -> None:
    # An attempt before this one may have kept its run, and died before it could say so.
    run_id = bench.store.run_of(job.id)
    if run_id is None:
        request = request_of(bench.configuration, job, bench.clock())
        steps = narrate(Steps(bench.ledger, job.id, bench.order.holder))
        run_id = run_audit(request, bench.store, steps, bench.clock, job=job.id).id
    bench.ledger.made(job.id, bench.order.holder, run_id)


def _report(bench: Bench, job: Job) -> None:
    run = bench.store.load(job.run)
    view = kept_view(bench.store, run)
    steps = Steps(bench.ledger, job.id, bench.order.holder)
    formats = [str(name) for name in job.request.get("formats", ())]
    steps.planned(len(formats))
    for name in formats:
        steps.note(f"writing {name}")
        with span("render", format=name):
            rendered(bench.store, run, view, name)
        steps.done()


_KINDS: dict[Kind, Callable[[Bench, Job], None]] = {Kind.AUDIT: _audit, Kind.REPORT: _report}


def tell(bench: Bench, job: Job) -> None:
    """Deliver what was promised and has no receipt yet."""
    deliveries = bench.configuration.deliveries
    receipts = Receipts(bench.store.engine, bench.clock)
    for name in job.promised:
        if name not in deliveries:
            receipts.promise(job.id, name, job.run)
            receipts.failed(job.id, name, reason=f"no delivery is called {name!r} any more")
    groups: dict[str | None, dict[str, DeliverySettings]] = {}
    for name in job.promised:
        if name in deliveries:
            heard = receipts.last_heard(job, name) if job.schedule else ""
            groups.setdefault(heard, {})[name] = deliveries[name]
    # Those who missed nothing come first: what failed the night before may take its time again.
    for heard, promised in sorted(groups.items(), key=lambda group: group[0] != ""):
        url = bench.configuration.web.public_url
        facts = facts_of(job, bench.store, bench.ledger, url, bench.clock(), heard=heard)
        with span("deliver", deliveries=len(promised)):
            deliver_all(facts, promised, receipts, store=bench.store, clock=bench.clock)


def _let_go(bench: Bench) -> None:
    """Apply the retention, to runs and to what was rendered of them."""
    keep = bench.configuration.retention
    try:
        sweep_rendered(bench.store, bench.clock().timestamp())
        if not keep.days and not keep.runs:
            return
        for gone in bench.store.prune(keep.days, keep.runs, bench.clock()):
            log.info("run-pruned", run=gone.run, reason=gone.reason)
    except (StoreError, OSError) as error:
        log.error("retention-failed", reason=str(error))


def main(clock: Clock = utc_now) -> int:
    """Read the order from standard input and carry it out. 0: the ledger says how it ended; 1: it could not be told."""
    signal.signal(signal.SIGTERM, _stopped)
    set_up()
    order = Order.from_line(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        store = open_store(order.store)
        configuration = Configuration.model_validate_json(order.configuration)
        work(Bench(order, configuration, store, Ledger(store.engine, clock), clock))
    except Stopped:
        return 128 + signal.SIGTERM
    except StoreError as error:
        log.error("store-unusable", reason=str(error))
        return 1
    return 0


def _stopped(_number: int, _frame: object) -> None:
    raise Stopped


def _end_with_parent() -> None:
    """Once the parent is gone nobody renews our lease, or ends us in time; our standard input closes then."""
    # Not through `sys.stdin`, whose lock would be held here when the interpreter ends.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    # Whatever else it raises is a defect: its traceback goes to the log, and the parent records that it died.
    sys.exit(main())
