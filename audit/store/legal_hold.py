"""Runs under legal hold, and the log of user actions for auditors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.codec import storable
from audit.store.errors import NoSuchRunError, StoreError
from checks.model import utc_text

_LONGEST = 10_000
"""Maximum length of a reason in characters."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a run may not be deleted."""

    reason: str
    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An action of a user that matters to auditors."""

    at: dt.datetime
    by: str
    act: str
    """`hold`, `release`, `prune`, `waive`, …"""
    subject: str
    """The object of the action: a run, a job, the name of a token."""
    detail: Mapping[str, Any]
    """JSON values."""


def record(
    connection: sa.Connection, by: str, act: str, subject: str, detail: Mapping[str, Any], at: dt.datetime
) -> None:
    """Record an action, in the transaction that carries it out."""
    values = {"by": storable(by, 200), "act": storable(act, 40), "subject": storable(subject, 200)}
    connection.execute(schema.audit_log.insert().values(**values, at=_text(at), detail=dict(detail)))


def audit_log(connection: sa.Connection, limit: int) -> tuple[LogEntry, ...]:
    """The last *limit* actions, newest first."""
    query = sa.select(schema.audit_log).order_by(schema.audit_log.c.id.desc()).limit(limit)
    return tuple(
        LogEntry(dt.datetime.fromisoformat(row.at), row.by, row.act, row.subject, row.detail)
        for row in connection.execute(query)
    )


def hold(connection: sa.Connection, run: str, reason: str, by: str, at: dt.datetime) -> None:
    """Put *run* under legal hold. Raises NoSuchRunError, or StoreError where it is held already or has no reason."""
    if not reason.strip():
        raise StoreError("a legal hold needs a reason that is understandable later; give one")
    # The row is locked, so that retention cannot delete the run at the same moment.
    if connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.id == run).with_for_update()) is None:
        raise NoSuchRunError(f"there is no run {run!r}")
    present = holds(connection).get(run)
    if present is not None:
        raise StoreError(
            f"run {run} is under legal hold since {utc_text(present.at)}, by {present.by}; release it first"
        )
    values = {"reason": storable(reason, _LONGEST), "by": storable(by, 200), "at": _text(at)}
    connection.execute(schema.holds.insert().values(run=run, **values))
    record(connection, by, "hold", run, {"reason": reason}, at)


def release(connection: sa.Connection, run: str, by: str, at: dt.datetime) -> None:
    """Release the legal hold of *run*. Raises StoreError where there is none."""
    present = holds(connection).get(run)
    gone = connection.execute(schema.holds.delete().where(schema.holds.c.run == run)).rowcount
    if present is None or gone != 1:
        raise StoreError(f"run {run} is not under legal hold; `ecr-audit store status` shows the runs that are")
    was = {"reason": present.reason, "by": present.by, "at": _text(present.at)}
    record(connection, by, "release", run, was, at)


def holds(connection: sa.Connection) -> dict[str, Hold]:
    """Every legal hold by run."""
    return {
        row.run: Hold(row.reason, row.by, dt.datetime.fromisoformat(row.at))
        for row in connection.execute(sa.select(schema.holds).order_by(schema.holds.c.run))
    }


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
