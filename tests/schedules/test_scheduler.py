"""Every occasion gets one job: in time, late, after an outage, beside a busy one, and with clocks that are wrong."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.store import open_store
from schedules.calendar.occasions import occasions
from schedules.configuration.service import Schedule
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from schedules.service.scheduler import account_for

START = dt.datetime(2026, 11, 23, 0, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


class Time:
    """A clock that a test sets."""

    now = START

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def queue(tmp_path: Path, clock: Time) -> JobQueue:
    return JobQueue(open_store(str(tmp_path)).engine, clock)


def account(queue: JobQueue, clock: Time, schedule: Schedule, now: dt.datetime) -> list[tuple[str, JobState]]:
    """What is recorded when a service looks at *now*."""
    clock.now = now
    found = account_for("it", schedule, queue, now, START)
    return [(f"{job.due_at:%d %H}", job.state) for job in found if job.due_at]


def finish(queue: JobQueue, job: Job) -> None:
    assert queue.begin(job.id, "me")
    assert queue.end(job.id, "me", JobState.DONE)


def test_an_hour_in_time_then_an_outage(queue: JobQueue, clock: Time) -> None:
    schedule = Schedule(every="hourly", catch_up_hours=2, deliveries=("mail",))
    assert account(queue, clock, schedule, START) == []
    assert account(queue, clock, schedule, START + HOUR) == [("23 01", JobState.WAITING)]
    assert account(queue, clock, schedule, START + HOUR) == []
    (first,) = queue.waiting()
    assert (first.requested_by, first.promised) == ("schedule", ("mail",))
    finish(queue, first)
    late = account(queue, clock, schedule, START + 6.5 * HOUR)
    assert late == [
        ("23 02", JobState.MISSED),
        ("23 03", JobState.MISSED),
        ("23 04", JobState.MISSED),
        ("23 05", JobState.COALESCED),
        ("23 06", JobState.WAITING),
    ]
    (caught,) = queue.waiting()
    assert caught.requested_by == "catch-up"


def test_one_that_is_busy_stands_for_the_next(queue: JobQueue, clock: Time) -> None:
    schedule = Schedule(every="hourly")
    account(queue, clock, schedule, START + HOUR)
    assert account(queue, clock, schedule, START + 2 * HOUR) == [("23 02", JobState.COALESCED)]
    (job,) = queue.waiting()
    finish(queue, job)
    assert account(queue, clock, schedule, START + 3 * HOUR) == [("23 03", JobState.WAITING)]


def test_an_audit_of_a_part_stands_for_no_night(queue: JobQueue, clock: Time) -> None:
    schedule = Schedule(every="nightly")
    queue.enqueue(Kind.AUDIT, by="me", schedule="it", request={"scope": {"accounts": ["111111111111"]}})
    assert account(queue, clock, schedule, START + 3 * HOUR) == [("23 02", JobState.WAITING)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(-100, 900), st.sampled_from(["work", "leave"])), max_size=12),
    st.sampled_from(["30 2 * * *", "0 * * * *", "0 */6 * * *"]),
    st.integers(0, 24),
)
def test_every_occasion_has_one_job_whatever_the_clock_does(
    tmp_path_factory: pytest.TempPathFactory, looks: list[tuple[int, str]], cron: str, hours: int
) -> None:
    clock = Time()
    queue = JobQueue(open_store(str(tmp_path_factory.mktemp("store"))).engine, clock)
    schedule = Schedule(cron=cron, timezone="Europe/Berlin", catch_up_hours=hours)
    now = latest = START
    for minutes, then in looks:
        now = max(now + dt.timedelta(minutes=minutes), START)
        latest = max(latest, now)
        account(queue, clock, schedule, now)
        if then == "work":
            for job in queue.waiting():
                finish(queue, job)
    recorded = Counter(job.due_at for job in queue.list(schedule="it", limit=10_000))
    assert recorded == Counter(occasions(schedule, START, latest))
    assert len(queue.waiting()) <= 1
