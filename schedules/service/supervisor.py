"""Supervision of running workers: their jobs and leases, and the handling of workers that end, hang or die."""

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
"""Maximum number of workers of one service; audits of one schedule never overlap."""
GRACE_SECONDS = 20.0
"""Time for a stopped worker to save its progress before it is killed."""
RETRY_SECONDS = 60.0
"""Delay before the next attempt, doubled each time."""
REPORT_MINUTES = 30
"""Time limit of jobs without a schedule."""
NOTIFY_LOOKS_SECONDS = 30.0
"""Interval of the search for pending notifications."""


@dataclass(slots=True)
class RunningWorker:
    """A worker of this service."""

    job: Job
    task: Task
    lease_name: str
    """The lease under which it runs."""
    holder: str
    child: Child
    began: float
    """Monotonic seconds, as all times here."""
    renewed: float
    limit: float
    """Seconds it may take."""
    ending: JobState | None = None
    """The outcome to record once it has ended, where the service stops it; WAITING: the job is resumed later."""
    reason: str = ""
    asked_to_stop: float = 0.0


def lease_name_of(job: Job) -> str:
    """The lease under which a job runs: audits of one schedule exclude each other on all machines."""
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
        """*clock*: the current time, for stored times; *ticks*: monotonic seconds."""
        self._ticks = ticks
        self._configuration, self._store, self._clock, self._launch = configuration, store, clock, launch
        self._queue, self._leases = JobQueue(store.engine, clock), Leases(store.engine)
        self._pending = PendingNotifications(store, clock)
        self._workers: list[RunningWorker] = []
        self._not_before: dict[str, float] = {}
        self._looked_for_pending = 0.0

    @property
    def busy(self) -> bool:
        """Whether a worker of this service is alive."""
        return bool(self._workers)

    def round(self, only: str = "") -> None:
        """Check workers, recover jobs of dead services, start waiting jobs, make pending notifications.

        *only*: restrict it to the job with this id.
        """
        for worker in list(self._workers):
            self._look_after(worker)
        self._recover_orphaned_jobs()
        for job in self._queue.waiting():
            if len(self._workers) < AT_ONCE and job.id in (only or job.id):
                self._begin(job)
        self._start_notifications(only)

    def notified(self, job: Job) -> bool:
        """Whether every promised delivery of an ended job has its receipt."""
        return self._pending.notified(job)

    def without_store(self) -> None:
        """The store is unavailable: a worker whose lease has expired must end before another one starts."""
        now = self._ticks()
        for worker in self._workers:
            if now - worker.renewed > TERM_SECONDS and not worker.asked_to_stop:
                self._end(worker, JobState.WAITING, "the store was unavailable for longer than the term of a lease")
            self._insist(worker, now)

    def put_down(self, grace_seconds: float) -> None:
        """Stop every worker; its job waits and is resumed by the next service."""
        for worker in self._workers:
            self._end(worker, JobState.WAITING, "the service was stopped; the job is resumed when a service starts")
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
                # Its lease expires, and the next service recovers the job.
                log.error("outcome-not-recorded", job=worker.job.id, reason=type(error).__name__)
                self._workers.remove(worker)

    # --- one worker -------------------------------------------------------------------------------------------------

    def _begin(self, job: Job) -> None:
        if self._not_before.get(job.id, 0.0) > self._ticks():
            return
        lease_name, holder = lease_name_of(job), _holder()
        if not self._leases.take(lease_name, holder, self._seconds()):
            return
        begun = self._queue.begin(job.id, holder)
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
                # Another service has the lease and records the outcome.
                self._end(worker, JobState.WAITING, "its lease was lost")
        if now - worker.began > worker.limit:
            self._end(worker, JobState.TIMED_OUT, f"it took longer than {worker.limit / 60:g} minutes")
        job = self._queue.get(worker.job.id)
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
            log.error("notifier-died", job=worker.job.id, code=code)
        self._leases.release(worker.lease_name, worker.holder)
        self._workers.remove(worker)
        self._looked_for_pending = 0.0
        log.info("worker-ended", job=worker.job.id, code=code)
        return True

    def _settle(self, worker: RunningWorker, code: int) -> None:
        job = self._queue.get(worker.job.id)
        if job is None:
            return
        if job.state is JobState.RUNNING and job.holder == worker.holder:
            self._settle_for(worker, job, code)
        elif job.state is JobState.WAITING:
            self._wait_a_while(job)

    def _settle_for(self, worker: RunningWorker, job: Job, code: int) -> None:
        """Its worker has ended without recording an outcome."""
        if worker.ending is JobState.WAITING:
            self._queue.again(job.id, worker.holder, worker.reason, counted=False)
        elif worker.ending is not None:
            self._queue.end(job.id, worker.holder, worker.ending, worker.reason)
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
            self._queue.again(job.id, holder, reason)
            self._wait_a_while(job)
        else:
            self._queue.end(job.id, holder, JobState.FAILED, f"{reason}, as attempt {job.attempts} of {allowed}")

    def _wait_a_while(self, job: Job) -> None:
        self._not_before[job.id] = self._ticks() + RETRY_SECONDS * 2 ** max(0, job.attempts - 1)

    # --- left by others ---------------------------------------------------------------------------------------------

    def _recover_orphaned_jobs(self) -> None:
        ours = {worker.job.id for worker in self._workers}
        for job in self._queue.list(states=(JobState.RUNNING,), limit=1000):
            if job.id not in ours and self._leases.holder(lease_name_of(job), self._seconds()) != job.holder:
                self._died(job, job.holder, "its service died")
                self._not_before.pop(job.id, None)

    def _start_notifications(self, only: str) -> None:
        now = self._ticks()
        if now - self._looked_for_pending < NOTIFY_LOOKS_SECONDS:
            return
        self._looked_for_pending = now
        for job in self._pending.outcomes():
            if job.id not in (only or job.id) or len(self._workers) >= AT_ONCE:
                continue
            if job.holder and self._leases.holder(lease_name_of(job), self._seconds()) == job.holder:
                continue  # the worker that recorded the outcome is making the deliveries
            lease_name, holder = f"notify:{job.id}", _holder()
            if not self._leases.take(lease_name, holder, self._seconds()):
                continue
            if self._pending.attempt(job):
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
