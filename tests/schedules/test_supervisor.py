"""Workers that end, hang, die or are cancelled: every job has one outcome, and nobody works twice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit.store import Store, open_store
from schedules.configuration.service import Configuration, Schedule
from schedules.deliveries.folder import FolderDelivery
from schedules.deliveries.receipts import Receipts, ReceiptState
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from schedules.service import pending_notifications
from schedules.service import supervisor as watching
from schedules.service.processes import Task, WorkerCommand
from schedules.service.supervisor import Supervisor

START = dt.datetime(2027, 3, 1, 2, 30, tzinfo=dt.UTC)


@dataclass
class Time:
    """A clock and a stopwatch that go on together."""

    passed: float = 0.0

    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.passed)

    def ticks(self) -> float:
        return 1000.0 + self.passed


@dataclass
class Pretended:
    """A worker that does what the test says."""

    command: WorkerCommand
    code: int | None = None
    stopped: bool = False
    killed: bool = False

    def ended(self) -> int | None:
        return self.code

    def stop(self) -> None:
        self.stopped = True

    def kill(self) -> None:
        self.killed, self.code = True, -9


@dataclass
class Place:
    """One store, one time, and the services of several machines."""

    store: Store
    time: Time
    configuration: Configuration
    workers: list[Pretended] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = JobQueue(self.store.engine, self.time.now)
        self.receipts = Receipts(self.store.engine, self.time.now)

    def service(self) -> Supervisor:
        return Supervisor(self.configuration, self.store, self.time.now, self.launch, self.time.ticks)

    def launch(self, command: WorkerCommand) -> Pretended:
        self.workers.append(Pretended(command))
        return self.workers[-1]

    def ask(self, schedule: str = "nightly", **more: object) -> Job:
        job = self.queue.enqueue(Kind.AUDIT, by="somebody", schedule=schedule, **more)  # type: ignore[arg-type]
        assert job is not None
        return job

    def state(self, job: Job) -> JobState:
        found = self.queue.get(job.id)
        assert found is not None
        return found.state

    def reason(self, job: Job) -> str:
        found = self.queue.get(job.id)
        assert found is not None
        return found.reason

    def finish(self, worker: Pretended, state: JobState = JobState.DONE) -> None:
        """As a worker does: record the outcome, then end."""
        assert self.queue.end(worker.command.job, worker.command.holder, state)
        worker.code = 0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = FolderDelivery(type="folder", folder=str(tmp_path / "out"))
    nightly = Schedule(every="nightly", attempts=2, time_limit_minutes=10)
    configuration = Configuration(schedules={"nightly": nightly, "other": nightly}, deliveries={"archive": folder})
    return Place(open_store(str(tmp_path / "store")), Time(), configuration)


def test_a_waiting_job_gets_one_worker_whoever_looks(place: Place) -> None:
    job = place.ask()
    one, other = place.service(), place.service()
    one.round()
    other.round()
    assert [worker.command.job for worker in place.workers] == [job.id]
    assert place.state(job) is JobState.RUNNING
    place.finish(place.workers[0])
    one.round()
    assert place.state(job) is JobState.DONE
    assert not one.busy


def test_audits_of_one_schedule_wait_for_each_other_and_others_do_not(place: Place) -> None:
    first, second, other = place.ask(), place.ask(), place.ask("other")
    service = place.service()
    service.round()
    assert {worker.command.job for worker in place.workers} == {first.id, other.id}
    place.finish(place.workers[0])
    service.round()
    assert place.workers[-1].command.job == second.id


@pytest.mark.parametrize(("code", "words"), [(-9, "was killed (signal 9)"), (1, "died (exit code 1)")])
def test_a_worker_that_dies_is_replaced_after_a_while_and_not_for_ever(place: Place, code: int, words: str) -> None:
    job, service = place.ask(), place.service()
    service.round()
    place.workers[0].code = code
    service.round()
    assert place.state(job) is JobState.WAITING
    service.round()
    assert len(place.workers) == 1, "it waits before it tries again"
    place.time.passed += watching.RETRY_SECONDS + 1
    service.round()
    place.workers[1].code = code
    service.round()
    assert place.state(job) is JobState.FAILED
    assert words in place.reason(job)
    assert "attempt 2 of 2" in place.reason(job)


def test_a_cancelled_job_is_ended_and_its_worker_given_time(place: Place) -> None:
    job, service = place.ask(), place.service()
    service.round()
    assert place.queue.request_cancel(job.id, "ada")
    service.round()
    worker = place.workers[0]
    assert worker.stopped
    assert not worker.killed
    assert place.state(job) is JobState.RUNNING, "what becomes of it is known once it has ended"
    place.time.passed += watching.GRACE_SECONDS + 1
    service.round()
    assert worker.killed
    service.round()
    assert place.state(job) is JobState.CANCELLED
    assert place.reason(job) == "cancelled by ada"


def test_a_job_that_was_done_before_its_cancel_arrived_is_done(place: Place) -> None:
    job, service = place.ask(), place.service()
    service.round()
    place.queue.request_cancel(job.id, "ada")
    place.finish(place.workers[0])
    service.round()
    assert place.state(job) is JobState.DONE


def test_what_takes_too_long_is_ended(place: Place) -> None:
    job, service = place.ask(), place.service()
    service.round()
    place.time.passed += 601
    service.round()
    assert place.workers[0].stopped
    place.workers[0].code = 143
    service.round()
    assert place.state(job) is JobState.TIMED_OUT
    assert place.reason(job) == "it took longer than 10 minutes"


def test_the_lease_is_renewed_while_a_worker_lives(place: Place) -> None:
    job, one, other = place.ask(), place.service(), place.service()
    one.round()
    for _ in range(10):
        place.time.passed += 40
        one.round()
        other.round()
    assert len(place.workers) == 1
    assert place.state(job) is JobState.RUNNING


def test_the_job_of_a_dead_service_is_taken_over_once_its_lease_lapsed(place: Place) -> None:
    job, dead, heir = place.ask(), place.service(), place.service()
    dead.round()
    place.time.passed += 30
    heir.round()
    assert len(place.workers) == 1
    place.time.passed += 90
    heir.round()
    assert len(place.workers) == 2
    assert place.state(job) is JobState.RUNNING
    # The first worker lives on and finds that nobody takes its word.
    assert not place.queue.end(job.id, place.workers[0].command.holder, JobState.DONE)
    dead.round()
    assert place.workers[0].stopped
    place.finish(place.workers[1])
    place.workers[0].code = 143
    dead.round()
    heir.round()
    assert place.state(job) is JobState.DONE


def test_a_service_that_is_put_down_leaves_its_jobs_to_the_next_uncounted(place: Place) -> None:
    job, service = place.ask(), place.service()
    service.round()
    worker = place.workers[0]
    worker.stop = lambda: setattr(worker, "code", 143)  # type: ignore[method-assign]
    service.put_down(1.0)
    found = place.queue.get(job.id)
    assert found is not None
    assert (found.state, found.attempts) == (JobState.WAITING, 0)
    place.service().round()
    assert len(place.workers) == 2


def test_a_store_that_is_silent_longer_than_a_lease_ends_the_work(place: Place) -> None:
    place.ask()
    service = place.service()
    service.round()
    place.time.passed += 80
    service.without_store()
    assert not place.workers[0].stopped
    place.time.passed += 20
    service.without_store()
    assert place.workers[0].stopped


def test_an_outcome_that_nobody_was_told_is_told_once(place: Place) -> None:
    job = place.ask(request={"deliveries": ["archive"]})
    service = place.service()
    service.round()
    place.finish(place.workers[0])
    service.round()  # the worker ended before it delivered
    service.round()
    teller = place.workers[1]
    assert (teller.command.task, teller.command.job) == (Task.NOTIFY, job.id)
    place.service().round()
    assert len(place.workers) == 2, "its lease keeps another service from telling it too"
    place.receipts.promise(job.id, "archive")
    place.receipts.sent(job.id, "archive", {})
    teller.code = 0
    for _ in range(3):
        place.time.passed += 60
        service.round()
    assert len(place.workers) == 2


def test_the_worker_that_recorded_an_outcome_is_left_to_tell_it(place: Place) -> None:
    place.ask(request={"deliveries": ["archive"]})
    one, other = place.service(), place.service()
    one.round()
    worker = place.workers[0]
    assert place.queue.end(worker.command.job, worker.command.holder, JobState.DONE)
    one.round()
    other.round()
    assert len(place.workers) == 1


def test_a_delivery_whose_worker_always_dies_is_recorded_as_failed(place: Place) -> None:
    job = place.ask(request={"deliveries": ["archive"]}, state=JobState.MISSED, reason="nobody was there")
    service = place.service()
    for _ in range(6):
        service.round()
        if place.workers:
            place.workers[-1].code = -9
        service.round()
        place.time.passed += 60
    assert len(place.workers) == pending_notifications.ATTEMPTS
    [receipt] = place.receipts.of(job.id)
    assert receipt.state is ReceiptState.FAILED
    assert "died 3 times" in receipt.reason
    assert service.notified(job)


def test_no_room_for_a_worker_counts_as_an_attempt(place: Place) -> None:
    def refuse(_order: WorkerCommand) -> Pretended:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    job = place.ask()
    service = Supervisor(place.configuration, place.store, place.time.now, refuse, place.time.ticks)
    service.round()
    assert place.state(job) is JobState.WAITING
    assert "Resource temporarily unavailable" in place.reason(job)


def test_a_database_that_fails_in_a_round_is_told_to_the_caller(place: Place) -> None:
    place.ask()
    service = place.service()
    with place.store.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE leases"))
    with pytest.raises(sa.exc.OperationalError):
        service.round()
    assert not place.workers
