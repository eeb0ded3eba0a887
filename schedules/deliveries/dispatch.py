"""From what is known of an ended job to a receipt for everything that was promised.

Each delivery has a thread of its own: none waits for another, and what breaks in one is its own receipt.
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
"""What an attempt that began within the bound may take beyond it."""
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
    """Deliver what was promised, in any order, and give back a receipt for each, in the order of *promised*.

    What this job has sent or kept quiet about already is not done again; what failed, or was being tried when a
    process died, is. *pause* sleeps between attempts. Never raises for a delivery, nor for a database that is away:
    then receipts come back with `kept` False.
    """
    try:
        begun = lasting(lambda: _promised(context, promised, receipts), pause)
    except sa.exc.SQLAlchemyError as error:
        return tuple(_unpromised(context, name, clock, error) for name in promised)
    attachments = Attachments(context, store)
    errands = [
        DeliveryTask(name, settings, context, receipts, attachments, store, clock, pause, begun[name])
        for name, settings in promised.items()
    ]
    threads = [(one, _started(one)) for one in errands if not one.receipt.state.settled]
    for task, thread in threads:
        _wait_for(task, thread)
    return tuple(task.receipt for task in errands)


def _promised(
    context: NotificationContext, promised: Mapping[str, DeliverySettings], receipts: Receipts
) -> dict[str, Receipt]:
    run = context.run.id if context.run else ""
    return {name: receipts.promise(context.job.id, name, run) for name in promised}


def _unpromised(context: NotificationContext, name: str, clock: Clock, error: sa.exc.SQLAlchemyError) -> Receipt:
    """Without a row, a resumed job could not know what was sent: nothing is sent before there is one."""
    structlog.get_logger().error("delivery-not-promised", delivery=name, reason=type(error).__name__)
    why = type(error).__name__
    reason = f"nothing was sent: its receipt could not be begun, because the store cannot be written ({why})"
    run = context.run.id if context.run else ""
    return Receipt(context.job.id, name, run, ReceiptState.FAILED, 0, clock(), reason, {}, kept=False)


def _started(task: DeliveryTask) -> threading.Thread:
    # In a copy of our context, so that its log lines name the job.
    work = contextvars.copy_context().run
    thread = threading.Thread(target=work, args=(task.run,), name=f"delivery-{task.name}", daemon=True)
    thread.start()
    return thread


def _wait_for(task: DeliveryTask, thread: threading.Thread) -> None:
    """Until it has ended, or has had its time: a server that answers a byte a minute must not hold the others' job."""
    while thread.is_alive():
        thread.join(_LOOK_SECONDS)
        began = task.began
        if thread.is_alive() and began is not None and time.monotonic() - began > BOUND_SECONDS + GRACE_SECONDS:
            task.given_up.set()
            minutes = int((BOUND_SECONDS + GRACE_SECONDS) // 60)
            task.record(ReceiptState.FAILED, f"the receiver did not finish within {minutes} minutes", {})
            return
