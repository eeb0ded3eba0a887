"""Tables + checks → results: every row of a check's table, evaluated by Great Expectations, as findings and counts.

Built-in and custom checks use one engine, `checks.engine.assertions`; this module turns its results about built-in
checks into check results.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.engine.assertions import Answer, Assertion, judge
from checks.engine.findings import broken, make_findings
from checks.engine.great_expectations import ValidationContext
from checks.engine.rows import occurrences, rows_at
from checks.model import Check, CheckResult, RemediationContext, Severity, Status
from checks.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from checks.engine.assertions import Positions

GX_SEVERITY = {Severity.CRITICAL: "critical", Severity.HIGH: "critical", Severity.INFORMATIONAL: "info"}
"""Great Expectations has three severities; `warning` is the middle one."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results, with the evidence for them."""

    results: tuple[CheckResult, ...]
    """In the order of the checks."""
    validations: tuple[Mapping[str, Any], ...]
    """Great Expectations' own validation results, one per batch, as JSON values: evidence."""
    notes: tuple[str, ...] = ()
    """One sentence for each custom check with more failing rows than findings."""


def evaluate(checks: Sequence[Check], tables: Mapping[str, pd.DataFrame], context: RemediationContext) -> Evaluation:
    """Evaluate every row of every check's table.

    *tables* are frames of the declared tables by name. A check that fails to run gives one ERROR finding; the others
    continue.
    """
    answers = judge([assertion_of(check) for check in checks], tables, ValidationContext())
    results = tuple(_result(check, answers.by_id[check.id], tables, context) for check in checks)
    return Evaluation(results, answers.validations)


def assertion_of(check: Check) -> Assertion:
    """*check* as an assertion about the rows of its table."""
    return Assertion(
        id=check.id,
        table=check.table.name,
        type=check.expect.type,
        arguments=check.expect.arguments,
        facts=check.expect.facts,
        when=check.when,
        needed=(*check.table.key, *check.table.identity),
        severity=GX_SEVERITY.get(check.severity, "warning"),
        statement=check.expect.statement,
    )


def _result(
    check: Check, answer: Answer, tables: Mapping[str, pd.DataFrame], context: RemediationContext
) -> CheckResult:
    error = answer.error
    if not error and answer.failed is None:
        error = f"{check.expect.type} does not return the failing rows"
    if error or answer.failed is None:
        counts = {**dict.fromkeys(Status, 0), Status.ERROR: 1}
        return CheckResult(check.id, counts, (broken(check, error, context),), error=error)
    found = [(answer.failed, Status.FAIL), (answer.unknown, Status.UNKNOWN)]
    counts = dict.fromkeys(Status, 0) | {status: len(positions) for positions, status in found}
    counts[Status.PASS] = answer.passed
    counts[Status.NOT_APPLICABLE] = answer.not_applicable
    rows = found_rows(check.table, tables[check.table.name], found)
    return CheckResult(check.id, counts, make_findings(check, context, rows))


def found_rows(table: Table, frame: pd.DataFrame, found: Sequence[tuple[Positions, Status]]) -> Iterable[Any]:
    """(status, row, ordinal among the rows with its identity) of the positions in *found*, in table order."""
    import numpy as np

    positions = np.concatenate([part for part, _ in found])
    statuses = [status for part, status in found for _ in range(len(part))]
    order = np.argsort(positions, kind="stable")
    positions = positions[order].astype(np.intp)
    numbers = occurrences(frame, table.identity, positions)
    return zip([statuses[at] for at in order.tolist()], rows_at(frame, positions), numbers, strict=True)
