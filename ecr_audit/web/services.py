"""Operations that pages and API use: the only interface between the web package and the rest."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.model import Run
from audit.store import Store
from audit.waiver_file import CannotWaiveError, append_waiver, waivable
from reports.formats import FORMATS
from reports.run_view import kept_view, rendered
from reports.view import ReportView
from schedules.configuration.service import Configuration, ScopeSettings
from schedules.jobs.queue import Job, JobQueue, JobState, Kind

Clock = Callable[[], dt.datetime]

OPENED_AT_ONCE = 4
"""Runs that are cached in memory: one of 20,000 findings takes some 100 MB."""
RENDERED_AT_ONCE, RENDERED_NEXT = 2, 12
"""Reports that are rendered at once, and those that may wait for it."""
WAITING_AT_MOST = 50
"""Jobs in the queue; further requests are rejected until some are done."""
NEXT_TIMES = 3
"""How many next times of a schedule are shown."""


class ServiceError(Exception):
    """The operation is not possible; the message states the reason and what to do."""


class UnknownError(ServiceError):
    """The schedule, job or format does not exist."""


class WaiveError(ServiceError):
    """The waiver was not written."""


class BusyError(ServiceError):
    """Too many requests are waiting already."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A stored run and the view of it that reports show."""

    run: Run
    view: ReportView


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One schedule as a list shows it."""

    name: str
    words: str
    """When it runs, in words."""
    timezone: str
    next_at: tuple[dt.datetime, ...]
    """Its next times, in UTC; empty while it is paused."""
    last: Job | None
    """Its most recently requested job, by schedule or user."""
    paused: bool


class Services:
    """One store, its jobs, and one configuration. Safe to use from many threads."""

    def __init__(self, configuration: Configuration, store: Store, clock: Clock) -> None:
        """*clock*: the present, aware, in UTC."""
        self.configuration, self.store, self.clock = configuration, store, clock
        self.queue = JobQueue(store.engine, clock)
        self._opened = _RunCache(OPENED_AT_ONCE)
        self._rendering = threading.BoundedSemaphore(RENDERED_AT_ONCE)
        self._within_capacity = threading.BoundedSemaphore(RENDERED_AT_ONCE + RENDERED_NEXT)

    def job(self, job_id: str) -> Job:
        """The job with this ID. Raises UnknownError."""
        job = self.queue.get(job_id)
        if job is None:
            raise UnknownError(f"job {job_id!r} does not exist")
        return job

    def opened(self, run_id: str) -> Opened:
        """A run and what reports say about it. *run_id*: `latest`, an id, or the beginning of exactly one.

        Raises NoSuchRunError, or StoreError if the run cannot be read.
        """
        return self._opened.get(self.store.resolve(run_id), self._open)

    def _open(self, run_id: str) -> Opened:
        run = self.store.load(run_id)
        return Opened(run, kept_view(self.store, run))

    def files(self, run_id: str, format: str) -> Mapping[str, bytes]:
        """The files of one format of a run by name: already rendered, or rendered now, a few at once.

        Raises UnknownError for an unknown format, BusyError if too many requests wait, and what `opened` raises.
        """
        if format not in FORMATS:
            raise UnknownError(f"{format!r} is not a valid report format; use one of {', '.join(FORMATS)}")
        opened = self.opened(run_id)
        if not self._within_capacity.acquire(blocking=False):
            # Each waiting request holds a thread, and pages need threads, too.
            raise BusyError("too many reports are being rendered; try again in a minute")
        try:
            with self._rendering:
                return rendered(self.store, opened.run, opened.view, format)
        finally:
            self._within_capacity.release()

    def audit(self, schedule: str, by: str, scope: ScopeSettings | None = None) -> Job:
        """Request an audit of *schedule*, or without a schedule of *scope* (None: the whole organization).

        Raises UnknownError for a schedule that the configuration does not have, BusyError.
        """
        request: dict[str, Any] = {}
        if schedule:
            if schedule not in self.configuration.schedules:
                raise UnknownError(
                    f"schedule {schedule!r} does not exist; see the configuration file for the names of schedules"
                )
            request["deliveries"] = list(self.configuration.schedules[schedule].deliveries)
        if scope is not None:
            request["scope"] = scope.model_dump(mode="json")
        return self._enqueue(Kind.AUDIT, by, schedule=schedule, request=request)

    def report(self, run_id: str, formats: Sequence[str], by: str) -> Job:
        """Request reports of a run. Raises UnknownError for an unknown format, NoSuchRunError, BusyError."""
        unknown = [name for name in formats if name not in FORMATS]
        if unknown or not formats:
            raise UnknownError(
                f"{', '.join(unknown) or 'an empty list'} is not a valid report format; use {', '.join(FORMATS)}"
            )
        run = self.store.resolve(run_id)
        return self._enqueue(Kind.REPORT, by, run=run, request={"formats": list(dict.fromkeys(formats))})

    def _enqueue(self, kind: Kind, by: str, *, request: Mapping[str, Any], schedule: str = "", run: str = "") -> Job:
        if len(self.queue.list(states=(JobState.WAITING,), limit=WAITING_AT_MOST)) >= WAITING_AT_MOST:
            raise BusyError(f"{WAITING_AT_MOST} jobs are already waiting; wait until some are done, or cancel some")
        job = self.queue.enqueue(kind, by=by, schedule=schedule, request=request, run=run)
        if job is None:
            raise BusyError("the job could not be stored; try again")
        self.store.act(by, kind.value, schedule or run or "everything", {"job": job.id}, self.clock())
        return job

    def cancel(self, job_id: str, by: str) -> bool:
        """Cancel a waiting job, or request its worker to stop. False if the job has ended or does not exist."""
        if not self.queue.request_cancel(job_id, by):
            return False
        self.store.act(by, "cancel", job_id, {}, self.clock())
        return True

    def waive(self, run_id: str, fingerprint: str, reason: str, until: dt.date, by: str, owner: str = "") -> str:
        """Waive a finding of a run until a day. Returns the name of the waiver file.

        *by*: the user; *owner*: the owner of the waiver, by default the user.
        Raises WaiveError if the finding cannot be waived or there is no waiver file, and what `opened` raises.
        """
        run = self.opened(run_id).run
        path = self._waiver_file(run.id)
        now = self.clock()
        try:
            finding = waivable(run, fingerprint)
            waived = append_waiver(path, run, finding, reason=reason, until=until, owner=owner or by, today=now.date())
        except CannotWaiveError as error:
            raise WaiveError(str(error).replace(str(path), path.name)) from error
        detail = {
            "check": finding.check,
            "run": run.id,
            "reason": reason,
            "until": until.isoformat(),
            "owner": owner or by,
        }
        self.store.act(by, "waive", finding.fingerprint, {**detail, "file": waived.path.name}, now)
        return waived.path.name

    def _waiver_file(self, run_id: str) -> Path:
        """The waiver file of the schedule that made the run; for a manual run, the only waiver file configured."""
        made_by = self.queue.makers([run_id]).get(run_id)
        schedule = self.configuration.schedules.get(made_by.schedule if made_by is not None else "")
        files = {one.waivers for one in self.configuration.schedules.values() if one.waivers}
        if schedule is not None and schedule.waivers:
            return Path(schedule.waivers)
        if schedule is None and len(files) == 1:
            return Path(files.pop())
        raise WaiveError(
            "this run has no waiver file: set `waivers` of its schedule in the configuration file, or use "
            "`ecr-audit waive`"
        )

    def schedules(self) -> tuple[ScheduleLine, ...]:
        """Every schedule of the configuration, in its order."""
        from schedules.calendar.occasions import occasions, words

        now = self.clock()
        horizon = now + dt.timedelta(days=366 * 9)  # the rarest date comes every eight years at most
        return tuple(
            ScheduleLine(
                name=name,
                words=words(one),
                timezone=one.timezone,
                next_at=() if one.paused else tuple(occasions(one, now, horizon, limit=NEXT_TIMES)),
                last=next(iter(self.queue.list(schedule=name, limit=1)), None),
                paused=one.paused,
            )
            for name, one in self.configuration.schedules.items()
        )


@dataclass(slots=True)
class _RunCache:
    """Cache of the runs opened last. Concurrent requests for one run open it once."""

    size: int
    _cached: OrderedDict[str, Opened] = field(default_factory=OrderedDict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str, open_: Callable[[str], Opened]) -> Opened:
        """The run *name*, opened by *open_* if it is not cached."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            with self._lock:
                if name in self._cached:
                    self._cached.move_to_end(name)
                    return self._cached[name]
            try:
                opened = open_(name)
                with self._lock:
                    self._cached[name] = opened
                    while len(self._cached) > self.size:
                        self._cached.popitem(last=False)
            finally:
                with self._lock:
                    self._locks.pop(name, None)
            return opened
