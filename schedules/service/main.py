"""The service: due occasions get a job, waiting jobs get a worker, ended jobs are notified, dead workers are replaced.

Several services may share a store: leases and the job queue ensure that each job has one worker. APScheduler wakes the
service when a schedule is due; due occasions are always determined from the job queue, so that a late, repeated or lost
wake-up changes only the time.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from audit.store import Store, StoreError
from schedules.calendar.occasions import trigger
from schedules.configuration.service import Configuration
from schedules.jobs.queue import Clock, Job, JobQueue
from schedules.service.processes import Launch, WorkerProcess
from schedules.service.scheduler import account_for
from schedules.service.supervisor import Supervisor

log = structlog.get_logger()

POLL_SECONDS = 1.0
"""How soon a job that another process requested is noticed."""
ACCOUNT_MINUTES = 1
"""How soon an occasion is noticed whose wake-up was lost: clock changed, machine suspended, database unavailable."""


class Service:
    """Runs the jobs of a store as a configuration says."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        clock: Clock,
        *,
        launch: Launch = WorkerProcess,
        poll_seconds: float = POLL_SECONDS,
        follow_schedules: bool = True,
    ) -> None:
        """*clock*: the current time, aware, in UTC. *launch* starts a worker; the queue is polled each *poll_seconds*.

        Without *follow_schedules*, only manual jobs are run.
        """
        self._followed = {
            name: one for name, one in configuration.schedules.items() if follow_schedules and not one.paused
        }
        self._clock, self._poll = clock, poll_seconds
        self._queue = JobQueue(store.engine, clock)
        self._supervisor = Supervisor(configuration, store, clock, launch)
        self._begun = clock()
        self._awake, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name="service", daemon=True)
        self._scheduler = BackgroundScheduler(timezone=dt.UTC)
        self.beat: float = 0.0
        """`time.monotonic()` of the last successful round, for the readiness probe."""
        self.trouble: str = ""
        """Why the last round failed; empty where it succeeded."""

    def start(self) -> None:
        """Record missed occasions, then follow the schedules until `stop`."""
        self._scheduler.add_listener(self._lost_wake_up, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        # A trigger is only a wake-up: a late one is valid, and several are merged into one.
        always = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        for name, schedule in self._followed.items():
            self._scheduler.add_job(self.account, trigger(schedule), id=name, **always)
        every = IntervalTrigger(minutes=ACCOUNT_MINUTES, timezone=dt.UTC)
        self._scheduler.add_job(self.account, every, id="all", next_run_time=self._begun, **always)
        self._scheduler.start()
        self._thread.start()

    def stop(self, grace_seconds: float = 60.0) -> None:
        """Shut down: no new job starts, running jobs save their progress and are resumed when a service starts."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._over.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._supervisor.put_down(grace_seconds)

    def wake(self) -> None:
        """Check the job queue now, because a job was requested."""
        self._awake.set()

    def account(self) -> None:
        """Record a job for every occasion up to now. If the database is unavailable, the next minute does it."""
        try:
            self._account(self._clock())
        except (sa.exc.SQLAlchemyError, StoreError) as error:
            log.error("occasions-not-recorded", reason=type(error).__name__)
        self.wake()

    def _account(self, now: dt.datetime) -> None:
        for name, schedule in self._followed.items():
            for job in account_for(name, schedule, self._queue, now, self._begun):
                log.info("occasion", schedule=name, due=str(job.due_at), job=job.id, state=job.state.value)

    def run_once(self, job_id: str, follow: Callable[[Job], None] = lambda _job: None) -> Job:
        """Run one job until it has ended and its deliveries have receipts, without following the schedules.

        If another service takes it first, it is only followed. Raises LookupError without such a job.
        """
        while True:
            job = self._queue.get(job_id)
            if job is None:
                raise LookupError(f"there is no job {job_id!r}")
            follow(job)
            self._look(only=job_id)
            if job.state.ended and not self._supervisor.busy and self._supervisor.notified(job):
                return job
            time.sleep(self._poll)

    def _live(self) -> None:
        while not self._over.is_set():
            self._look()
            self._awake.wait(self._poll)
            self._awake.clear()

    def _look(self, only: str = "") -> None:
        """One round. If the database is unavailable, the round fails, and the next one continues."""
        try:
            self._supervisor.round(only)
        except (sa.exc.SQLAlchemyError, StoreError) as error:
            if not self.trouble:
                log.error("store-not-answering", reason=type(error).__name__)
            self.trouble = f"the store does not answer: {type(error).__name__}"
            self._supervisor.without_store()
            return
        except Exception as error:
            # A defect in one round must not stop the service; readiness reports it until a round succeeds.
            log.exception("round-failed")
            self.trouble = f"internal error: {type(error).__name__}"
            return
        if self.trouble:
            log.info("store-answers-again")
        self.trouble, self.beat = "", time.monotonic()

    def _lost_wake_up(self, event: JobEvent) -> None:
        """Log an event that APScheduler would not report; the next minute's `account` compensates for it."""
        error = getattr(event, "exception", None)
        log.warning(
            "wake-up-lost", schedule=event.job_id, code=event.code, reason=type(error).__name__ if error else ""
        )
