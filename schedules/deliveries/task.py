"""One promised delivery: the decision whether to send it, its content, its attempts, and its receipt."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
import structlog

from audit.store import Store
from reports.sanitize import one_line
from schedules.deliveries.attachments import Attachments
from schedules.deliveries.channels import channel_of, deliver
from schedules.deliveries.receipts import Receipt, Receipts, ReceiptState
from schedules.deliveries.retry import PartlyDeliveredError, Pause, attempts, lasting
from schedules.deliveries.settings import DeliverySettings
from schedules.jobs.queue import Clock, Job, JobQueue
from schedules.notifications.digests import Digest, digest_of
from schedules.notifications.messages import compose
from schedules.notifications.model import DeliveryContent, DeliveryError, NotificationContext
from schedules.notifications.rules import decide

DIGEST_DAYS = {"daily": 1, "weekly": 7, "monthly": 31}
"""Period of the first digest."""
DIGEST_JOBS = 1_000


@dataclass(slots=True)
class DeliveryTask:
    """A promised delivery and all that it needs. One thread runs it; another one may abandon it."""

    name: str
    settings: DeliverySettings
    context: NotificationContext
    receipts: Receipts
    attachments: Attachments
    store: Store | None
    clock: Clock
    pause: Pause
    receipt: Receipt
    """As promised, then as recorded at the end."""
    began: float | None = None
    """When its first attempt began, on the monotonic clock; None before."""
    given_up: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """From the decision to the receipt. Any error in it is recorded in its receipt."""
        try:
            self._go()
        except Exception as error:  # isolated here, so that the others and the job go on
            structlog.get_logger().exception("delivery-broke", delivery=self.name)
            why = f"internal error: {type(error).__name__}: {error}"
            self.record(ReceiptState.FAILED, why, {})

    def _go(self) -> None:
        last = self._last_digest_at()
        decision = decide(self.settings.notify_on, self.context, last_digest_at=last)
        suppressed = decision.suppressed if not decision.goes else self._why_not_without_run()
        if suppressed or not decision.goes:
            self.record(ReceiptState.SUPPRESSED, suppressed or "there was nothing to report", {})
            return
        message = compose(self.context, decision, self._digest(last) if decision.digest else None)
        files, without = self.attachments.of(self.settings)
        content = DeliveryContent(
            key=f"{self.context.job.id}.{self.name}",
            schedule=self.context.schedule,
            job=self.context.job,
            run=self.context.run,
            view=self.context.view,
            message=replace(message, totals=(*message.totals, *without)),
            files=files,
        )
        self._attempt(content, {"digest": decision.digest, "reasons": list(decision.texts)}, without)

    def _why_not_without_run(self) -> str:
        return channel_of(self.settings).without_run if self.context.run is None else ""

    def _attempt(self, content: DeliveryContent, detail: Mapping[str, Any], without: tuple[str, ...]) -> None:
        self.began = time.monotonic()
        made = 0
        try:
            for attempt in attempts(self.pause):
                with attempt:
                    if self.given_up.is_set() or not self._counted():
                        return
                    made += 1
                    answer = dict(self._delivered(content))
        except DeliveryError as error:
            self.record(ReceiptState.FAILED, _error_text(error, made), detail)
            return
        left_out = (*without, *answer.pop("without", ()))
        self.record(ReceiptState.SENT, " ".join(left_out), {**detail, **answer})

    def _delivered(self, content: DeliveryContent) -> Mapping[str, Any]:
        try:
            return deliver(self.settings, content, clock=self.clock)
        except PartlyDeliveredError as error:
            self.settings = error.left
            raise

    def _counted(self) -> bool:
        """Count an attempt that is about to be made. False where another process settled it meanwhile."""
        name, job = self.name, self.context.job.id
        try:
            if lasting(lambda: self.receipts.attempt(job, name), self.pause):
                self.receipt = replace(self.receipt, attempts=self.receipt.attempts + 1)
                return True
            self.receipt = lasting(lambda: self.receipts.get(job, name), self.pause) or self.receipt
            return False
        except sa.exc.SQLAlchemyError as error:
            # It is promised, so it is sent anyway; a process that resumes the job uses the same key.
            structlog.get_logger().warning("attempt-uncounted", delivery=name, reason=type(error).__name__)
            self.receipt = replace(self.receipt, attempts=self.receipt.attempts + 1)
            return True

    def record(self, state: ReceiptState, reason: str, detail: Mapping[str, Any]) -> None:
        """Store the outcome. Where the database cannot be written, the returned receipt says so."""
        job, name = self.context.job.id, self.name
        write: Mapping[ReceiptState, Callable[[], bool]] = {
            ReceiptState.SENT: lambda: self.receipts.sent(job, name, detail, reason),
            ReceiptState.SUPPRESSED: lambda: self.receipts.suppressed(job, name, reason),
            ReceiptState.FAILED: lambda: self.receipts.failed(job, name, reason, detail),
        }
        try:
            lasting(write[state], self.pause)
            kept = lasting(lambda: self.receipts.get(job, name), self.pause)
            if kept is not None:
                self.receipt = kept
                log = structlog.get_logger().bind(delivery=name, state=kept.state.value, attempts=kept.attempts)
                (log.warning if kept.state is ReceiptState.FAILED else log.info)("delivery", reason=kept.reason)
                return
            problem = "its row was deleted"
        except sa.exc.SQLAlchemyError as error:
            problem = type(error).__name__
        structlog.get_logger().error("receipt-not-kept", delivery=name, state=state.value, reason=problem)
        why = one_line(f"{reason} The receipt could not be stored: {problem}.").strip()
        self.receipt = replace(self.receipt, state=state, at=self.clock(), reason=why, detail=dict(detail), kept=False)

    def _last_digest_at(self) -> dt.datetime | None:
        if self.settings.notify_on.digest == "never":
            return None
        return lasting(lambda: self.receipts.last_digest_at(self.context.schedule, self.name), self.pause)

    def _digest(self, last: dt.datetime | None) -> Digest | None:
        """The digest of the jobs that ended since the last one."""
        if self.store is None:
            return None
        store = self.store
        since = last or self.clock() - dt.timedelta(days=DIGEST_DAYS[self.settings.notify_on.digest])
        queue = JobQueue(self.receipts.engine, self.clock)
        jobs = lasting(lambda: queue.list(schedule=self.context.schedule, limit=DIGEST_JOBS), self.pause)
        covered = tuple(job for job in jobs if _ended_after(job, since))
        runs = {job.run for job in covered if job.run}
        return digest_of([line for line in store.list() if line.id in runs], covered)


def _ended_after(job: Job, since: dt.datetime) -> bool:
    return job.finished_at is not None and job.finished_at > since


def _error_text(error: DeliveryError, made: int) -> str:
    return str(error) if made < 2 else f"{error} (after {made} attempts)"
