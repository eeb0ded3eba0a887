"""A cron expression in words."""

from __future__ import annotations

import calendar
from collections.abc import Sequence

from schedules.times.cron import Cron

_MOST_TIMES = 8
"""More times a day than these are not listed one by one."""
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = tuple(calendar.month_name)


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
    weekdays = _listed([f"{_WEEKDAYS[day]}s" for day in sorted(cron.weekdays, key=lambda day: day or 7)])
    if cron.weekdays == (1, 2, 3, 4, 5):
        weekdays = "weekdays"
    days = f"day {_listed(_spans(cron.days))} of the month"
    if cron.either:
        return f"on {days}, and on {weekdays},"
    if every_day:
        return "" if every_weekday else f"on {weekdays}"
    return f"on {days}" if every_weekday else f"on {weekdays} that are {days}"


def _months(cron: Cron) -> str:
    return "" if len(cron.months) == 12 else f"in {_listed([_MONTHS[month] for month in cron.months])}"


def _spans(values: Sequence[int]) -> list[str]:
    """Neighbours taken together: 1, 2, 3, 7 are `1-3` and `7`."""
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
