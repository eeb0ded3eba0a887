"""Ended jobs with promised deliveries that have no receipt yet: found in the job queue, retried, given up at last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from audit.store import Store
from schedules.deliveries.receipts import Receipts, ReceiptState
from schedules.jobs.queue import Clock, Job, JobQueue

NOTIFIED_WITHIN = dt.timedelta(days=7)
"""Older outcomes are not notified any more."""
ATTEMPTS = 3
"""Workers of one service that may die while notifying of one job."""


class PendingNotifications:
    """Jobs whose notifications are complete, and the service's attempts for the others."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._queue, self._receipts, self._clock = JobQueue(store.engine, clock), Receipts(store.engine, clock), clock
        self._notified: set[str] = set()
        self._attempts: dict[str, int] = {}

    def notified(self, job: Job) -> bool:
        """Whether every promised delivery of an ended job has its receipt."""
        if job.id not in self._notified and not self._missing(job):
            self._notified.add(job.id)
        return job.id in self._notified

    def outcomes(self) -> Iterator[Job]:
        """Ended jobs with deliveries that were not notified, the latest first."""
        return (job for job in self._queue.ended_since(self._clock() - NOTIFIED_WITHIN) if not self.notified(job))

    def attempt(self, job: Job) -> bool:
        """Whether another attempt may be made; where not, what is missing is recorded as failed."""
        self._attempts[job.id] = self._attempts.get(job.id, 0) + 1
        if self._attempts[job.id] <= ATTEMPTS:
            return True
        for name in self._missing(job):
            self._receipts.promise(job.id, name, job.run)
            self._receipts.failed(job.id, name, f"the worker process of the delivery died {ATTEMPTS} times")
        return False

    def _missing(self, job: Job) -> tuple[str, ...]:
        """Promised deliveries without an outcome."""
        if not job.promised:
            return ()
        done = {receipt.delivery for receipt in self._receipts.of(job.id) if receipt.state is not ReceiptState.PENDING}
        return tuple(name for name in job.promised if name not in done)
