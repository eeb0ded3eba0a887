"""How long each finding has been there: handed on from run to run, so that no run is counted twice.

A finding keeps its age while every earlier run either found it or could not look. Where the run before did not have
it although its evidence was complete, it is new.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from audit.model import Age, Run, RunSummary, Spot
from audit.sight import read_spot
from audit.store import schema
from audit.store.line import RunLine
from checks.model import Finding, Severity, Status, utc_text


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding as one run had it."""

    run: str
    started_at: dt.datetime
    status: Status
    severity: Severity
    waived: bool


_Seen = tuple[str, int]
"""`first_seen` and `seen_runs`."""

LOOKED_BACK = 12
"""Runs with incomplete evidence that are looked behind for a finding that they do not have."""


def aged(connection: sa.Connection, run: Run, question: str) -> dict[str, _Seen]:
    """`first_seen` and `seen_runs` of every finding of *run*, by fingerprint."""
    before = _handed_on(connection, run, question)
    started = utc_text(run.started_at)
    return {finding.fingerprint: _seen(finding, before.get(finding.fingerprint), started) for finding in run.findings}


def earlier_runs(connection: sa.Connection, run: Run, question: str, limit: int, newest: str = "") -> Iterator[RunLine]:
    """The last *limit* runs before *run*, up to *newest*, that asked the same *question*, newest first."""
    earlier = (
        sa.select(schema.runs.c.summary)
        .where(schema.runs.c.question == question, schema.runs.c.id < run.id)
        .order_by(schema.runs.c.id.desc())
        .limit(limit)
    )
    query = earlier.where(schema.runs.c.id <= newest) if newest else earlier
    return map(RunLine.from_document, connection.scalars(query).all())


def history(connection: sa.Connection, run: Run, question: str, limit: int, against: str) -> tuple[RunSummary, ...]:
    """As `Store.history`."""
    lines = {line.id: line for line in earlier_runs(connection, run, question, limit, against)}
    open_failures: dict[str, dict[str, Severity]] = {identifier: {} for identifier in lines}
    kept = schema.findings.c
    failing = sa.select(kept.run, kept.fingerprint, kept.severity).where(
        kept.run.in_(lines), kept.status == Status.FAIL.value, kept.waived.is_(False)
    )
    for row in connection.execute(failing):
        open_failures[row.run][row.fingerprint] = Severity(row.severity)
    # Where failures lay matters for the run that is compared with; a dozen large runs of that would be a lot to read.
    compared = next(iter(lines), "")
    found = {compared: _spots(connection, compared)}
    return tuple(line.as_summary(open_failures[line.id], found.get(line.id, {})) for line in lines.values())


def _spots(connection: sa.Connection, run_id: str) -> dict[str, Spot]:
    kept = schema.findings.c
    placed = sa.select(kept.fingerprint, kept.check, kept.places).where(
        kept.run == run_id, kept.status == Status.FAIL.value, kept.waived.is_(False)
    )
    return {row.fingerprint: read_spot(row.check, row.places) for row in connection.execute(placed)}


def ages(connection: sa.Connection, run_id: str) -> dict[str, Age]:
    """As `Store.ages`."""
    kept = schema.findings.c
    query = sa.select(kept.fingerprint, kept.first_seen, kept.seen_runs).where(
        kept.run == run_id, kept.status == Status.FAIL.value
    )
    return {
        row.fingerprint: Age(dt.datetime.fromisoformat(row.first_seen), row.seen_runs)
        for row in connection.execute(query)
    }


def seen_over_time(connection: sa.Connection, question: str, fingerprint: str, limit: int) -> tuple[Seen, ...]:
    """What the last *limit* runs of *question* that have the finding say of it, newest first."""
    runs, kept = schema.runs.c, schema.findings.c
    query = (
        sa.select(runs.id, runs.started_at, kept.status, kept.severity, kept.waived)
        .join_from(schema.runs, schema.findings, runs.id == kept.run)
        .where(runs.question == question, kept.fingerprint == fingerprint)
        .order_by(runs.id.desc())
        .limit(limit)
    )
    return tuple(
        Seen(row.id, dt.datetime.fromisoformat(row.started_at), Status(row.status), Severity(row.severity), row.waived)
        for row in connection.execute(query)
    )


def _seen(finding: Finding, before: _Seen | None, started: str) -> _Seen:
    first, runs = before or (started, 0)
    if finding.status is not Status.FAIL:
        return first, runs
    # A row that could not be decided until now was not seen before.
    return (first if runs else started), runs + 1


def _handed_on(connection: sa.Connection, run: Run, question: str) -> Mapping[str, _Seen]:
    found: dict[str, _Seen] = {}
    kept = schema.findings.c
    for past in earlier_runs(connection, run, question, LOOKED_BACK):
        rows = sa.select(kept.fingerprint, kept.first_seen, kept.seen_runs).where(kept.run == past.id)
        for row in connection.execute(rows):
            found.setdefault(row.fingerprint, (row.first_seen, row.seen_runs))
        if past.evidence_complete:
            break
    return found
