"""Every occasion of a schedule gets its job: the one that is due, those that were missed, those that overlap."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from schedules.calendar.occasions import occasions
from schedules.configuration.service import Schedule
from schedules.jobs.queue import Job, JobQueue, JobState, Kind

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


def account_for(
    name: str, schedule: Schedule, queue: JobQueue, now: dt.datetime, since: dt.datetime
) -> tuple[Job, ...]:
    """Record a job for each occasion after the last one that has any, up to *now*; returns the new ones.

    *since*: where to begin for a schedule that never had any. One path for a fire in time, a late one, and a service
    that was down: whichever process comes first records an occasion, the others find it recorded.
    """
    missed = missed_since(schedule, queue.last_due(name) or since, now)
    recorded = []
    for due in missed.missed:
        # Of a long outage only the last one is told; a message for each night of it would help nobody.
        told = schedule.deliveries if due == missed.missed[-1] and missed.run is None else ()
        window = f"catching up goes back {schedule.catch_up_hours} hours only"
        reason = f"no service followed the schedule then, and {window}"
        recorded.append(_outcome(queue, name, due, JobState.MISSED, reason, told))
    for due in missed.coalesced:
        recorded.append(_outcome(queue, name, due, JobState.COALESCED, "made up for together with a later one", ()))
    if missed.run is not None:
        recorded.append(_asked(queue, name, schedule, missed.run, now))
    return tuple(job for job in recorded if job is not None)


def _asked(queue: JobQueue, name: str, schedule: Schedule, due: dt.datetime, now: dt.datetime) -> Job | None:
    for busy in queue.list(schedule=name, states=(JobState.WAITING, JobState.RUNNING)):
        if busy.request.get("scope"):
            continue  # somebody asked for a part; it cannot stand for the whole
        reason = f"the audit asked for at {busy.requested_at:%Y-%m-%d %H:%M} UTC had not ended"
        return _outcome(queue, name, due, JobState.COALESCED, reason, ())
    late = (now - due).total_seconds() > _LATE_SECONDS
    request = {"deliveries": list(schedule.deliveries)}
    return queue.enqueue(Kind.AUDIT, by="catch-up" if late else "schedule", schedule=name, due_at=due, request=request)


_LATE_SECONDS = 120
"""From then on a job is told to have been caught up with."""


def _outcome(
    queue: JobQueue, name: str, due: dt.datetime, state: JobState, reason: str, told: tuple[str, ...]
) -> Job | None:
    request = {"deliveries": list(told)}
    return queue.enqueue(
        Kind.AUDIT, by="catch-up", schedule=name, due_at=due, request=request, state=state, reason=reason
    )
