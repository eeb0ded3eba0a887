"""When schedules are due: cron's fields, every time zone's oddities, and APScheduler's view of both."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from schedules.calendar.occasions import following, occasions, remark, trigger, words
from schedules.configuration.cron import CronError, parse
from schedules.configuration.service import Schedule

CASES: dict[str, list[dict[str, Any]]] = YAML(typ="safe", pure=True).load(
    Path(__file__).parents[2] / "cases" / "schedules" / "calendar.yaml"
)
ZONES = sorted(zoneinfo.available_timezones())
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
modest = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def at(cron: str, zone: str = "UTC") -> Schedule:
    return Schedule(cron=cron, timezone=zone)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def wall(moment: dt.datetime, zone: str) -> dt.datetime:
    return moment.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@pytest.mark.parametrize("case", CASES["nights"], ids=[case["name"] for case in CASES["nights"]])
def test_what_happens_in_odd_nights(case: dict[str, Any]) -> None:
    schedule = at(case["cron"], case["timezone"])
    zone = zoneinfo.ZoneInfo(case["timezone"])
    # What is given is UTC: the nights are told by what the clock on the wall shows.
    due = occasions(schedule, utc(case["after"]), utc(case["until"]))
    told = [f"{moment.astimezone(zone):%Y-%m-%d %H:%M %z}{'*' if remark(schedule, moment) else ''}" for moment in due]
    assert told == case["due"]


@pytest.mark.parametrize("case", CASES["problems"], ids=[case["cron"] for case in CASES["problems"]])
def test_expressions_that_cannot_be_meant(case: dict[str, Any]) -> None:
    with pytest.raises(CronError) as caught:
        parse(case["cron"])
    assert str(caught.value) == case["message"]
    assert caught.value.hint == case.get("hint", "")


@pytest.mark.parametrize("case", CASES["words"], ids=[case["cron"] for case in CASES["words"]])
def test_words(case: dict[str, Any]) -> None:
    assert words(at(case["cron"])) == case["words"]


@pytest.mark.parametrize("written", CASES["same"], ids=[each[0] for each in CASES["same"]])
def test_spellings_of_one_thing(written: list[str]) -> None:
    assert len({parse(cron) for cron in written}) == 1


def test_sunday_is_sunday() -> None:
    for cron in ("0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * SUN"):
        assert following(at(cron), utc("2026-11-23")) == utc("2026-11-29"), cron


def test_the_rarest_occasions_are_found() -> None:
    assert following(at("0 0 29 2 *"), utc("2096-03-01")) == utc("2104-02-29")
    # The 29th *and* a Sunday: a field that begins with `*` is no alternative.
    assert following(at("0 0 29 2 */7"), utc("2026-01-01")) == utc("2032-02-29")
    assert following(at("30 2 * * *"), utc("9999-12-30")) is None


def test_a_minutely_year_is_all_there() -> None:
    due = occasions(at("*/10 * * * *", "Europe/Berlin"), utc("2026-01-01"), utc("2027-01-01"))
    assert len(due) == 365 * 24 * 6
    assert {later - earlier for earlier, later in itertools.pairwise(due)} == {10 * MINUTE}


# --- cron's fields, held against APScheduler's triggers in UTC ------------------------------------------------------

NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


@st.composite
def fields(draw: st.DrawFn, low: int, high: int, *, seldom_all: bool = False) -> tuple[str, set[int]]:
    """A field as text, and what it names."""
    terms = []
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.integers(0, 3 if seldom_all else 1)) == 0:
            step = draw(st.integers(1, min(high, 6)))
            terms.append((f"*/{step}" if step > 1 else "*", range(low, min(high, 6 if high == 7 else high) + 1, step)))
            continue
        first, last = sorted(draw(st.tuples(st.integers(low, high), st.integers(low, high))))
        step = draw(st.integers(1, max(last - first, 1)))
        text = f"{first}-{last}" + (f"/{step}" if step > 1 else "")
        terms.append((str(first) if first == last else text, range(first, last + 1, step)))
    return ",".join(text for text, _ in terms), {value for _, values in terms for value in values}


@modest
@given(
    fields(0, 59, seldom_all=True), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 7),
    st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2080, 1, 1)),
)  # fmt: skip
def test_fields_mean_what_cron_says(
    minute: Any, hour: Any, day: Any, month: Any, weekday: Any, start: dt.datetime
) -> None:
    text = " ".join(text for text, _ in (minute, hour, day, month, weekday))
    try:
        parse(text)
    except CronError as error:
        assume("never comes" not in str(error))
        raise
    schedule = at(text)

    def named(field: tuple[str, set[int]]) -> str:
        return ",".join(map(str, sorted(field[1])))

    clock = {"minute": named(minute), "hour": named(hour), "month": named(month), "timezone": dt.UTC}
    days, weekdays = named(day), ",".join(sorted({NAMES[value] for value in weekday[1]}))
    if day[0].startswith("*") or weekday[0].startswith("*"):
        judge = OrTrigger([CronTrigger(day=days, day_of_week=weekdays, **clock)])
    else:
        judge = OrTrigger([CronTrigger(day=days, **clock), CronTrigger(day_of_week=weekdays, **clock)])
    moment = start.replace(tzinfo=dt.UTC)
    expected = []
    previous = moment
    for _ in range(5):
        previous = judge.get_next_fire_time(previous, previous)
        expected.append(previous)
    assert occasions(schedule, moment, moment + 400 * 366 * DAY, 5) == tuple(expected)


# --- every time zone, every year ------------------------------------------------------------------------------------


@cache
def changes(zone: str, year: int) -> tuple[dt.datetime, ...]:
    """Midnights in UTC before which, within a day, the zone's offset changed; the year's first one if none did."""
    info = zoneinfo.ZoneInfo(zone)
    days = [dt.datetime(year, 1, 1, tzinfo=dt.UTC) + number * DAY for number in range(366)]
    offsets = [day.astimezone(info).utcoffset() for day in days]
    found = (day for day, before, after in zip(days[1:], offsets, offsets[1:], strict=False) if before != after)
    return tuple(found) or (days[0],)


@st.composite
def odd_times(draw: st.DrawFn, earliest: int) -> tuple[str, dt.datetime]:
    """A zone, and a midnight in UTC near which its clocks are set if they are that year."""
    zone = draw(st.sampled_from(ZONES))
    return zone, draw(st.sampled_from(changes(zone, draw(st.integers(earliest, 2100)))))


@settings(modest, max_examples=400)
@given(odd_times(1850), st.integers(0, 23), st.integers(0, 59))
def test_a_nightly_schedule_has_one_moment_for_each_date(
    where: tuple[str, dt.datetime], hour: int, minute: int
) -> None:
    zone, middle = where
    start, end = middle - 4 * DAY, middle + 4 * DAY
    due = occasions(at(f"{minute} {hour} * * *", zone), start, end)
    assert list(due) == sorted(set(due))
    kept = [moment for moment in due if wall(moment, zone).time() == dt.time(hour, minute)]
    dates = [wall(moment, zone).date() for moment in kept]
    assert len(set(dates)) == len(dates)
    assert all(moment.astimezone(zoneinfo.ZoneInfo(zone)).fold == 0 for moment in kept)
    moved = [moment for moment in due if moment not in kept]
    for moment in moved:
        # The clock jumps over the time that is meant, and shows the next one it ever shows.
        before = wall(moment - dt.timedelta(seconds=1), zone)
        meant = dt.datetime.combine(
            before.date() + DAY * (before.time() > dt.time(hour, minute)), dt.time(hour, minute)
        )
        assert before < meant < wall(moment, zone)
    first, last = wall(start, zone).date() + DAY, wall(end, zone).date() - DAY
    for number in range((last - first).days + 1):
        date = first + number * DAY
        assert date in dates or any(
            wall(moment - dt.timedelta(seconds=1), zone).date() <= date <= wall(moment, zone).date()
            for moment in (*moved, *kept)
        ), date


def due_by_minutes(schedule: Schedule, start: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    """The rules word by word, minute for minute; for zones whose offsets are whole minutes."""
    cron, zone = parse(schedule.expression), schedule.timezone
    minutes = [start + number * MINUTE for number in range(int((end - start) / MINUTE) + 1)]
    if cron.every_hour:
        yield from (moment for moment in minutes[1:] if cron.shows(wall(moment, zone)))
        return
    reached = wall(minutes[0], zone)
    for moment in minutes[1:]:
        shown = wall(moment, zone)
        passed = []
        while reached < shown:
            reached += MINUTE
            passed.append(reached)
        if any(cron.shows(time) for time in passed):
            yield moment


@settings(modest, max_examples=80)
@given(
    odd_times(1973),
    fields(0, 59, seldom_all=True),
    fields(0, 23),
    st.sampled_from(["* * *", "* * 1-5", "*/2 * *", "1-15 * 0", "* 1-6 *"]),
)
def test_it_is_what_the_rules_say_minute_for_minute(
    where: tuple[str, dt.datetime], minute: Any, hour: Any, days: str
) -> None:
    zone, middle = where
    schedule = at(f"{minute[0]} {hour[0]} {days}", zone)
    start, end = middle - 2 * DAY, middle + DAY
    # The rules need a day of history: what the clock showed before.
    expected = [moment for moment in due_by_minutes(schedule, start - DAY, end) if moment > start]
    assert list(occasions(schedule, start, end)) == expected


@modest
@given(odd_times(1900), st.sampled_from(["30 2 * * *", "35 * * * *", "0 */3 * * *", "15 0,12 1 * 1", "0 0 * * *"]))
def test_every_door_to_the_occasions_agrees(where: tuple[str, dt.datetime], cron: str) -> None:
    zone, middle = where
    schedule = at(cron, zone)
    # The clocks are set in the day before the midnight. Each step is a search of its own, hence no more than needed.
    start, end = middle - DAY, middle + 4 * 60 * MINUTE
    due = occasions(schedule, start, end)
    assert occasions(schedule, start, end, 3) == due[:3]
    stepped, judge = [], trigger(schedule)
    moment, fired = following(schedule, start), judge.get_next_fire_time(None, start + dt.timedelta.resolution)
    while moment is not None and moment <= end:
        stepped.append(moment)
        assert fired == moment
        # At the moment itself it is due, with or without having been before.
        assert judge.get_next_fire_time(None, moment) == moment
        moment, fired = following(schedule, moment), judge.get_next_fire_time(fired, moment + 5 * MINUTE)
    assert tuple(stepped) == due
    for half in (due[: len(due) // 2], due[len(due) // 2 :]):
        if half:
            assert occasions(schedule, half[0], half[-1]) == half[1:]


def test_apscheduler_takes_the_trigger() -> None:
    scheduler = BackgroundScheduler(timezone=dt.UTC)
    scheduler.start(paused=True)
    try:
        job = scheduler.add_job(print, trigger(at("30 2 * * *", "Asia/Tokyo")))
        assert job.next_run_time.astimezone(dt.UTC).strftime("%H:%M") == "17:30"
        assert str(job.trigger) == "cron[30 2 * * *, Asia/Tokyo]"
    finally:
        scheduler.shutdown()
