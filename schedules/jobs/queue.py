"""The job queue: one row per job, from its request to its outcome, shared by all processes.

An occasion of a schedule (its name and due time) has at most one job, even with several processes, so that each
scheduled run has exactly one outcome. Only the holder of a job's lease changes a running job.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from audit.store.schema import jobs

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """The current time, the default clock."""
    return dt.datetime.now(dt.UTC)


_CANCEL_TRIES = 3


class Kind(StrEnum):
    """What a job does."""

    AUDIT = "audit"
    REPORT = "report"


class JobState(StrEnum):
    """State of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    """It succeeded; the audit's findings are in its run."""
    FAILED = "failed"
    MISSED = "missed"
    """The service was down or busy for longer than the schedule's catch-up window."""
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"
    COALESCED = "coalesced"
    """Merged into a later occasion, or into one that was running."""

    @property
    def ended(self) -> bool:
        """Whether this is an outcome."""
        return self not in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the queue."""

    id: str
    """`YYYYMMDDTHHMMSSZ-` and six hex digits, three of them fractions of the second: sorts by time of request."""
    kind: Kind
    schedule: str
    """Name of its schedule; empty for a manual job without a schedule."""
    due_at: dt.datetime | None
    """The occasion of the schedule; None for a manual job."""
    requested_at: dt.datetime
    requested_by: str
    """`schedule`, `catch-up`, or the user who requested it."""
    request: Mapping[str, Any]
    """JSON values: what to audit or to render in addition to the schedule's settings."""
    state: JobState
    reason: str
    """Why it ended in this state, in a sentence; empty where it succeeded."""
    run: str
    """The run that it produced, or that it renders; empty while there is none."""
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    attempts: int
    note: str
    """Its current step."""
    done: int
    total: int
    cancel_requested_by: str
    holder: str
    """The attempt that holds it, or held it last."""

    @property
    def promised(self) -> tuple[str, ...]:
        """Names of the deliveries that are notified of its outcome."""
        return tuple(self.request.get("deliveries", ()))


class JobQueue:
    """The jobs of a store."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        """*clock*: the current time, aware, in UTC."""
        self._engine, self._clock = engine, clock

    def enqueue(
        self,
        kind: Kind,
        *,
        by: str,
        schedule: str = "",
        due_at: dt.datetime | None = None,
        request: Mapping[str, Any] | None = None,
        run: str = "",
        state: JobState = JobState.WAITING,
        reason: str = "",
    ) -> Job | None:
        """Record a job. None where the occasion already has one, recorded by another process.

        *state*: WAITING, or the outcome of an occasion that will not run (MISSED, COALESCED).
        """
        now = self._clock()
        values = {
            "kind": kind.value,
            "schedule": schedule or None,
            "due_at": _text(due_at),
            "requested_at": _text(now),
            "requested_by": _storable(by)[:200],
            "request": dict(request or {}),
            "state": state.value,
            "reason": _storable(reason),
            "run": run or None,
            "started_at": None,
            "finished_at": _text(now) if state.ended else None,
            "attempts": 0,
            "note": "",
            "done": 0,
            "total": 0,
            "cancel_requested_by": None,
            "holder": None,
        }
        while True:
            identifier = _new_id(now)
            try:
                with self._engine.begin() as connection:
                    connection.execute(jobs.insert().values(id=identifier, **values))
                return self.get(identifier)
            except sa.exc.IntegrityError:
                if due_at is not None and self.occasion(schedule, due_at) is not None:
                    return None
                if self.get(identifier) is None:
                    raise  # not because of a duplicate id

    def get(self, identifier: str) -> Job | None:
        """The job with this id."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(jobs).where(jobs.c.id == identifier)).one_or_none()
        return None if row is None else _job(row)

    def occasion(self, schedule: str, due_at: dt.datetime) -> Job | None:
        """The job of an occasion."""
        wanted = sa.select(jobs).where(jobs.c.schedule == schedule, jobs.c.due_at == _text(due_at))
        with self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _job(row)

    def last_due(self, schedule: str) -> dt.datetime | None:
        """The latest occasion of a schedule that has a job."""
        latest = sa.select(sa.func.max(jobs.c.due_at)).where(jobs.c.schedule == schedule)
        with self._engine.connect() as connection:
            return _moment(connection.scalar(latest))

    def list(
        self, *, schedule: str = "", states: Sequence[JobState] = (), kind: Kind | None = None, run: str = "",
        before: str = "", limit: int = 50,
    ) -> tuple[Job, ...]:  # fmt: skip
        """Jobs, newest first; *before*: only those requested earlier than this one."""
        query = sa.select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if schedule:
            query = query.where(jobs.c.schedule == schedule)
        if states:
            query = query.where(jobs.c.state.in_([state.value for state in states]))
        if kind is not None:
            query = query.where(jobs.c.kind == kind.value)
        if run:
            query = query.where(jobs.c.run == run)
        if before:
            query = query.where(jobs.c.id < before)
        with self._engine.connect() as connection:
            return tuple(_job(row) for row in connection.execute(query))

    def makers(self, runs: Iterable[str]) -> dict[str, Job]:
        """Run → the audit job that produced it; a run of the command line has none."""
        query = sa.select(jobs).where(jobs.c.run.in_(tuple(runs)), jobs.c.kind == Kind.AUDIT.value)
        with self._engine.connect() as connection:
            return {row.run: _job(row) for row in connection.execute(query)}

    def before(self, job: Job) -> Job | None:
        """The schedule's previous job before *job* whose outcome is neither coalesced nor cancelled."""
        outcomes = [state.value for state in (JobState.DONE, JobState.FAILED, JobState.MISSED, JobState.TIMED_OUT)]
        moment, here = sa.func.coalesce(jobs.c.due_at, jobs.c.requested_at), _text(job.due_at or job.requested_at)
        query = (
            sa.select(jobs)
            .where(jobs.c.schedule == job.schedule, moment < here, jobs.c.state.in_(outcomes))
            .order_by(moment.desc(), jobs.c.id.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _job(row)

    def ended_since(self, moment: dt.datetime, limit: int = 1000) -> tuple[Job, ...]:
        """Jobs that ended at or after *moment*, newest first."""
        ended = [state.value for state in JobState if state.ended]
        query = sa.select(jobs).where(jobs.c.state.in_(ended), jobs.c.finished_at >= _text(moment))
        with self._engine.connect() as connection:
            return tuple(_job(row) for row in connection.execute(query.order_by(jobs.c.id.desc()).limit(limit)))

    def waiting(self) -> tuple[Job, ...]:
        """Jobs that have not been started, oldest request first."""
        query = sa.select(jobs).where(jobs.c.state == JobState.WAITING.value).order_by(jobs.c.id)
        with self._engine.connect() as connection:
            return tuple(_job(row) for row in connection.execute(query))

    def begin(self, identifier: str, holder: str) -> Job | None:
        """Start a waiting job for *holder*, the holder of its lease. None where it was already started or cancelled."""
        taken = self._change(
            identifier,
            jobs.c.state == JobState.WAITING.value,
            state=JobState.RUNNING.value,
            holder=holder,
            started_at=sa.func.coalesce(jobs.c.started_at, _text(self._clock())),
            attempts=jobs.c.attempts + 1,
        )
        return self.get(identifier) if taken else None

    def again(self, identifier: str, holder: str, reason: str, *, counted: bool = True) -> bool:
        """Put a job that *holder* could not finish back to waiting; *counted*: whether that was one of its attempts."""
        attempts = jobs.c.attempts if counted else jobs.c.attempts - 1
        return self._change(identifier, _held(holder), state=JobState.WAITING.value, reason=reason, attempts=attempts)

    def report_progress(self, identifier: str, holder: str, *, note: str, done: int, total: int) -> bool:
        """Record its progress. False where *holder* no longer holds it."""
        return self._change(identifier, _held(holder), note=note[:400], done=done, total=total)

    def made(self, identifier: str, holder: str, run: str) -> bool:
        """Record that it has produced *run*."""
        return self._change(identifier, _held(holder), run=run)

    def end(self, identifier: str, holder: str, state: JobState, reason: str = "") -> bool:
        """Record its outcome. False where *holder* no longer holds it: then the new holder records it."""
        finished = _text(self._clock())
        return self._change(identifier, _held(holder), state=state.value, reason=reason, finished_at=finished)

    def request_cancel(self, identifier: str, by: str) -> bool:
        """Cancel a job: immediately if it waits, else by a request to its holder. False where it has ended."""
        finished = _text(self._clock())
        waits = jobs.c.state == JobState.WAITING.value
        reason = f"cancelled by {by[:200]}"
        runs = jobs.c.state == JobState.RUNNING.value
        for _ in range(_CANCEL_TRIES):  # between the two it may be started, or put back
            if self._change(identifier, waits, state=JobState.CANCELLED.value, reason=reason, finished_at=finished):
                return True
            if self._change(identifier, runs, cancel_requested_by=by[:200]):
                return True
        return False

    def _change(self, identifier: str, condition: sa.ColumnElement[bool], **values: Any) -> bool:
        change = jobs.update().where(jobs.c.id == identifier, condition)
        storable = {name: _storable(value) if isinstance(value, str) else value for name, value in values.items()}
        with self._engine.begin() as connection:
            return connection.execute(change.values(**storable)).rowcount == 1


def _storable(text: str) -> str:
    """*text* as any database stores it: PostgreSQL rejects the null character, and an outcome must be recorded."""
    return text.replace("\0", "\ufffd")


_ids = threading.Lock()
_last_id = ""


def _new_id(now: dt.datetime) -> str:
    """Ids of one process sort by time of request, those of several processes nearly so.

    After a long outage thousands are recorded within a second: 12 bits are the fraction of the second, 12 are random.
    """
    global _last_id
    part = now.microsecond * 0x1000 // 1_000_000
    drawn = f"{now:%Y%m%dT%H%M%SZ}-{part:03x}{secrets.randbelow(0x1000):03x}"
    with _ids:
        second, _, number = _last_id.partition("-")
        if drawn <= _last_id and drawn.startswith(second) and number != "ffffff":
            drawn = f"{second}-{int(number, 16) + 1:06x}"
        _last_id = drawn
    return drawn


def _held(holder: str) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.state == JobState.RUNNING.value, jobs.c.holder == holder)


def _job(row: sa.Row[Any]) -> Job:
    return Job(
        id=row.id, kind=Kind(row.kind), schedule=row.schedule or "", due_at=_moment(row.due_at),
        requested_at=dt.datetime.fromisoformat(row.requested_at), requested_by=row.requested_by, request=row.request,
        state=JobState(row.state), reason=row.reason, run=row.run or "", started_at=_moment(row.started_at),
        finished_at=_moment(row.finished_at), attempts=row.attempts, note=row.note, done=row.done, total=row.total,
        cancel_requested_by=row.cancel_requested_by or "", holder=row.holder or "",
    )  # fmt: skip


def _text(moment: dt.datetime | None) -> str | None:
    """Times are compared as text, so they have one format."""
    return None if moment is None else moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
