"""How long each finding has been there: handed on from run to run, so that no run is counted twice.

A finding keeps its age while every earlier run either found it or could not evaluate it. Each run has a row for what
the run before had and this one could not evaluate (`audit.run_changes`), so that one run back is far enough.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import sqlalchemy as sa

from audit.model import Age, FindingLocation, Run, RunSummary
from audit.run_changes import not_evaluated
from audit.store import schema
from audit.store.summary import RunListEntry
from audit.visibility import location_of, location_text, read_location
from checks.model import Finding, Severity, Status, utc_text


@dataclass(frozen=True, slots=True)
class Observation:
    """One finding as one run had it."""

    run: str
    started_at: dt.datetime
    status: Status
    severity: Severity
    waived: bool


NOT_EVALUATED = "not_evaluated"
"""Status of a row of what a run does not have, and could not evaluate."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A finding as the run before has it, or could not evaluate it."""

    check: str
    severity: str
    account: str
    region: str
    waived: bool
    first_seen: str
    seen_runs: int
    places: str | None

    @property
    def location(self) -> FindingLocation | None:
        """Where it lies, where that was kept."""
        return None if self.places is None else read_location(self.check, self.places)


def finding_rows(connection: sa.Connection, run: Run, question: str) -> list[dict[str, Any]]:
    """The rows of *run*: its findings, and what the run before had and this one could not evaluate."""
    before = _rows_before(connection, run, question)
    started = utc_text(run.started_at)
    rows = {one.fingerprint: _row(run, one, before.get(one.fingerprint), started) for one in run.findings}
    # What was never found has no age to hand on.
    past = {mark: row.location for mark, row in before.items() if row.seen_runs}
    for mark in not_evaluated(past, run):
        rows[mark] = {**asdict(before[mark]), "run": run.id, "fingerprint": mark, "status": NOT_EVALUATED}
    return list(rows.values())


def _row(run: Run, finding: Finding, before: _Row | None, started: str) -> dict[str, Any]:
    first, runs = (before.first_seen, before.seen_runs) if before is not None else (started, 0)
    if finding.status is Status.FAIL:
        # A row that could not be decided until now was not seen before.
        first, runs = (first if runs else started), runs + 1
    return {
        "run": run.id,
        "fingerprint": finding.fingerprint,
        "check": finding.check,
        "status": finding.status.value,
        "severity": finding.severity.value,
        "account": finding.account,
        "region": finding.region,
        "waived": finding.waiver is not None,
        "first_seen": first,
        "seen_runs": runs,
        "places": location_text(location_of(finding)),
    }


def _rows_before(connection: sa.Connection, run: Run, question: str) -> dict[str, _Row]:
    """The rows of the last run before *run* that asked the same *question*, by fingerprint."""
    runs, kept = schema.runs.c, schema.findings.c
    last = sa.select(sa.func.max(runs.id)).where(runs.question == question, runs.id < run.id).scalar_subquery()
    wanted = [kept[field.name] for field in fields(_Row)]
    query = sa.select(kept.fingerprint, *wanted).where(kept.run == last)
    return {mark: _Row(*row) for mark, *row in connection.execute(query)}


def earlier_runs(
    connection: sa.Connection, run: Run, question: str, limit: int, newest: str = ""
) -> Iterator[RunListEntry]:
    """The last *limit* runs before *run*, up to *newest*, that asked the same *question*, newest first."""
    earlier = (
        sa.select(schema.runs.c.summary)
        .where(schema.runs.c.question == question, schema.runs.c.id < run.id)
        .order_by(schema.runs.c.id.desc())
        .limit(limit)
    )
    query = earlier.where(schema.runs.c.id <= newest) if newest else earlier
    return map(RunListEntry.from_document, connection.scalars(query).all())


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
    found = {compared: _locations(connection, compared)}
    return tuple(line.as_summary(open_failures[line.id], found.get(line.id, {})) for line in lines.values())


def _locations(connection: sa.Connection, run_id: str) -> dict[str, FindingLocation]:
    kept = schema.findings.c
    placed = sa.select(kept.fingerprint, kept.check, kept.places).where(
        kept.run == run_id, kept.status == Status.FAIL.value, kept.waived.is_(False)
    )
    return {row.fingerprint: read_location(row.check, row.places) for row in connection.execute(placed)}


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


def observations_over_time(
    connection: sa.Connection, question: str, fingerprint: str, limit: int
) -> tuple[Observation, ...]:
    """What the last *limit* runs of *question* that have the finding say of it, newest first."""
    runs, kept = schema.runs.c, schema.findings.c
    query = (
        sa.select(runs.id, runs.started_at, kept.status, kept.severity, kept.waived)
        .join_from(schema.runs, schema.findings, runs.id == kept.run)
        .where(runs.question == question, kept.fingerprint == fingerprint, kept.status != NOT_EVALUATED)
        .order_by(runs.id.desc())
        .limit(limit)
    )
    return tuple(
        Observation(
            row.id, dt.datetime.fromisoformat(row.started_at), Status(row.status), Severity(row.severity), row.waived
        )
        for row in connection.execute(query)
    )
