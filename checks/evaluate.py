"""Tables + checks → results: the rows of every check's table, judged by Great Expectations, as findings and counts.

Built-in checks and the organization's own go through one engine, `checks.assertions`; here an answer becomes the result
that is reported. What an organization's own suite breaks becomes its own ERROR finding, and the number of its findings
is bounded, because its author never saw this estate; the counts beside them are whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.assertions import Answer, Assertion, Guard, domain_object, in_words, judge
from checks.engine import Session
from checks.findings import broken, make_findings
from checks.model import Check, CheckResult, RemedyContext, Severity, Status
from checks.rows import occurrences, rows_at
from checks.suite_findings import broken_result, check_of, table_finding
from checks.suite_types import AGGREGATES, BY_ROW
from checks.suites import OwnExpectation, OwnSuite, own_checks
from checks.tables import TABLES, Table

if TYPE_CHECKING:
    import pandas as pd

    from checks.assertions import Positions

MAX_FINDINGS = 1_000
"""Findings made of one expectation of an organization's own: not a million where the whole estate misses it."""

_GX_SEVERITY = {Severity.CRITICAL: "critical", Severity.HIGH: "critical", Severity.INFORMATIONAL: "info"}
"""Great Expectations knows three; `warning` is the one in between."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` and `evaluate_suites` return."""

    results: tuple[CheckResult, ...]
    """In the order of the checks."""
    validations: tuple[Mapping[str, Any], ...]
    """Great Expectations' own validation results, one per batch, as JSON values: evidence."""
    notes: tuple[str, ...] = ()
    """One sentence for each expectation of an organization's own of which not every row became a finding."""


def evaluate(checks: Sequence[Check], tables: Mapping[str, pd.DataFrame], context: RemedyContext) -> Evaluation:
    """Judge every row of every check's table.

    *tables* are frames of the declared tables by name. A check that breaks gives one ERROR finding; the others go on.
    """
    answers = judge([_assertion(check) for check in checks], tables, Session())
    results = tuple(_result(check, answers.by_id[check.id], tables, context) for check in checks)
    return Evaluation(results, answers.validations)


def _assertion(check: Check) -> Assertion:
    return Assertion(
        id=check.id,
        table=check.table.name,
        type=check.expect.type,
        arguments=check.expect.arguments,
        facts=check.expect.facts,
        when=check.when,
        needed=(*check.table.key, *check.table.identity),
        severity=_GX_SEVERITY.get(check.severity, "warning"),
        statement=check.expect.statement,
    )


def _result(check: Check, answer: Answer, tables: Mapping[str, pd.DataFrame], context: RemedyContext) -> CheckResult:
    error = answer.error
    if not error and answer.failed is None:
        error = f"{check.expect.type} does not name the rows that fail it"
    if error or answer.failed is None:
        counts = {**dict.fromkeys(Status, 0), Status.ERROR: 1}
        return CheckResult(check.id, counts, (broken(check, error, context),), error=error)
    found = [(answer.failed, Status.FAIL), (answer.unknown, Status.UNKNOWN)]
    counts = dict.fromkeys(Status, 0) | {status: len(positions) for positions, status in found}
    counts[Status.PASS] = answer.passed
    counts[Status.NOT_APPLICABLE] = answer.not_applicable
    rows = _rows(check.table, tables[check.table.name], found)
    return CheckResult(check.id, counts, make_findings(check, context, rows))


def _rows(table: Table, frame: pd.DataFrame, found: Sequence[tuple[Positions, Status]]) -> Iterable[Any]:
    """(status, row, which of the rows with its identity it is) of the positions in *found*, in table order."""
    import numpy as np

    positions = np.concatenate([part for part, _ in found])
    statuses = [status for part, status in found for _ in range(len(part))]
    order = np.argsort(positions, kind="stable")
    positions = positions[order].astype(np.intp)
    numbers = occurrences(frame, table.identity, positions)
    return zip([statuses[at] for at in order.tolist()], rows_at(frame, positions), numbers, strict=True)


def evaluate_suites(
    suites: Sequence[OwnSuite],
    tables: Mapping[str, pd.DataFrame],
    context: RemedyContext,
    guard: Guard = nullcontext,
) -> Evaluation:
    """Judge *tables* by the organization's own *suites*. The baseline of *context* may replace severities, by id.

    Nothing that a suite holds or does ends a run: what breaks becomes the ERROR finding of the expectation that broke.
    """
    own = own_checks(suites)
    answers = judge([_own_assertion(one) for one in own if not one.error], tables, Session(), guard)
    notes: list[str] = []
    results = tuple(_own_result(one, answers.by_id.get(one.id), tables, context, notes) for one in own)
    return Evaluation(results, answers.validations, tuple(notes))


def problems_of(suites: Sequence[OwnSuite]) -> dict[str, str]:
    """Id → why it cannot be carried out, for every expectation that Great Expectations itself would not take either."""
    problems = {}
    for own in own_checks(suites):
        problem = own.error
        if not problem:
            try:
                domain_object(_own_assertion(own))
            except Exception as error:  # Many types are raised for wrong arguments; this is where they are reported.
                problem = f"it is not a valid expectation: {in_words(error)}"
        if problem:
            problems[own.id] = problem
    return problems


def _own_assertion(own: OwnExpectation) -> Assertion:
    return Assertion(
        id=own.id,
        table=own.table,
        type=own.type,
        arguments=own.arguments,
        facts=own.columns,
        when=own.when,
        severity=_GX_SEVERITY.get(own.severity, "warning"),
        statement=own.title,
        file=own.file,
    )


def _own_result(
    own: OwnExpectation,
    answer: Answer | None,
    tables: Mapping[str, pd.DataFrame],
    context: RemedyContext,
    notes: list[str],
) -> CheckResult:
    if answer is None or answer.error:
        return broken_result(own, own.error or (answer.error if answer else ""), context)
    if own.type not in BY_ROW:
        return _table_result(own, answer, context)
    try:
        return _row_result(own, answer, tables[own.table], context, notes)
    except Exception as error:  # A message of the suite's own may break.
        return broken_result(own, in_words(error), context)


def _row_result(
    own: OwnExpectation, answer: Answer, frame: pd.DataFrame, context: RemedyContext, notes: list[str]
) -> CheckResult:
    found = [(answer.failed, Status.FAIL), (answer.unknown if own.unknown else None, Status.UNKNOWN)]
    known = [(positions, status) for positions, status in found if positions is not None]
    counts = dict.fromkeys(Status, 0) | {status: len(positions) for positions, status in known}
    for positions, status in known:
        if len(positions) > MAX_FINDINGS:
            what = "fail" if status is Status.FAIL else "are unknown"
            notes.append(f"{own.id}: {len(positions):,} rows {what}, the first {MAX_FINDINGS:,} of them are findings.")
    counts[Status.PASS] = answer.passed
    counts[Status.NOT_APPLICABLE] = len(frame) - sum(counts.values())
    (declared,) = (one for one in TABLES if one.name == own.table)
    rows = _rows(declared, frame, [(positions[:MAX_FINDINGS], status) for positions, status in known])
    return CheckResult(own.id, counts, make_findings(check_of(own), context, rows))


def _table_result(own: OwnExpectation, answer: Answer, context: RemedyContext) -> CheckResult:
    if own.unknown and len(answer.unknown):
        status = Status.UNKNOWN
    elif not len(answer.rows) and own.type in AGGREGATES:
        status = Status.NOT_APPLICABLE
    else:
        status = Status.PASS if answer.success else Status.FAIL
    finding = table_finding(own, status, answer.observed, len(answer.unknown), context)
    reported = status in (Status.FAIL, Status.UNKNOWN)
    return CheckResult(own.id, dict.fromkeys(Status, 0) | {status: 1}, (finding,) if reported else ())
