"""Which runs may go: by age and by number, and never the ones that answers still rest on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

import sqlalchemy as sa

from audit.store import legal_hold, schema
from audit.store.summary import RunListEntry

LATEST = 12
"""Runs of one organization and scope since the last good one that always stay."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """A run that retention deleted, or would delete."""

    run: str
    reason: str


def kept_lines(connection: sa.Connection) -> dict[str, list[RunListEntry]]:
    """Every run by question, newest first."""
    query = sa.select(schema.runs.c.question, schema.runs.c.summary).order_by(schema.runs.c.id.desc())
    found: dict[str, list[RunListEntry]] = {}
    for question, summary in connection.execute(query):
        found.setdefault(question, []).append(RunListEntry.from_document(summary))
    return found


def dispensable(
    runs: Mapping[str, Iterable[RunListEntry]], held: Set[str], *, days: int, count: int, now: dt.datetime
) -> Iterator[Pruned]:
    """Runs that may go, oldest first.

    *runs*: by question, newest first. *days*: older ones may go; *count*: of one question, more than this may go;
    0: never for that reason. *held*: runs under legal hold. What always stays of a question is in `_needed`.
    """
    found = []
    for lines in map(tuple, runs.values()):
        needed = _needed(lines)
        for place, line in enumerate(lines):
            if line.id in held or line.id in needed:
                continue
            age = (now - dt.datetime.fromisoformat(line.started_at)).days
            if 0 < days <= age:
                found.append(Pruned(line.id, f"older than {days} days"))
            elif 0 < count <= place:
                found.append(Pruned(line.id, f"more than {count} runs of its organization and scope"))
    yield from sorted(found, key=lambda one: one.run)


def _needed(lines: tuple[RunListEntry, ...]) -> set[str]:
    """The last good run (evidence complete), and what came after it, `LATEST` runs at most.

    Ages of findings are handed on from the latest run; the others are what comparisons and trends go back to.
    """
    good = next((place for place, line in enumerate(lines) if line.evidence_complete), None)
    after = lines[: min(LATEST, len(lines) if good is None else good + 1)]
    return {line.id for line in after} | ({lines[good].id} if good is not None else set())


def delete_row(connection: sa.Connection, one: Pruned, by: str, at: dt.datetime) -> bool:
    """Delete a run's rows and write that down. False where somebody deleted it, or put it under hold, meanwhile."""
    free = schema.runs.c.id.not_in(sa.select(schema.holds.c.run))
    gone = connection.execute(schema.runs.delete().where(schema.runs.c.id == one.run, free)).rowcount == 1
    if gone:
        legal_hold.record(connection, by, "prune", one.run, {"reason": one.reason}, at)
    return gone


def was_pruned(connection: sa.Connection, run: str) -> bool:
    """Whether retention deleted that run, so that what is left of its files may go too."""
    query = sa.select(schema.acts.c.id).where(schema.acts.c.act == "prune", schema.acts.c.subject == run)
    return connection.scalar(query.limit(1)) is not None
