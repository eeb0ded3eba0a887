"""Status of schedules, job queue and deliveries, read from the database for the metrics.

Each query uses an index or a few rows, regardless of the length of the history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from audit.store.schema import holds, jobs, receipts, runs
from audit.store.summary import RunListEntry
from schedules.jobs.queue import JobState, Kind

RECEIPT_DAYS = 7
"""Receipts of this many days are counted."""

_OUTCOMES = tuple(state.value for state in JobState if state.ended and state is not JobState.COALESCED)
"""Outcomes that count for the status of a schedule; a coalesced job was merged into another one."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended."""

    id: str
    state: JobState
    run: str
    finished_at: dt.datetime
    seconds: float | None
    """From the start of its first attempt to its end; None where it was never started."""
    attempts: int


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """Status of one schedule."""

    due_at: dt.datetime | None
    """The latest due time that has a job."""
    last: Ended | None
    """Its newest audit that has ended, with any outcome."""
    good: Ended | None
    """Its newest audit that produced a run."""
    line: RunListEntry | None
    """Summary of that run; None where retention has deleted it."""
    receipts: Mapping[str, str]
    """Delivery → receipt state, of `last`."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs that have not ended."""

    counts: Mapping[tuple[Kind, JobState], int]
    """Number of waiting and of running jobs of every kind."""
    oldest_waiting: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """Status of the whole service at one moment."""

    schedules: Mapping[str, ScheduleStatus]
    queue: Queue
    receipts: Mapping[tuple[str, str], int]
    """(delivery, state) → receipts of the last RECEIPT_DAYS days."""
    runs: int
    """Number of stored runs."""
    held: int
    """Number of them under legal hold."""


def service_status(engine: sa.Engine, schedules: Iterable[str], now: dt.datetime) -> ServiceStatus:
    """Status of *schedules*, the job queue and the deliveries."""
    with engine.connect() as connection:
        by_schedule = {name: _schedule_status(connection, name) for name in schedules}
        runs_stored, held = _run_counts(connection)
        return ServiceStatus(by_schedule, _queue(connection), _receipt_counts(connection, now), runs_stored, held)


def _schedule_status(connection: sa.Connection, schedule: str) -> ScheduleStatus:
    """Status of *schedule*."""
    audits = sa.and_(jobs.c.schedule == schedule, jobs.c.kind == Kind.AUDIT.value)
    last = _newest(connection, sa.and_(audits, jobs.c.state.in_(_OUTCOMES)))
    good = _newest(connection, sa.and_(audits, jobs.c.state == JobState.DONE.value, jobs.c.run.is_not(None)))
    due_at = connection.scalar(sa.select(sa.func.max(jobs.c.due_at)).where(jobs.c.schedule == schedule))
    receipt_states = sa.select(receipts.c.delivery, receipts.c.state).where(receipts.c.job == (last.id if last else ""))
    summary = connection.scalar(sa.select(runs.c.summary).where(runs.c.id == (good.run if good else "")))
    return ScheduleStatus(
        due_at=None if due_at is None else dt.datetime.fromisoformat(due_at),
        last=last,
        good=good,
        line=None if summary is None else RunListEntry.from_document(summary),
        receipts={row.delivery: row.state for row in connection.execute(receipt_states)},
    )


def _newest(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Ended | None:
    wanted = jobs.c["id", "state", "run", "started_at", "finished_at", "attempts"]
    row = connection.execute(sa.select(*wanted).where(condition).order_by(jobs.c.id.desc()).limit(1)).one_or_none()
    if row is None or row.finished_at is None:
        return None
    finished = dt.datetime.fromisoformat(row.finished_at)
    began = None if row.started_at is None else dt.datetime.fromisoformat(row.started_at)
    return Ended(
        id=row.id,
        state=JobState(row.state),
        run=row.run or "",
        finished_at=finished,
        seconds=None if began is None else (finished - began).total_seconds(),
        attempts=row.attempts,
    )


def _queue(connection: sa.Connection) -> Queue:
    """Waiting and running jobs."""
    open_ = (JobState.WAITING, JobState.RUNNING)
    query = (
        sa.select(jobs.c.kind, jobs.c.state, sa.func.count().label("number"))
        .where(jobs.c.state.in_([state.value for state in open_]))
        .group_by(jobs.c.kind, jobs.c.state)
    )
    counts = {(kind, state): 0 for kind in Kind for state in open_}
    counts |= {(Kind(row.kind), JobState(row.state)): row.number for row in connection.execute(query)}
    oldest = connection.scalar(
        sa.select(sa.func.min(jobs.c.requested_at)).where(jobs.c.state == JobState.WAITING.value)
    )
    return Queue(counts, None if oldest is None else dt.datetime.fromisoformat(oldest))


def _receipt_counts(connection: sa.Connection, now: dt.datetime) -> dict[tuple[str, str], int]:
    """(delivery, state) → receipts of the last RECEIPT_DAYS days."""
    since = (now - dt.timedelta(days=RECEIPT_DAYS)).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    query = (
        sa.select(receipts.c.delivery, receipts.c.state, sa.func.count().label("number"))
        .where(receipts.c.at >= since)
        .group_by(receipts.c.delivery, receipts.c.state)
    )
    return {(row.delivery, row.state): row.number for row in connection.execute(query)}


def _run_counts(connection: sa.Connection) -> tuple[int, int]:
    """Number of stored runs, and of those under legal hold."""
    return (
        connection.scalar(sa.select(sa.func.count()).select_from(runs)) or 0,
        connection.scalar(sa.select(sa.func.count()).select_from(holds)) or 0,
    )
