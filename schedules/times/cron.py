"""Cron expressions: the five fields of crontab(5), expanded to the values that they name.

APScheduler's own reading is not used: it counts days of the week from Monday, wants day of month *and* day of week
where cron is content with either, and reads past what it does not know (`jan2` is January to it).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

from checks.baseline_names import similar

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TERM = re.compile(
    r"(?P<first>\*|[a-z]+|[0-9]{1,4})(-(?P<last>[a-z]+|[0-9]{1,4}))?(/(?P<step>[0-9]{1,4}))?", re.ASCII | re.IGNORECASE
)


class CronError(ValueError):
    """An expression that cannot be read, or that never comes true."""

    def __init__(self, message: str, hint: str = "") -> None:
        """*hint*: what to write instead."""
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    """Names of the values from `low` on."""


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """What an expression names, each in ascending order."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    """Of the month."""
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """From 0, Sunday, to 6, Saturday."""
    either: bool
    """Whether a day of the month, or of the week, suffices: where neither field begins with `*` (crontab(5))."""

    @property
    def every_hour(self) -> bool:
        """Whether it names every hour of the day."""
        return len(self.hours) == 24

    def on(self, day: dt.date) -> bool:
        """Whether it names this day."""
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_month or by_week) if self.either else (by_month and by_week)

    def shows(self, wall: dt.datetime) -> bool:
        """Whether it names this minute of the local clock."""
        return wall.minute in self.minutes and wall.hour in self.hours and self.on(wall.date())


@lru_cache(maxsize=256)
def parse(text: str) -> Cron:
    """Read an expression. Raises CronError."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        hint = "write presets as `every: nightly`" if text.startswith("@") else "as 30 2 * * * for every day at 02:30"
        names = ", ".join(field.name for field in _FIELDS)
        raise CronError(f"needs five fields ({names}) and has {len(parts)}", hint)
    minutes, hours, days, months, weekdays = (_values(field, part) for field, part in zip(_FIELDS, parts, strict=True))
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    found = Cron(minutes, hours, days, months, tuple(sorted({day % 7 for day in weekdays})), either)
    if not either and not any(days[0] <= _LONGEST[month - 1] for month in months):
        raise CronError(f"never comes: no month that it names has a day {days[0]}")
    return found


def _values(field: _Field, text: str) -> tuple[int, ...]:
    return tuple(sorted({value for term in text.split(",") for value in _term(field, term)}))


def _term(field: _Field, term: str) -> range:
    match = _TERM.fullmatch(term)
    if match is None:
        raise CronError(f"{term[:40]!r} is no {field.name}", f"values, ranges and steps such as {_example(field)}")
    first, last, step = match["first"], match["last"], match["step"]
    if first == "*":
        if last is not None:
            raise CronError(f"{term!r} is no {field.name}", "`*` alone stands for the whole range")
        low, high = field.low, field.high
    else:
        low = _value(field, first)
        high = _value(field, last) if last is not None else low
        if last and last.lower() == "sun" and low > 0:
            high = 7
        if step and last is None:
            raise CronError(f"{term!r} has a step without a range", f"write {first}-{field.high}/{step}")
    if high < low:
        raise CronError(
            f"the range {term!r} ends before it begins", f"write two: {first}-{field.high},{field.low}-{last}"
        )
    if step is not None and not 1 <= int(step) <= max(high - low, 1):
        raise CronError(f"the step of {term!r} leads nowhere: it must be from 1 to {max(high - low, 1)}")
    return range(low, high + 1, int(step or 1))


def _value(field: _Field, word: str) -> int:
    if word.isdigit():
        if field.low <= int(word) <= field.high:
            return int(word)
        raise CronError(f"{field.name} {word} is not within {field.low} to {field.high}")
    if word.lower() in field.names:
        return field.names.index(word.lower()) + field.low
    raise CronError(f"{word[:40]!r} is no {field.name}", similar(word, field.names, "") or _example(field))


def _example(field: _Field) -> str:
    named = f", or names such as {field.names[1]}" if field.names else ""
    return f"{field.low}, {field.low}-{field.high} or */2{named}"
