"""From the context of an ended job to a receipt for each of its deliveries.

Each delivery has its own thread: none waits for another, and an error of one affects only its own receipt.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Mapping

import sqlalchemy as sa
import structlog

from audit.store import Store
from schedules.deliveries.attachments import Attachments
from schedules.deliveries.receipts import Receipt, Receipts, ReceiptState
from schedules.deliveries.retry import BOUND_SECONDS, Pause, lasting
from schedules.deliveries.settings import DeliverySettings
from schedules.deliveries.task import DeliveryTask
from schedules.jobs.queue import Clock
from schedules.notifications.model import NotificationContext

GRACE_SECONDS = 60.0
"""How much longer than the bound an attempt may take that began within it."""
_LOOK_SECONDS = 0.5


def deliver_all(
    context: NotificationContext,
    promised: Mapping[str, DeliverySettings],
    receipts: Receipts,
    *,
    store: Store | None,
    clock: Clock,
    pause: Pause = time.sleep,
) -> tuple[Receipt, ...]:
    """Make the promised deliveries, in any order; returns a receipt for each, in the order of *promised*.

    Deliveries of this job that were sent or suppressed are not repeated; those that failed, or were pending when a
    process died, are. *pause* sleeps between attempts. Never raises because of a delivery, nor because the database is
    unavailable: then receipts have `kept` False.
    """
    try:
        begun = lasting(lambda: _promised(context, promised, receipts), pause)
    except sa.exc.SQLAlchemyError as error:
        return tuple(_unpromised(context, name, clock, error) for name in promised)
    attachments = Attachments(context, store)
    tasks = [
        DeliveryTask(name, settings, context, receipts, attachments, store, clock, pause, begun[name])
        for name, settings in promised.items()
    ]
    threads = [(one, _started(one)) for one in tasks if not one.receipt.state.settled]
    for task, thread in threads:
        _wait_for(task, thread)
    return tuple(task.receipt for task in tasks)


def _promised(
    context: NotificationContext, promised: Mapping[str, DeliverySettings], receipts: Receipts
) -> dict[str, Receipt]:
    run = context.run.id if context.run else ""
    return {name: receipts.promise(context.job.id, name, run) for name in promised}


def _unpromised(context: NotificationContext, name: str, clock: Clock, error: sa.exc.SQLAlchemyError) -> Receipt:
    """Nothing is sent without a receipt row: a resumed job could not know what was sent."""
    structlog.get_logger().error("delivery-not-promised", delivery=name, reason=type(error).__name__)
    why = type(error).__name__
    reason = f"nothing was sent: the receipt could not be created, because the store cannot be written ({why})"
    run = context.run.id if context.run else ""
    return Receipt(context.job.id, name, run, ReceiptState.FAILED, 0, clock(), reason, {}, kept=False)


def _started(task: DeliveryTask) -> threading.Thread:
    # In a copy of the context, so that its log events name the job.
    work = contextvars.copy_context().run
    thread = threading.Thread(target=work, args=(task.run,), name=f"delivery-{task.name}", daemon=True)
    thread.start()
    return thread


def _wait_for(task: DeliveryTask, thread: threading.Thread) -> None:
    """Wait until it has ended, or its time is over: a very slow server must not block the job."""
    while thread.is_alive():
        thread.join(_LOOK_SECONDS)
        began = task.began
        if thread.is_alive() and began is not None and time.monotonic() - began > BOUND_SECONDS + GRACE_SECONDS:
            task.given_up.set()
            minutes = int((BOUND_SECONDS + GRACE_SECONDS) // 60)
            task.record(ReceiptState.FAILED, f"the receiver did not finish within {minutes} minutes", {})
            return
