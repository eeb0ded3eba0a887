"""When a schedule is due.

A schedule is in the local time of its time zone:

- A schedule with certain hours is due once at each of them. If the change to daylight saving time skips the hour, it
  is due at the first moment after the gap (02:30 at 03:00, where 03:00 follows 01:59); if an hour is repeated, it is
  due the first time. In short: it is due at the first moment at which the local time is the scheduled time or later.
  Two times in the same gap are one occasion. A day that a time zone skips (Samoa's 30 December 2011) is a gap as well.
- A schedule for every hour follows the elapsed hours: it is due whenever the local time has one of its minutes, twice
  in a repeated hour, and not in a gap.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import zoneinfo
from collections.abc import Iterator

from apscheduler.triggers.base import BaseTrigger

from schedules.configuration.cron import Cron, in_words, parse
from schedules.configuration.service import Schedule

_DAY = dt.timedelta(days=1)
_SECOND = dt.timedelta(seconds=1)
_END = dt.datetime(9999, 12, 25)
"""Later times are ignored, so that no time zone offset leads past datetime's last day."""


def occasions(
    schedule: Schedule, after: dt.datetime, until: dt.datetime, limit: int | None = None
) -> tuple[dt.datetime, ...]:
    """The times after *after*, up to and including *until*, at which *schedule* is due: in UTC, strictly ascending.

    *limit*: at most this many, the first ones.
    """
    due = itertools.takewhile(lambda moment: moment <= until, _due_after(schedule, after))
    return tuple(itertools.islice(due, limit))


def following(schedule: Schedule, after: dt.datetime) -> dt.datetime | None:
    """The first time after *after* at which it is due, in UTC; None after the year 9999."""
    return next(_due_after(schedule, after), None)


def words(schedule: Schedule) -> str:
    """When it is due, in words, in local time of its time zone: `every day at 02:30`."""
    return in_words(parse(schedule.expression))


def remark(schedule: Schedule, moment: dt.datetime) -> str:
    """The effect of daylight saving time on an occasion, as a sentence; empty where there is none."""
    cron, wall = parse(schedule.expression), moment.astimezone(zoneinfo.ZoneInfo(schedule.timezone))
    if not cron.shows(wall):
        return "daylight saving time skips the scheduled time; this is the first moment after the gap"
    if wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset():
        return ""
    if cron.every_hour:
        return f"this local time occurs twice; this is the {'second' if wall.fold else 'first'} one"
    return "this local time occurs twice; the schedule is due only the first time"


class Trigger(BaseTrigger):  # type: ignore[misc] # APScheduler ships no types
    """The occasions of a schedule, for APScheduler."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def get_next_fire_time(self, previous_fire_time: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
        """The occasion after *previous_fire_time*; without that one, the first one at or after *now*."""
        after = now - dt.timedelta.resolution if previous_fire_time is None else previous_fire_time
        # In UTC: times of two zones are never equal where one of them is in a repeated hour (PEP 495).
        return following(self._schedule, after)

    def __str__(self) -> str:
        return f"cron[{self._schedule.expression}, {self._schedule.timezone}]"


def trigger(schedule: Schedule) -> Trigger:
    """*schedule* as a trigger for APScheduler."""
    return Trigger(schedule)


def _due_after(schedule: Schedule, after: dt.datetime) -> Iterator[dt.datetime]:
    """In the order of UTC, not of local time: where clocks are set back, a later local time may come earlier."""
    cron, zone = parse(schedule.expression), zoneinfo.ZoneInfo(schedule.timezone)
    after = after.astimezone(dt.UTC)
    pending: list[dt.datetime] = []
    for wall in itertools.takewhile(lambda wall: wall < _END, cron.after(_wall(after, zone) - 2 * _DAY)):
        # Offsets are less than a day (datetime.tzinfo.utcoffset): this time and later ones yield nothing before this.
        settled = wall.replace(tzinfo=dt.UTC) - _DAY
        while pending and pending[0] < settled:
            yield _taken(pending)
        for moment in _moments(cron, zone, wall):
            if moment > after:
                heapq.heappush(pending, moment)
    while pending:
        yield _taken(pending)


def _taken(pending: list[dt.datetime]) -> dt.datetime:
    """Remove the earliest time and its duplicates from the heap: two times in the same gap are one occasion."""
    moment = heapq.heappop(pending)
    while pending and pending[0] == moment:
        heapq.heappop(pending)
    return moment


def _moments(cron: Cron, zone: zoneinfo.ZoneInfo, wall: dt.datetime) -> set[dt.datetime]:
    if not cron.every_hour:
        return {_first_reached(wall, zone)}
    return {moment for fold in (0, 1) if _wall(moment := _instant(wall, zone, fold), zone) == wall}


def _first_reached(wall: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The first moment at which the local time is *wall* or later."""
    late = _instant(wall, zone, 0)
    if _wall(late, zone) == wall:
        return late
    # A gap. Fold 0 uses the offset before it, fold 1 the one after it (PEP 495): the gap is between the two.
    early = _instant(wall, zone, 1)
    while late - early > _SECOND:
        middle = early + (late - early) // (2 * _SECOND) * _SECOND
        early, late = (early, middle) if _wall(middle, zone) >= wall else (middle, late)
    return late


def _instant(wall: dt.datetime, zone: zoneinfo.ZoneInfo, fold: int) -> dt.datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC)


def _wall(moment: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
