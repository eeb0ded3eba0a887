"""Which runs retention deletes: by age and by number, and never those that comparisons and finding ages need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

import sqlalchemy as sa

from audit.store import legal_hold, schema
from audit.store.summary import RunListEntry

LATEST = 12
"""Maximum number of latest runs of one organization and scope that always stay."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """A run that retention deleted, or would delete."""

    run: str
    reason: str


def runs_by_question(connection: sa.Connection) -> dict[str, list[RunListEntry]]:
    """Every run by question, newest first."""
    query = sa.select(schema.runs.c.question, schema.runs.c.summary).order_by(schema.runs.c.id.desc())
    found: dict[str, list[RunListEntry]] = {}
    for question, summary in connection.execute(query):
        found.setdefault(question, []).append(RunListEntry.from_document(summary))
    return found


def prunable(
    runs: Mapping[str, Iterable[RunListEntry]], held: Set[str], *, days: int, count: int, now: dt.datetime
) -> Iterator[Pruned]:
    """Runs that may be deleted, oldest first.

    *runs*: by question, newest first. *days*: older ones may be deleted; *count*: runs beyond this number per
    question may be deleted; 0: no limit. *held*: runs under legal hold. `_always_kept` has the runs that always stay.
    """
    found = []
    for entries in map(tuple, runs.values()):
        always_kept = _always_kept(entries)
        for position, entry in enumerate(entries):
            if entry.id in held or entry.id in always_kept:
                continue
            age = (now - dt.datetime.fromisoformat(entry.started_at)).days
            if 0 < days <= age:
                found.append(Pruned(entry.id, f"older than {days} days"))
            elif 0 < count <= position:
                found.append(Pruned(entry.id, f"more than {count} runs of its organization and scope"))
    yield from sorted(found, key=lambda one: one.run)


def _always_kept(entries: tuple[RunListEntry, ...]) -> set[str]:
    """The last complete run (no evidence gaps), and the later ones, at most `LATEST` runs.

    Finding ages are passed on from the latest run; comparisons and trends need the others.
    """
    good = next((position for position, entry in enumerate(entries) if entry.evidence_complete), None)
    after = entries[: min(LATEST, len(entries) if good is None else good + 1)]
    return {entry.id for entry in after} | ({entries[good].id} if good is not None else set())


def delete_row(connection: sa.Connection, one: Pruned, by: str, at: dt.datetime) -> bool:
    """Delete a run's rows and record that. False where another process deleted it, or put it under legal hold,
    meanwhile."""
    free = schema.runs.c.id.not_in(sa.select(schema.holds.c.run))
    gone = connection.execute(schema.runs.delete().where(schema.runs.c.id == one.run, free)).rowcount == 1
    if gone:
        legal_hold.record(connection, by, "prune", one.run, {"reason": one.reason}, at)
    return gone


def was_pruned(connection: sa.Connection, run: str) -> bool:
    """Whether retention deleted that run, so that the rest of its files may be deleted too."""
    query = sa.select(schema.audit_log.c.id).where(schema.audit_log.c.act == "prune", schema.audit_log.c.subject == run)
    return connection.scalar(query.limit(1)) is not None
