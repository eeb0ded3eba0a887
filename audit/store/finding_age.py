"""How long each finding has existed: passed on from run to run, so that no run is counted twice.

A finding keeps its age while every earlier run either found it or could not evaluate it. Each run also has a row for
what the previous run had and this one could not evaluate (`audit.run_changes`), so only the previous run is read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import sqlalchemy as sa

from audit.model import Age, EarlierQuestion, FindingLocation, Question, Run, RunSummary
from audit.questions import audited_by
from audit.run_changes import State, absent_states
from audit.store import schema
from audit.store.summary import RunListEntry
from audit.visibility import Doubt, location_of, location_text, read_location
from checks.model import Finding, Severity, Status, utc_text


@dataclass(frozen=True, slots=True)
class Observation:
    """One finding in one run."""

    run: str
    started_at: dt.datetime
    status: Status
    severity: Severity
    waived: bool


NOT_EVALUATED = State.NOT_EVALUATED.value
"""Status of a row for a finding that a run does not have and could not evaluate."""
NO_LONGER_REQUIRED = State.NO_LONGER_REQUIRED.value
"""Status of a row for a finding of the run before about which a run did not ask: its age ends here."""


_WITHOUT_RESULT = (NOT_EVALUATED, NO_LONGER_REQUIRED)


@dataclass(frozen=True, slots=True)
class _Row:
    """A finding of the previous run, or one that it could not evaluate."""

    check: str
    severity: str
    account: str
    region: str
    waived: bool
    first_seen: str
    seen_runs: int
    registries: str | None

    @property
    def location(self) -> FindingLocation | None:
        """Its location, where it was stored."""
        return None if self.registries is None else read_location(self.check, self.registries)


@dataclass(frozen=True, slots=True)
class RunBefore:
    """The run before another one, of the same organization, scope and checks."""

    run: str
    requirements: str
    fingerprints: frozenset[str]
    """Its failures, and earlier ones that it could not evaluate."""


def run_before(connection: sa.Connection, run: Run, question: str) -> RunBefore | None:
    """As `Store.before`."""
    previous, rows = _rows_before(connection, run, question)
    if previous is None:
        return None
    known = frozenset(fingerprint for fingerprint, row in rows.items() if row.seen_runs)
    return RunBefore(previous.id, previous.requirements, known)


def finding_rows(connection: sa.Connection, run: Run, question: str) -> list[dict[str, Any]]:
    """The rows of *run*: its findings, and those of the previous run that are neither failures now nor fixed."""
    previous, before = _rows_before(connection, run, question)
    started = utc_text(run.started_at)
    rows = {one.fingerprint: _row(run, one, before.get(one.fingerprint), started) for one in run.findings}
    # A finding that no run found has no age to pass on.
    seen = {fingerprint: row.location for fingerprint, row in before.items() if row.seen_runs}
    for fingerprint, (state, reason) in absent_states(seen, run, _earlier(run, previous)).items():
        if state is not State.FIXED:
            status = Status.UNKNOWN if reason is Doubt.UNKNOWN else state
            kept = {"run": run.id, "fingerprint": fingerprint, "status": status.value}
            rows[fingerprint] = {**asdict(before[fingerprint]), **kept}
    return list(rows.values())


def _earlier(run: Run, previous: RunListEntry | None) -> EarlierQuestion | None:
    """What the run before *run* asked, of the same organization and scope."""
    if previous is None:
        return None
    return EarlierQuestion(
        audited_by(run),
        run.scope,
        Question(run.question.accounts, previous.requirements),
        frozenset(run.question.dropped) if run.question.before == previous.requirements else None,
    )


def _row(run: Run, finding: Finding, before: _Row | None, started: str) -> dict[str, Any]:
    first, runs = (before.first_seen, before.seen_runs) if before is not None else (started, 0)
    if finding.status is Status.FAIL:
        # A finding that was unknown until now was not found before.
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
        "registries": location_text(location_of(finding)),
    }


def _rows_before(connection: sa.Connection, run: Run, question: str) -> tuple[RunListEntry | None, dict[str, _Row]]:
    """The last run before *run* with the same *question* (organization and scope), and its rows by fingerprint."""
    previous = next(earlier_runs(connection, run, question, 1), None)
    if previous is None:
        return None, {}
    columns = schema.findings.c
    wanted = [columns[field.name] for field in fields(_Row)]
    query = sa.select(columns.fingerprint, *wanted).where(
        columns.run == previous.id, columns.status != NO_LONGER_REQUIRED
    )
    return previous, {fingerprint: _Row(*row) for fingerprint, *row in connection.execute(query)}


def earlier_runs(
    connection: sa.Connection, run: Run, question: str, limit: int | None, newest: str = ""
) -> Iterator[RunListEntry]:
    """The last *limit* runs before *run*, up to *newest*, with the same *question*, newest first."""
    earlier = (
        sa.select(schema.runs.c.summary)
        .where(schema.runs.c.question == question, schema.runs.c.id < run.id)
        .order_by(schema.runs.c.id.desc())
        .limit(limit)
    )
    query = earlier.where(schema.runs.c.id <= newest) if newest else earlier
    return map(RunListEntry.from_document, connection.scalars(query).all())


def history(connection: sa.Connection, run: Run, question_key: str, limit: int, against: str) -> tuple[RunSummary, ...]:
    """As `Store.history`."""
    entries = {entry.id: entry for entry in earlier_runs(connection, run, question_key, limit, against)}
    open_failures: dict[str, dict[str, Severity]] = {identifier: {} for identifier in entries}
    columns = schema.findings.c
    failing = sa.select(columns.run, columns.fingerprint, columns.severity).where(
        columns.run.in_(entries), columns.status == Status.FAIL.value, columns.waived.is_(False)
    )
    for row in connection.execute(failing):
        open_failures[row.run][row.fingerprint] = Severity(row.severity)
    # Locations are needed only for the run to compare with; for a dozen large runs they would be a lot of data.
    compared = next(iter(entries), "")
    found = {compared: _locations(connection, compared)}
    summaries = []
    for entry in entries.values():
        question = Question(run.question.accounts, entry.requirements)
        dropped = dropped_since(connection, run, question_key, entry) if entry.id == compared else None
        earlier = EarlierQuestion(audited_by(run), run.scope, question, dropped)
        summaries.append(entry.as_summary(open_failures[entry.id], found.get(entry.id, {}), earlier))
    return tuple(summaries)


def dropped_since(connection: sa.Connection, run: Run, question: str, before: RunListEntry) -> frozenset[str] | None:
    """Fingerprints of *before* that are no longer required in *run*, which is later and has the same *question*.

    None where that is not known: requirements differ, and a run between the two was deleted, or was not evaluated under
    the requirements of the run before it.
    """
    between = [entry for entry in earlier_runs(connection, run, question, None) if entry.id > before.id][::-1]
    keys = [(entry.requirements, entry.requirements_before) for entry in between]
    last = before.requirements
    for requirements, under in (*keys, (run.question.requirements, run.question.before)):
        if requirements != last and under != last:
            return None
        last = requirements
    columns = schema.findings.c
    ids = [entry.id for entry in between]
    query = (
        sa.select(columns.fingerprint, columns.status)
        .where(columns.run.in_(ids), columns.status.in_((NO_LONGER_REQUIRED, Status.FAIL.value)))
        .order_by(columns.run)
    )
    status = {row.fingerprint: row.status for row in connection.execute(query)}
    dropped = {fingerprint for fingerprint, last_status in status.items() if last_status == NO_LONGER_REQUIRED}
    return frozenset(dropped | set(run.question.dropped))


def _locations(connection: sa.Connection, run_id: str) -> dict[str, FindingLocation]:
    columns = schema.findings.c
    locations = sa.select(columns.fingerprint, columns.check, columns.registries).where(
        columns.run == run_id, columns.status == Status.FAIL.value, columns.waived.is_(False)
    )
    return {row.fingerprint: read_location(row.check, row.registries) for row in connection.execute(locations)}


def ages(connection: sa.Connection, run_id: str) -> dict[str, Age]:
    """As `Store.ages`."""
    columns = schema.findings.c
    query = sa.select(columns.fingerprint, columns.first_seen, columns.seen_runs).where(
        columns.run == run_id, columns.status == Status.FAIL.value
    )
    return {
        row.fingerprint: Age(dt.datetime.fromisoformat(row.first_seen), row.seen_runs)
        for row in connection.execute(query)
    }


def observations_over_time(
    connection: sa.Connection, question: str, fingerprint: str, limit: int
) -> tuple[Observation, ...]:
    """The finding in the last *limit* runs of *question* that have it, newest first."""
    runs, columns = schema.runs.c, schema.findings.c
    query = (
        sa.select(runs.id, runs.started_at, columns.status, columns.severity, columns.waived)
        .join_from(schema.runs, schema.findings, runs.id == columns.run)
        .where(runs.question == question, columns.fingerprint == fingerprint, columns.status.not_in(_WITHOUT_RESULT))
        .order_by(runs.id.desc())
        .limit(limit)
    )
    return tuple(
        Observation(
            row.id, dt.datetime.fromisoformat(row.started_at), Status(row.status), Severity(row.severity), row.waived
        )
        for row in connection.execute(query)
    )
