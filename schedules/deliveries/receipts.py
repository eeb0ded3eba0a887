"""The receipts of promised deliveries: one row per (job, delivery), created before the first attempt.

A process that dies between an attempt and its receipt leaves `pending`: the process that resumes the job attempts
again, with the same key, so that a receiver recognizes the repetition. What was sent or suppressed is never repeated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from audit.store.schema import jobs, receipts
from reports.sanitize import one_line
from schedules.jobs.queue import Clock, Job

LOOKED_BACK = 100
"""Number of earlier jobs in which the last notified one is searched for."""
REASON_LENGTH = 1_000
"""Characters of a reason that are stored: responses of servers can be long."""


class ReceiptState(StrEnum):
    """State of a delivery."""

    PENDING = "pending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    """Its `notify_on` rules had nothing to report."""
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do, even if the job is resumed."""
        return self in (ReceiptState.SENT, ReceiptState.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of one promised delivery of one job."""

    job: str
    delivery: str
    """Its name in the configuration file."""
    run: str
    """Empty for a job without a run."""
    state: ReceiptState
    attempts: int
    """In all processes that worked on the job."""
    at: dt.datetime
    """When this state was written."""
    reason: str
    """Why it was suppressed or failed, or what was omitted from a sent one."""
    detail: Mapping[str, Any]
    """JSON values: ids from receivers, paths that were written, and `digest`."""
    kept: bool = True
    """False where the database could not be written: then the stored row is out of date."""


class Receipts:
    """The receipts of a store. Methods raise SQLAlchemy's errors."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        """*clock*: the current time, aware, in UTC."""
        self.engine, self._clock = engine, clock

    def of(self, job: str) -> tuple[Receipt, ...]:
        """Receipts of a job, ordered by name of the delivery."""
        wanted = sa.select(receipts).where(receipts.c.job == job).order_by(receipts.c.delivery)
        with self.engine.connect() as connection:
            return tuple(_receipt(row) for row in connection.execute(wanted))

    def get(self, job: str, delivery: str) -> Receipt | None:
        """The receipt of one delivery of a job."""
        wanted = sa.select(receipts).where(receipts.c.job == job, receipts.c.delivery == delivery)
        with self.engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _receipt(row)

    def promise(self, job: str, delivery: str, run: str = "") -> Receipt:
        """The receipt of a delivery, created as `pending` if needed. Raises IntegrityError without the job."""
        found = self.get(job, delivery)
        if found is not None:
            return found
        values: dict[str, Any] = {
            "job": job, "delivery": delivery, "run": run or None, "state": ReceiptState.PENDING.value, "attempts": 0,
            "at": _text(self._clock()), "reason": "", "detail": {},
        }  # fmt: skip
        try:
            with self.engine.begin() as connection:
                connection.execute(receipts.insert().values(**values))
        except sa.exc.IntegrityError:
            # Another process was first, or there is no such job.
            found = self.get(job, delivery)
            if found is None:
                raise
            return found
        return _receipt_of(values)

    def attempt(self, job: str, delivery: str) -> bool:
        """Count an attempt that is about to be made. False where nothing is left to do."""
        return self._change(job, delivery, state=ReceiptState.PENDING.value, attempts=receipts.c.attempts + 1)

    def sent(self, job: str, delivery: str, detail: Mapping[str, Any], reason: str = "") -> bool:
        """Record that it was sent. *reason*: what was omitted."""
        return self._change(job, delivery, state=ReceiptState.SENT.value, detail=dict(detail), reason=_short(reason))

    def suppressed(self, job: str, delivery: str, reason: str) -> bool:
        """Record that it was suppressed because of *reason*. Creates the receipt if needed."""
        self.promise(job, delivery)
        return self._change(job, delivery, state=ReceiptState.SUPPRESSED.value, reason=_short(reason))

    def failed(self, job: str, delivery: str, reason: str, detail: Mapping[str, Any] | None = None) -> bool:
        """Record that it failed. False where it was sent meanwhile. Creates the receipt if needed."""
        self.promise(job, delivery)
        values: dict[str, Any] = {"state": ReceiptState.FAILED.value, "reason": _short(reason)}
        return self._change(job, delivery, **values, detail=dict(detail or {}))

    def last_notified(self, job: Job, delivery: str) -> str | None:
        """The last job of the schedule before *job* of which this delivery was notified, if it missed later ones.

        Empty where it missed none, or is new; None where all its attempts have failed.
        """
        moment = sa.func.coalesce(jobs.c.due_at, jobs.c.requested_at)
        query = (
            sa.select(receipts.c.job, receipts.c.state)
            .join(jobs, jobs.c.id == receipts.c.job)
            .where(
                jobs.c.schedule == job.schedule, receipts.c.delivery == delivery, receipts.c.job != job.id,
                moment < _text(job.due_at or job.requested_at),
            )
            .order_by(moment.desc(), receipts.c.job.desc())
            .limit(LOOKED_BACK)
        )  # fmt: skip
        with self.engine.connect() as connection:
            earlier = connection.execute(query).all()
        settled = (place for place, row in enumerate(earlier) if ReceiptState(row.state).settled)
        place = next(settled, None)
        if place is None:
            return None if earlier else ""
        return str(earlier[place].job) if place else ""

    def last_digest_at(self, schedule: str, delivery: str) -> dt.datetime | None:
        """When this delivery last sent a digest of *schedule*."""
        query = (
            sa.select(sa.func.max(receipts.c.at))
            .join(jobs, jobs.c.id == receipts.c.job)
            .where(
                jobs.c.schedule == schedule,
                receipts.c.delivery == delivery,
                receipts.c.state == ReceiptState.SENT.value,
                receipts.c.detail["digest"].as_boolean(),
            )
        )
        with self.engine.connect() as connection:
            latest = connection.scalar(query)
        return None if latest is None else dt.datetime.fromisoformat(latest)

    def _change(self, job: str, delivery: str, **values: Any) -> bool:
        """Change a receipt that is not settled."""
        settled = [state.value for state in ReceiptState if state.settled]
        mine = sa.and_(receipts.c.job == job, receipts.c.delivery == delivery, receipts.c.state.not_in(settled))
        statement = receipts.update().where(mine).values(at=_text(self._clock()), **values)
        with self.engine.begin() as connection:
            return connection.execute(statement).rowcount == 1


def _short(reason: str) -> str:
    line = one_line(reason)
    return line if len(line) <= REASON_LENGTH else f"{line[: REASON_LENGTH - 1]}…"


def _receipt(row: sa.Row[Any]) -> Receipt:
    return _receipt_of(row._asdict())


def _receipt_of(values: Mapping[str, Any]) -> Receipt:
    return Receipt(
        job=values["job"], delivery=values["delivery"], run=values["run"] or "", state=ReceiptState(values["state"]),
        attempts=values["attempts"], at=dt.datetime.fromisoformat(values["at"]), reason=values["reason"],
        detail=values["detail"],
    )  # fmt: skip


def _text(moment: dt.datetime) -> str:
    """Times are compared as text, so they have the format of the job queue."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
