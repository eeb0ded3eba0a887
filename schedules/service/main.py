"""The service: what is due gets a job, a waiting job gets a worker, an ended one is told, and the dead are noticed.

Several services may share a store: leases decide who works on what, and the ledger who was first. APScheduler wakes us
when something is due; what is due is always found from the ledger, so a wake-up that comes late, twice or never changes
nothing but the moment.
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
"""How soon a job is seen that another process asked for."""
ACCOUNT_MINUTES = 1
"""How soon an occasion is noticed whose wake-up was lost: the clock was set, the machine slept, no database."""


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
        """*clock*: the present, aware, in UTC. *launch* starts a worker; *poll_seconds* between looks at the ledger.

        Without *follow_schedules* only what is asked for by hand is worked on.
        """
        self._followed = {
            name: one for name, one in configuration.schedules.items() if follow_schedules and not one.paused
        }
        self._clock, self._poll = clock, poll_seconds
        self._ledger = JobQueue(store.engine, clock)
        self._watch = Supervisor(configuration, store, clock, launch)
        self._begun = clock()
        self._awake, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name="service", daemon=True)
        self._scheduler = BackgroundScheduler(timezone=dt.UTC)
        self.beat: float = 0.0
        """`time.monotonic()` of the last look at the ledger that succeeded: what readiness goes by."""
        self.trouble: str = ""
        """Why the last look did not succeed; empty where it did."""

    def start(self) -> None:
        """Account for what was missed, then follow the schedules until `stop`."""
        self._scheduler.add_listener(self._captured, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        # A fire is only a wake-up: however late it comes, it counts, and many of them are one.
        always = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        for name, schedule in self._followed.items():
            self._scheduler.add_job(self.account, trigger(schedule), id=name, **always)
        every = IntervalTrigger(minutes=ACCOUNT_MINUTES, timezone=dt.UTC)
        self._scheduler.add_job(self.account, every, id="all", next_run_time=self._begun, **always)
        self._scheduler.start()
        self._thread.start()

    def stop(self, grace_seconds: float = 60.0) -> None:
        """End in good order: nothing new begins, what runs puts away what it has and goes on when a service starts."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._over.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._watch.put_down(grace_seconds)

    def wake(self) -> None:
        """Look at the ledger now: something was asked for."""
        self._awake.set()

    def account(self) -> None:
        """Give every occasion up to now its job. Without a database, the next minute does."""
        try:
            self._account(self._clock())
        except (sa.exc.SQLAlchemyError, StoreError) as error:
            log.error("occasions-not-recorded", reason=type(error).__name__)
        self.wake()

    def _account(self, now: dt.datetime) -> None:
        for name, schedule in self._followed.items():
            for job in account_for(name, schedule, self._ledger, now, self._begun):
                log.info("occasion", schedule=name, due=str(job.due_at), job=job.id, state=job.state.value)

    def run_once(self, job_id: str, follow: Callable[[Job], None] = lambda _job: None) -> Job:
        """Work on one job until it has ended and everybody was told, without following the schedules.

        Another service may take it first; then it is only followed. Raises LookupError without such a job.
        """
        while True:
            job = self._ledger.get(job_id)
            if job is None:
                raise LookupError(f"no job is called {job_id!r}")
            follow(job)
            self._look(only=job_id)
            if job.state.ended and not self._watch.busy and self._watch.notified(job):
                return job
            time.sleep(self._poll)

    def _live(self) -> None:
        while not self._over.is_set():
            self._look()
            self._awake.wait(self._poll)
            self._awake.clear()

    def _look(self, only: str = "") -> None:
        """One round. A database that does not answer is waited for; nothing is lost meanwhile but time."""
        try:
            self._watch.round(only)
        except (sa.exc.SQLAlchemyError, StoreError) as error:
            if not self.trouble:
                log.error("store-not-answering", reason=type(error).__name__)
            self.trouble = f"the store does not answer: {type(error).__name__}"
            self._watch.without_store()
            return
        except Exception as error:
            # A defect in one round must not end the nights to come; it is told until somebody mends it.
            log.exception("round-failed")
            self.trouble = f"internal error: {type(error).__name__}"
            return
        if self.trouble:
            log.info("store-answers-again")
        self.trouble, self.beat = "", time.monotonic()

    def _captured(self, event: JobEvent) -> None:
        """APScheduler only keeps such events to itself; the next minute's `account` makes up for each of them."""
        error = getattr(event, "exception", None)
        log.warning(
            "wake-up-lost", schedule=event.job_id, code=event.code, reason=type(error).__name__ if error else ""
        )
