"""Every occasion gets one job: in time, late, after an outage, beside a busy one, and with clocks that are wrong."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.store import open_store
from schedules.agenda import account_for
from schedules.configuration import Schedule
from schedules.jobs import Job, Kind, Ledger, State
from schedules.times.calendar import occasions

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
def ledger(tmp_path: Path, clock: Time) -> Ledger:
    return Ledger(open_store(str(tmp_path)).engine, clock)


def account(ledger: Ledger, clock: Time, schedule: Schedule, now: dt.datetime) -> list[tuple[str, State]]:
    """What is recorded when a service looks at *now*."""
    clock.now = now
    found = account_for("it", schedule, ledger, now, START)
    return [(f"{job.due_at:%d %H}", job.state) for job in found if job.due_at]


def finish(ledger: Ledger, job: Job) -> None:
    assert ledger.begin(job.id, "me")
    assert ledger.end(job.id, "me", State.DONE)


def test_an_hour_in_time_then_an_outage(ledger: Ledger, clock: Time) -> None:
    schedule = Schedule(every="hourly", catch_up_hours=2, deliveries=("mail",))
    assert account(ledger, clock, schedule, START) == []
    assert account(ledger, clock, schedule, START + HOUR) == [("23 01", State.WAITING)]
    assert account(ledger, clock, schedule, START + HOUR) == []
    (first,) = ledger.waiting()
    assert (first.asked_by, first.promised) == ("schedule", ("mail",))
    finish(ledger, first)
    late = account(ledger, clock, schedule, START + 6.5 * HOUR)
    assert late == [
        ("23 02", State.MISSED), ("23 03", State.MISSED), ("23 04", State.MISSED), ("23 05", State.COALESCED),
        ("23 06", State.WAITING),
    ]  # fmt: skip
    (caught,) = ledger.waiting()
    assert caught.asked_by == "catch-up"


def test_one_that_is_busy_stands_for_the_next(ledger: Ledger, clock: Time) -> None:
    schedule = Schedule(every="hourly")
    account(ledger, clock, schedule, START + HOUR)
    assert account(ledger, clock, schedule, START + 2 * HOUR) == [("23 02", State.COALESCED)]
    (job,) = ledger.waiting()
    finish(ledger, job)
    assert account(ledger, clock, schedule, START + 3 * HOUR) == [("23 03", State.WAITING)]


def test_an_audit_of_a_part_stands_for_no_night(ledger: Ledger, clock: Time) -> None:
    schedule = Schedule(every="nightly")
    ledger.ask(Kind.AUDIT, by="me", schedule="it", request={"scope": {"accounts": ["111111111111"]}})
    assert account(ledger, clock, schedule, START + 3 * HOUR) == [("23 02", State.WAITING)]


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
    ledger = Ledger(open_store(str(tmp_path_factory.mktemp("store"))).engine, clock)
    schedule = Schedule(cron=cron, timezone="Europe/Berlin", catch_up_hours=hours)
    now = latest = START
    for minutes, then in looks:
        now = max(now + dt.timedelta(minutes=minutes), START)
        latest = max(latest, now)
        account(ledger, clock, schedule, now)
        if then == "work":
            for job in ledger.waiting():
                finish(ledger, job)
    recorded = Counter(job.due_at for job in ledger.list(schedule="it", limit=10_000))
    assert recorded == Counter(occasions(schedule, START, latest))
    assert len(ledger.waiting()) <= 1
