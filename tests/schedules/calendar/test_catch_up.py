"""What becomes of occasions that were missed: each is made up for, stood for by a later one, or told as missed."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.calendar.occasions import occasions
from schedules.configuration.service import Schedule
from schedules.service.scheduler import IN_TIME, Missed, missed_since

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
"""A Monday morning."""


def nightly(hours: int = 12) -> Schedule:
    return Schedule(every="nightly", catch_up_hours=hours)


def due(day: int, hour: int = 2, minute: int = 30) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.UTC)


def test_nothing_was_missed() -> None:
    assert missed_since(nightly(), due(23), NOW) == Missed(None, (), ())


def test_one_night_was_missed_and_is_made_up_for() -> None:
    assert missed_since(nightly(), due(22), NOW) == Missed(due(23), (), ())


def test_of_several_nights_the_last_one_is_made_up_for() -> None:
    assert missed_since(nightly(), due(20), NOW) == Missed(due(23), (), (due(21), due(22)))
    assert missed_since(nightly(48), due(20), NOW) == Missed(due(23), (due(22),), (due(21),))


def test_the_window_has_passed() -> None:
    assert missed_since(nightly(6), due(21), NOW) == Missed(None, (), (due(22), due(23)))


def test_the_window_s_edge_is_in_it() -> None:
    assert missed_since(nightly(6), due(22), due(23, 8, 30)).run == due(23)
    assert missed_since(nightly(6), due(22), due(23, 8, 30) + dt.timedelta(seconds=1)).missed == (due(23),)


@pytest.mark.parametrize("late", [dt.timedelta(), dt.timedelta(seconds=1), IN_TIME])
def test_what_is_due_now_runs_even_where_nothing_is_caught_up_with(late: dt.timedelta) -> None:
    assert missed_since(nightly(0), due(22), due(23) + late) == Missed(due(23), (), ())


def test_without_catching_up_a_late_start_misses() -> None:
    assert missed_since(nightly(0), due(22), due(23) + IN_TIME + dt.timedelta(seconds=1)) == Missed(
        None, (), (due(23),)
    )


def test_a_clock_that_was_set_back_makes_nothing_due_again() -> None:
    assert missed_since(nightly(), NOW, NOW - 3 * DAY) == Missed(None, (), ())


def test_an_hourly_year_is_accounted_for() -> None:
    schedule = Schedule(every="hourly", timezone="Europe/Berlin")
    missed = missed_since(schedule, NOW - 365 * DAY, NOW)
    assert missed.run == NOW
    assert len(missed.coalesced) == 12
    assert len(missed.missed) == 365 * 24 - 13


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["30 2 * * *", "0 * * * *", "0 */6 * * *", "0 3 * * 1"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    st.integers(0, 20 * 24 * 60),
    st.integers(0, 168),
)
def test_every_occasion_is_in_one_place(cron: str, zone: str, last: dt.datetime, minutes: int, hours: int) -> None:
    schedule, now = Schedule(cron=cron, timezone=zone, catch_up_hours=hours), last + dt.timedelta(minutes=minutes)
    missed = missed_since(schedule, last, now)
    run = () if missed.run is None else (missed.run,)
    assert missed.missed + missed.coalesced + run == occasions(schedule, last, now)
    edge = now - max(hours * HOUR, IN_TIME)
    assert all(moment < edge for moment in missed.missed)
    assert all(moment >= edge for moment in (*missed.coalesced, *run))
    assert run or not missed.coalesced


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=8), st.integers(0, 48))
def test_looking_more_often_misses_no_more(pauses: list[int], hours: int) -> None:
    """Each occasion is told once, however a service that looks from time to time divides the time."""
    schedule = Schedule(every="hourly", catch_up_hours=hours)
    last = now = NOW
    told: list[dt.datetime] = []
    for minutes in pauses:
        now += dt.timedelta(minutes=minutes)
        missed = missed_since(schedule, last, now)
        found = [*missed.missed, *missed.coalesced, *([missed.run] if missed.run else [])]
        told += found
        last = max([last, *found])
    assert tuple(told) == occasions(schedule, NOW, now)
