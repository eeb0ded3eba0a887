"""Every occasion of a schedule gets its job: the one that is due, those that were missed, those that overlap."""

from __future__ import annotations

import datetime as dt

from schedules.configuration import Schedule
from schedules.jobs import Job, Kind, Ledger, State
from schedules.times.catch_up import missed_since


def account_for(name: str, schedule: Schedule, ledger: Ledger, now: dt.datetime, since: dt.datetime) -> tuple[Job, ...]:
    """Record a job for each occasion after the last one that has any, up to *now*; returns the new ones.

    *since*: where to begin for a schedule that never had any. One path for a fire in time, a late one, and a service
    that was down: whichever process comes first records an occasion, the others find it recorded.
    """
    missed = missed_since(schedule, ledger.last_due(name) or since, now)
    recorded = []
    for due in missed.missed:
        # Of a long outage only the last one is told; a message for each night of it would help nobody.
        told = schedule.deliveries if due == missed.missed[-1] and missed.run is None else ()
        window = f"catching up goes back {schedule.catch_up_hours} hours only"
        reason = f"no service followed the schedule then, and {window}"
        recorded.append(_outcome(ledger, name, due, State.MISSED, reason, told))
    for due in missed.coalesced:
        recorded.append(_outcome(ledger, name, due, State.COALESCED, "made up for together with a later one", ()))
    if missed.run is not None:
        recorded.append(_asked(ledger, name, schedule, missed.run, now))
    return tuple(job for job in recorded if job is not None)


def _asked(ledger: Ledger, name: str, schedule: Schedule, due: dt.datetime, now: dt.datetime) -> Job | None:
    for busy in ledger.list(schedule=name, states=(State.WAITING, State.RUNNING)):
        if busy.request.get("scope"):
            continue  # somebody asked for a part; it cannot stand for the whole
        reason = f"the audit asked for at {busy.asked_at:%Y-%m-%d %H:%M} UTC had not ended"
        return _outcome(ledger, name, due, State.COALESCED, reason, ())
    late = (now - due).total_seconds() > _LATE_SECONDS
    request = {"deliveries": list(schedule.deliveries)}
    return ledger.ask(Kind.AUDIT, by="catch-up" if late else "schedule", schedule=name, due_at=due, request=request)


_LATE_SECONDS = 120
"""From then on a job is told to have been caught up with."""


def _outcome(
    ledger: Ledger, name: str, due: dt.datetime, state: State, reason: str, told: tuple[str, ...]
) -> Job | None:
    request = {"deliveries": list(told)}
    return ledger.ask(Kind.AUDIT, by="catch-up", schedule=name, due_at=due, request=request, state=state, reason=reason)
