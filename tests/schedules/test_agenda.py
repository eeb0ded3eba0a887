"""Every occasion gets one job, whoever accounts for it and however late."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.store import schema
from schedules.agenda import account_for
from schedules.calendar import occasions
from schedules.configuration import Schedule
from schedules.jobs import Job, Kind, Ledger, State

BEGIN = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
NIGHTLY = Schedule(every="nightly", deliveries=("mail",), catch_up_hours=12)


class Desk:
    """A ledger and a clock."""

    def __init__(self) -> None:
        self.now = BEGIN
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        schema.metadata.create_all(engine)
        self.ledger = Ledger(engine, lambda: self.now)

    def account(self, schedule: Schedule = NIGHTLY) -> list[tuple[str, str, str]]:
        return [told(job) for job in account_for("nightly", schedule, self.ledger, self.now, BEGIN)]


def told(job: Job) -> tuple[str, str, str]:
    assert job.due_at is not None
    return f"{job.due_at:%d %H:%M}", job.state.value, ",".join(job.promised)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_occasion_in_time_waits_for_a_worker(desk: Desk) -> None:
    desk.now = dt.datetime(2027, 3, 2, 2, 30, tzinfo=dt.UTC)
    assert desk.account() == [("02 02:30", "waiting", "mail")]
    assert desk.account() == []
    [job] = desk.ledger.waiting()
    assert job.asked_by == "schedule"


def test_a_late_one_is_told_to_be_caught_up_with(desk: Desk) -> None:
    desk.now = dt.datetime(2027, 3, 2, 9, tzinfo=dt.UTC)
    desk.account()
    [job] = desk.ledger.waiting()
    assert job.asked_by == "catch-up"


def test_of_an_outage_the_last_missed_night_is_told_and_the_recent_one_made_up_for(desk: Desk) -> None:
    desk.now = dt.datetime(2027, 3, 5, 9, tzinfo=dt.UTC)
    assert desk.account() == [
        ("02 02:30", "missed", ""),
        ("03 02:30", "missed", ""),
        ("04 02:30", "missed", ""),
        ("05 02:30", "waiting", "mail"),
    ]


def test_too_late_for_all_of_them(desk: Desk) -> None:
    desk.now = dt.datetime(2027, 3, 4, 20, tzinfo=dt.UTC)
    assert desk.account()[-1] == ("04 02:30", "missed", "mail")
    assert not desk.ledger.waiting()


def test_several_within_the_window_are_one_audit(desk: Desk) -> None:
    desk.now = dt.datetime(2027, 3, 1, 15, 10, tzinfo=dt.UTC)
    hourly = Schedule(every="hourly", deliveries=("mail",))
    assert desk.account(hourly) == [
        ("01 13:00", "coalesced", ""),
        ("01 14:00", "coalesced", ""),
        ("01 15:00", "waiting", "mail"),
    ]


@pytest.mark.parametrize("state", [State.WAITING, State.RUNNING])
def test_an_occasion_that_overlaps_is_coalesced_and_says_with_what(desk: Desk, state: State) -> None:
    busy = desk.ledger.ask(Kind.AUDIT, by="ada", schedule="nightly", state=state)
    assert busy is not None
    desk.now = dt.datetime(2027, 3, 2, 2, 30, tzinfo=dt.UTC)
    assert desk.account() == [("02 02:30", "coalesced", "")]
    job = desk.ledger.occasion("nightly", desk.now)
    assert job is not None
    assert job.reason == "the audit asked for at 2027-03-01 12:00 UTC had not ended"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=90), min_size=1, max_size=12), st.integers(0, 48))
def test_whenever_somebody_looks_each_occasion_has_exactly_one_job(hours: list[int], window: int) -> None:
    desk = Desk()
    schedule = Schedule(cron="30 */5 * * *", timezone="Europe/Berlin", catch_up_hours=window)
    for pause in hours:
        desk.now += dt.timedelta(hours=pause)
        desk.account(schedule)
        desk.account(schedule)
        for job in desk.ledger.waiting():
            assert desk.ledger.begin(job.id, "worker") is not None
            assert desk.ledger.end(job.id, "worker", State.DONE)
    recorded = sorted(job.due_at for job in desk.ledger.list(limit=1000) if job.due_at is not None)
    assert recorded == list(occasions(schedule, BEGIN, desk.now))
