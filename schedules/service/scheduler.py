"""Jobs for the occasions of a schedule: the one that is due, missed ones, and overlapping ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from schedules.calendar.occasions import occasions
from schedules.configuration.service import Schedule
from schedules.jobs.queue import Job, JobQueue, JobState, Kind

IN_TIME = dt.timedelta(minutes=5)
"""An occasion up to this late is on time, also with `catch_up_hours: 0`: a service may be busy for a moment."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Occasions without a job, each in exactly one field."""

    run: dt.datetime | None
    """The latest one, if it is within the catch-up window."""
    coalesced: tuple[dt.datetime, ...]
    """Earlier ones within the window: they are merged into that run."""
    missed: tuple[dt.datetime, ...]
    """Those before the window."""


def missed_since(schedule: Schedule, last_due: dt.datetime, now: dt.datetime) -> Missed:
    """Sort the occasions after *last_due*, up to *now*, by how they are handled. Times are in UTC.

    An occasion that is due exactly now is included, so that callers need not distinguish timely and late wake-ups.
    """
    due = occasions(schedule, last_due, now)
    window = now - max(dt.timedelta(hours=schedule.catch_up_hours), IN_TIME)
    recent = tuple(moment for moment in due if moment >= window)
    missed = due[: len(due) - len(recent)]
    if not recent:
        return Missed(None, (), missed)
    return Missed(recent[-1], recent[:-1], missed)


def account_for(
    name: str, schedule: Schedule, queue: JobQueue, now: dt.datetime, since: dt.datetime
) -> tuple[Job, ...]:
    """Record a job for each occasion after the last recorded one, up to *now*; returns the new jobs.

    *since*: start for a schedule without any job. The same path handles timely and late wake-ups and downtime of the
    service: the first process records an occasion, the others find it recorded.
    """
    missed = missed_since(schedule, queue.last_due(name) or since, now)
    recorded = []
    for due in missed.missed:
        # Only the last missed run of an outage is notified, to avoid one message per missed run.
        deliveries = schedule.deliveries if due == missed.missed[-1] and missed.run is None else ()
        window = f"the catch-up window is {schedule.catch_up_hours} hours"
        reason = f"no service was running at that time, and {window}"
        recorded.append(_outcome(queue, name, due, JobState.MISSED, reason, deliveries))
    for due in missed.coalesced:
        recorded.append(_outcome(queue, name, due, JobState.COALESCED, "merged into a later run", ()))
    if missed.run is not None:
        recorded.append(_requested(queue, name, schedule, missed.run, now))
    return tuple(job for job in recorded if job is not None)


def _requested(queue: JobQueue, name: str, schedule: Schedule, due: dt.datetime, now: dt.datetime) -> Job | None:
    for busy in queue.list(schedule=name, states=(JobState.WAITING, JobState.RUNNING)):
        if busy.request.get("scope"):
            continue  # a manual audit of another scope does not replace the scheduled one
        reason = f"the audit requested at {busy.requested_at:%Y-%m-%d %H:%M} UTC had not ended"
        return _outcome(queue, name, due, JobState.COALESCED, reason, ())
    late = (now - due).total_seconds() > _LATE_SECONDS
    request = {"deliveries": list(schedule.deliveries)}
    return queue.enqueue(Kind.AUDIT, by="catch-up" if late else "schedule", schedule=name, due_at=due, request=request)


_LATE_SECONDS = 120
"""A job that starts later than this is a `catch-up`."""


def _outcome(
    queue: JobQueue, name: str, due: dt.datetime, state: JobState, reason: str, deliveries: tuple[str, ...]
) -> Job | None:
    request = {"deliveries": list(deliveries)}
    return queue.enqueue(
        Kind.AUDIT, by="catch-up", schedule=name, due_at=due, request=request, state=state, reason=reason
    )
