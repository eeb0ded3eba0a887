"""What becomes of the occasions of a schedule that nobody has recorded yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from schedules.configuration import Schedule
from schedules.times.calendar import occasions

IN_TIME = dt.timedelta(minutes=5)
"""So late an occasion still counts as kept, also where nothing is caught up with: nobody is quicker at all times."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Occasions without a job, each in one place."""

    run: dt.datetime | None
    """The latest one, if it is recent enough to be made up for."""
    coalesced: tuple[dt.datetime, ...]
    """Earlier ones that are recent enough as well: the one run stands for them."""
    missed: tuple[dt.datetime, ...]
    """Those before the window."""


def missed_since(schedule: Schedule, last_due: dt.datetime, now: dt.datetime) -> Missed:
    """Sort the occasions after *last_due*, up to *now*, by what is to be done about them. Moments are in UTC.

    An occasion that is due this moment is among them, so that a fire in time and a late one are the same to a caller.
    """
    due = occasions(schedule, last_due, now)
    window = now - max(dt.timedelta(hours=schedule.catch_up_hours), IN_TIME)
    recent = tuple(moment for moment in due if moment >= window)
    missed = due[: len(due) - len(recent)]
    if not recent:
        return Missed(None, (), missed)
    return Missed(recent[-1], recent[:-1], missed)
