"""Workers under way: who has which job, since when, and what becomes of a job whose worker ends, hangs or dies."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from audit.store import Store
from schedules.configuration.service import Configuration
from schedules.jobs.leases import TERM_SECONDS, Leases
from schedules.jobs.queue import Clock, Job, JobQueue, JobState, Kind
from schedules.service.audit_request import schedule_of
from schedules.service.pending_notifications import PendingNotifications
from schedules.service.processes import Child, Launch, Task, WorkerCommand

log = structlog.get_logger()

AT_ONCE = 4
"""Workers of one service; audits of one schedule never overlap anyway."""
GRACE_SECONDS = 20.0
"""What a worker that is told to end gets to put things away."""
RETRY_SECONDS = 60.0
"""Before an attempt after a failed one, doubled each time."""
REPORT_MINUTES = 30
"""Time limit of what belongs to no schedule."""
NOTIFY_LOOKS_SECONDS = 30.0
"""Between looks for outcomes that somebody was not told of."""


@dataclass(slots=True)
class RunningWorker:
    """A worker of ours."""

    job: Job
    task: Task
    lease_name: str
    """The lease that lets it work."""
    holder: str
    child: Child
    began: float
    """Monotonic seconds, as the others."""
    renewed: float
    limit: float
    """Seconds it may take."""
    ending: JobState | None = None
    """The outcome once it has ended, where we end it; WAITING: it shall go on another time."""
    reason: str = ""
    asked_to_stop: float = 0.0


def lease_name_of(job: Job) -> str:
    """The lease under which a job runs: audits of one schedule exclude each other on whatever machine."""
    if job.kind is Kind.AUDIT and job.schedule:
        return f"schedule:{job.schedule}"
    return f"job:{job.id}"


class Supervisor:
    """The workers of one service."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        clock: Clock,
        launch: Launch,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """*clock*: the present, for what is written; *ticks*: seconds that no setting of the clock moves."""
        self._ticks = ticks
        self._configuration, self._store, self._clock, self._launch = configuration, store, clock, launch
        self._ledger, self._leases = JobQueue(store.engine, clock), Leases(store.engine)
        self._unannounced = PendingNotifications(store, clock)
        self._workers: list[RunningWorker] = []
        self._not_before: dict[str, float] = {}
        self._looked_for_pending = 0.0

    @property
    def busy(self) -> bool:
        """Whether a worker of ours is alive."""
        return bool(self._workers)

    def round(self, only: str = "") -> None:
        """Look after our workers, take what the dead left, begin what waits, tell what is untold; *only* of one job."""
        for worker in list(self._workers):
            self._look_after(worker)
        self._take_from_the_dead()
        for job in self._ledger.waiting():
            if len(self._workers) < AT_ONCE and job.id in (only or job.id):
                self._begin(job)
        self._start_notifications(only)

    def notified(self, job: Job) -> bool:
        """Whether everything promised of an ended job has its receipt."""
        return self._unannounced.notified(job)

    def without_store(self) -> None:
        """The store does not answer: a worker whose lease we cannot renew in time must end before another begins."""
        now = self._ticks()
        for worker in self._workers:
            if now - worker.renewed > TERM_SECONDS and not worker.asked_to_stop:
                self._end(worker, JobState.WAITING, "the store did not answer for longer than a lease holds")
            self._insist(worker, now)

    def put_down(self, grace_seconds: float) -> None:
        """Let every worker put away what it has, and its job wait for the next service."""
        for worker in self._workers:
            self._end(worker, JobState.WAITING, "the service was stopped; it goes on when a service starts")
        until = self._ticks() + grace_seconds
        while self._workers and self._ticks() < until:
            self._reap_all()
            time.sleep(0.05)
        for worker in self._workers:
            worker.child.kill()
        while self._workers and self._ticks() < until + GRACE_SECONDS:
            self._reap_all()
            time.sleep(0.05)

    def _reap_all(self) -> None:
        for worker in list(self._workers):
            try:
                self._reap(worker)
            except sa.exc.SQLAlchemyError as error:
                # Its lease lapses by itself, and the next service takes the job.
                log.error("outcome-not-recorded", job=worker.job.id, reason=type(error).__name__)
                self._workers.remove(worker)

    # --- one worker -------------------------------------------------------------------------------------------------

    def _begin(self, job: Job) -> None:
        if self._not_before.get(job.id, 0.0) > self._ticks():
            return
        lease_name, holder = lease_name_of(job), _holder()
        if not self._leases.take(lease_name, holder, self._seconds()):
            return
        begun = self._ledger.begin(job.id, holder)
        if begun is None:
            self._leases.release(lease_name, holder)
            return
        self._start(begun, Task.WORK, lease_name, holder)

    def _start(self, job: Job, task: Task, lease_name: str, holder: str) -> None:
        command = WorkerCommand(
            task=task,
            job=job.id,
            holder=holder,
            store=self._store.engine.url.render_as_string(hide_password=False),
            configuration=self._configuration.model_dump_json(),
        )
        now = self._ticks()
        try:
            child = self._launch(command)
        except OSError as error:
            log.error("worker-not-started", job=job.id, reason=error.strerror)
            if task is Task.WORK:
                self._died(job, holder, f"no worker could be started: {error.strerror}")
            self._leases.release(lease_name, holder)
            return
        limit = _minutes(self._configuration, job) * 60.0
        self._workers.append(RunningWorker(job, task, lease_name, holder, child, began=now, renewed=now, limit=limit))
        log.info("worker-begins", job=job.id, schedule=job.schedule, task=task.value, attempt=job.attempts)

    def _look_after(self, worker: RunningWorker) -> None:
        if self._reap(worker):
            return
        now = self._ticks()
        if now - worker.renewed > TERM_SECONDS / 3:
            if self._leases.renew(worker.lease_name, worker.holder, self._seconds()):
                worker.renewed = now
            else:
                # Somebody else has it, and will record the outcome.
                self._end(worker, JobState.WAITING, "its lease was lost")
        if now - worker.began > worker.limit:
            self._end(worker, JobState.TIMED_OUT, f"it took longer than {worker.limit / 60:g} minutes")
        job = self._ledger.get(worker.job.id)
        if worker.task is Task.WORK and job is not None and job.cancel_requested_by:
            self._end(worker, JobState.CANCELLED, f"cancelled by {job.cancel_requested_by}")
        self._insist(worker, now)

    def _end(self, worker: RunningWorker, outcome: JobState, reason: str) -> None:
        if worker.ending is None:
            worker.ending, worker.reason, worker.asked_to_stop = outcome, reason, self._ticks()
            worker.child.stop()

    def _insist(self, worker: RunningWorker, now: float) -> None:
        if worker.asked_to_stop and now - worker.asked_to_stop > GRACE_SECONDS:
            worker.child.kill()

    def _reap(self, worker: RunningWorker) -> bool:
        """Whether it has ended; then its job has an outcome or waits again."""
        code = worker.child.ended()
        if code is None:
            return False
        if worker.task is Task.WORK:
            self._settle(worker, code)
        elif code:
            log.error("telling-died", job=worker.job.id, code=code)
        self._leases.release(worker.lease_name, worker.holder)
        self._workers.remove(worker)
        self._looked_for_pending = 0.0
        log.info("worker-ended", job=worker.job.id, code=code)
        return True

    def _settle(self, worker: RunningWorker, code: int) -> None:
        job = self._ledger.get(worker.job.id)
        if job is None:
            return
        if job.state is JobState.RUNNING and job.holder == worker.holder:
            self._settle_for(worker, job, code)
        elif job.state is JobState.WAITING:
            self._wait_a_while(job)

    def _settle_for(self, worker: RunningWorker, job: Job, code: int) -> None:
        """Its worker has ended without saying how."""
        if worker.ending is JobState.WAITING:
            self._ledger.again(job.id, worker.holder, worker.reason, counted=False)
        elif worker.ending is not None:
            self._ledger.end(job.id, worker.holder, worker.ending, worker.reason)
        else:
            self._died(
                job,
                worker.holder,
                f"its worker was killed (signal {-code})" if code < 0 else f"its worker died (exit code {code})",
            )

    def _died(self, job: Job, holder: str, reason: str) -> None:
        allowed = _attempts(self._configuration, job)
        log.error("worker-died", job=job.id, reason=reason, attempt=job.attempts, of=allowed)
        if job.attempts < allowed:
            self._ledger.again(job.id, holder, reason)
            self._wait_a_while(job)
        else:
            self._ledger.end(job.id, holder, JobState.FAILED, f"{reason}, as attempt {job.attempts} of {allowed}")

    def _wait_a_while(self, job: Job) -> None:
        self._not_before[job.id] = self._ticks() + RETRY_SECONDS * 2 ** max(0, job.attempts - 1)

    # --- what others left -------------------------------------------------------------------------------------------

    def _take_from_the_dead(self) -> None:
        ours = {worker.job.id for worker in self._workers}
        for job in self._ledger.list(states=(JobState.RUNNING,), limit=1000):
            if job.id not in ours and self._leases.holder(lease_name_of(job), self._seconds()) != job.holder:
                self._died(job, job.holder, "its service died")
                self._not_before.pop(job.id, None)

    def _start_notifications(self, only: str) -> None:
        now = self._ticks()
        if now - self._looked_for_pending < NOTIFY_LOOKS_SECONDS:
            return
        self._looked_for_pending = now
        for job in self._unannounced.outcomes():
            if job.id not in (only or job.id) or len(self._workers) >= AT_ONCE:
                continue
            if job.holder and self._leases.holder(lease_name_of(job), self._seconds()) == job.holder:
                continue  # the worker that recorded the outcome is telling it
            lease_name, holder = f"tell:{job.id}", _holder()
            if not self._leases.take(lease_name, holder, self._seconds()):
                continue
            if self._unannounced.attempt(job):
                self._start(job, Task.NOTIFY, lease_name, holder)
            else:
                self._leases.release(lease_name, holder)

    def _seconds(self) -> float:
        return self._clock().timestamp()


def _holder() -> str:
    return f"{socket.gethostname()[:80]}:{secrets.token_hex(8)}"


def _minutes(configuration: Configuration, job: Job) -> int:
    try:
        return schedule_of(configuration, job).time_limit_minutes if job.kind is Kind.AUDIT else REPORT_MINUTES
    except LookupError:
        return REPORT_MINUTES


def _attempts(configuration: Configuration, job: Job) -> int:
    try:
        return schedule_of(configuration, job).attempts
    except LookupError:
        return 1
