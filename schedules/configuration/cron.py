"""Cron expressions: the five fields of crontab(5), and their description in words."""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as declared
from functools import lru_cache

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field

from checks.baseline.check_names import similar

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_TERM = re.compile(
    r"(?P<first>\*|[a-z]+|[0-9]{1,4})(-(?P<last>[a-z]+|[0-9]{1,4}))?(/(?P<step>[0-9]{1,4}))?", re.ASCII | re.IGNORECASE
)


class CronError(ValueError):
    """An expression that is not valid, or that never matches."""

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
    """Names of the values, beginning with `low`."""


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that an expression matches, each field in ascending order."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    """Of the month."""
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """From 0, Sunday, to 6, Saturday."""
    either: bool
    """Whether either day field suffices: where neither of them begins with `*` (crontab(5))."""
    _text: str = declared(compare=False)
    _read: CronSim = declared(compare=False, repr=False)

    @property
    def every_hour(self) -> bool:
        """Whether it matches every hour of the day."""
        return len(self.hours) == 24

    def shows(self, wall: dt.datetime) -> bool:
        """Whether it matches this minute of the local time."""
        named = wall.minute in self.minutes and wall.hour in self.hours and wall.month in self.months
        return named and self._read.match_day(wall.date())

    def after(self, wall: dt.datetime) -> Iterator[dt.datetime]:
        """The matching times after *wall*, ascending, without a time zone, up to the year 9999."""
        with contextlib.suppress(OverflowError):  # the year 10000, which datetime does not have
            yield from CronSim(self._text, wall)


@lru_cache(maxsize=256)
def parse(text: str) -> Cron:
    """Read an expression. Raises CronError."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        hint = (
            "write presets as `every: nightly`"
            if text.startswith("@")
            else "for example, 30 2 * * * is every day at 02:30"
        )
        names = ", ".join(each.name for each in _FIELDS)
        raise CronError(f"must have five fields ({names}), but has {len(parts)}", hint)
    checked = " ".join(_checked(each, part) for each, part in zip(_FIELDS, parts, strict=True))
    try:
        read = CronSim(checked, dt.datetime.min)
    except CronSimError as error:
        day = min(day for day in Field.DAY.parse(parts[2]) if isinstance(day, int))
        raise CronError(f"never matches: none of its months has a day {day}") from error
    return Cron(
        minutes=tuple(sorted(read.minutes)),
        hours=tuple(sorted(read.hours)),
        days=tuple(sorted(read.days)),
        months=tuple(sorted(read.months)),
        weekdays=tuple(sorted({day % 7 for day in read.weekdays if isinstance(day, int)})),
        either=not read.day_and,
        _text=checked,
        _read=read,
    )


def _checked(field: _Field, text: str) -> str:
    """A field as cronsim accepts it."""
    return ",".join(_term(field, term) for term in text.split(","))


def _term(field: _Field, term: str) -> str:
    match = _TERM.fullmatch(term)
    if match is None:
        raise CronError(
            f"{term[:40]!r} is not a valid {field.name}", f"use values, ranges and steps such as {_example(field)}"
        )
    first, last, step = match["first"], match["last"], match["step"]
    if first == "*":
        if last is not None:
            raise CronError(f"{term!r} is not a valid {field.name}", "`*` already means the whole range")
        low, high = field.low, field.high
    else:
        low = _value(field, first)
        high = _value(field, last) if last is not None else low
        if last and last.lower() == "sun" and low > 0:
            high, term = 7, term.lower().replace("-sun", "-7")
        if step and last is None:
            raise CronError(f"{term!r} has a step without a range", f"write {first}-{field.high}/{step}")
    if high < low:
        raise CronError(
            f"the range {term!r} ends before it begins", f"write two ranges: {first}-{field.high},{field.low}-{last}"
        )
    if step is not None and not 1 <= int(step) <= max(high - low, 1):
        raise CronError(f"the step of {term!r} is out of range: it must be from 1 to {max(high - low, 1)}")
    return term


def _value(field: _Field, word: str) -> int:
    if word.isdigit():
        if field.low <= int(word) <= field.high:
            return int(word)
        raise CronError(f"{field.name} {word} is out of range: it must be from {field.low} to {field.high}")
    if word.lower() in field.names:
        return field.names.index(word.lower()) + field.low
    raise CronError(f"{word[:40]!r} is not a valid {field.name}", similar(word, field.names, "") or _example(field))


def _example(field: _Field) -> str:
    names = f", or names such as {field.names[1]}" if field.names else ""
    return f"{field.low}, {field.low}-{field.high} or */2{names}"


_MOST_TIMES = 8
"""Up to this many times a day are listed individually."""
_RHYTHM_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_RHYTHM_MONTHS = tuple(calendar.month_name)


def in_words(cron: Cron) -> str:
    """`every day at 02:30`, `every 15 minutes`, `on Mondays at 02:30`, `on day 1 of the month at 02:30`."""
    days = " ".join(part for part in (_days(cron), _months(cron)) if part)
    if cron.every_hour:
        return f"{_minutes(cron.minutes)} {days}".rstrip()
    step = 24 // len(cron.hours)
    if len(cron.hours) > 1 and cron.hours == tuple(range(0, 24, step)) and cron.minutes == (0,):
        return f"every {step} hours {days}".rstrip()
    return f"{days or 'every day'} {_times(cron)}"


def _minutes(minutes: tuple[int, ...]) -> str:
    if minutes == (0,):
        return "every hour"
    if len(minutes) == 60:
        return "every minute"
    step = 60 // len(minutes)
    if len(minutes) > 1 and minutes == tuple(range(0, 60, step)):
        return f"every {step} minutes"
    return f"every hour at minute {_listed(_spans(minutes))}"


def _times(cron: Cron) -> str:
    if len(cron.hours) * len(cron.minutes) <= _MOST_TIMES:
        return f"at {_listed([f'{hour:02}:{minute:02}' for hour in cron.hours for minute in cron.minutes])}"
    return f"at minute {_listed(_spans(cron.minutes))} of hour {_listed(_spans(cron.hours))}"


def _days(cron: Cron) -> str:
    every_day, every_weekday = len(cron.days) == 31, len(cron.weekdays) == 7
    weekdays = _listed([f"{_RHYTHM_WEEKDAYS[day]}s" for day in sorted(cron.weekdays, key=lambda day: day or 7)])
    if cron.weekdays == (1, 2, 3, 4, 5):
        weekdays = "weekdays"
    days = f"day {_listed(_spans(cron.days))} of the month"
    if cron.either:
        return f"on {days}, and on {weekdays},"
    if every_day:
        return "" if every_weekday else f"on {weekdays}"
    return f"on {days}" if every_weekday else f"on {weekdays} that are {days}"


def _months(cron: Cron) -> str:
    return "" if len(cron.months) == 12 else f"in {_listed([_RHYTHM_MONTHS[month] for month in cron.months])}"


def _spans(values: Sequence[int]) -> list[str]:
    """Consecutive values as ranges: 1, 2, 3, 7 are `1-3` and `7`."""
    spans: list[list[int]] = []
    for value in values:
        if spans and value == spans[-1][-1] + 1:
            spans[-1].append(value)
        else:
            spans.append([value])
    return [str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans]


def _listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
