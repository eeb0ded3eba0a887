"""Evaluation of custom checks over the same tables and by the same engine as built-in checks.

No custom check can end a run: an error becomes the ERROR finding of its expectation. The number of findings of one
expectation is limited, because it may fail for every row of a large table; the counts are complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import nullcontext
from typing import TYPE_CHECKING

from checks.custom.files import CustomCheck, CustomCheckFile, custom_checks
from checks.custom.findings import broken_result, check_of, table_finding
from checks.engine.assertions import Answer, Assertion, Guard, domain_object, error_text, judge
from checks.engine.evaluation import GX_SEVERITY, Evaluation, found_rows
from checks.engine.expectation_types import BY_ROW, DECIDED_WITHOUT_ROWS, TRUE_WITHOUT_ROWS
from checks.engine.findings import make_findings
from checks.engine.great_expectations import ValidationContext
from checks.model import CheckResult, RemediationContext, Status
from checks.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

MAX_FINDINGS = 1_000
"""Findings made of one expectation."""


def evaluate_suites(
    custom_checks_files: Sequence[CustomCheckFile],
    tables: Mapping[str, pd.DataFrame],
    context: RemediationContext,
    guard: Guard = nullcontext,
    only: Set[str] | None = None,
) -> Evaluation:
    """Evaluate the custom checks of *suites* over *tables*. The baseline of *context* may replace severities, by id.
    *only*: ids of those to evaluate; None: all.

    No custom check can end a run: an error becomes the ERROR finding of its expectation.
    """
    own = [one for one in custom_checks(custom_checks_files) if only is None or one.id in only]
    answers = judge([_own_assertion(one) for one in own if not one.error], tables, ValidationContext(), guard)
    notes: list[str] = []
    results = tuple(_own_result(one, answers.by_id.get(one.id), tables, context, notes) for one in own)
    return Evaluation(results, answers.validations, tuple(notes))


def problems_of(custom_checks_files: Sequence[CustomCheckFile]) -> dict[str, str]:
    """Id → why it cannot be evaluated, for every expectation that Great Expectations rejects."""
    problems = {}
    for own in custom_checks(custom_checks_files):
        problem = own.error
        if not problem:
            try:
                domain_object(_own_assertion(own))
            except Exception as error:  # Many types are raised for wrong arguments; this is where they are reported.
                problem = f"it is not a valid expectation: {error_text(error)}"
        if problem:
            problems[own.id] = problem
    return problems


def _own_assertion(own: CustomCheck) -> Assertion:
    return Assertion(
        id=own.id,
        table=own.table,
        type=own.type,
        arguments=own.arguments,
        facts=own.columns,
        when=own.when,
        severity=GX_SEVERITY.get(own.severity, "warning"),
        statement=own.title,
        file=own.file,
    )


def _own_result(
    own: CustomCheck,
    answer: Answer | None,
    tables: Mapping[str, pd.DataFrame],
    context: RemediationContext,
    notes: list[str],
) -> CheckResult:
    if answer is None or answer.error:
        return broken_result(own, own.error or (answer.error if answer else ""), context)
    if own.type not in BY_ROW:
        return _table_result(own, answer, tables, context)
    try:
        return _row_result(own, answer, tables[own.table], context, notes)
    except Exception as error:  # The check's own message may raise.
        return broken_result(own, error_text(error), context)


def _row_result(
    own: CustomCheck, answer: Answer, frame: pd.DataFrame, context: RemediationContext, notes: list[str]
) -> CheckResult:
    found = [(answer.failed, Status.FAIL), (answer.unknown if own.unknown else None, Status.UNKNOWN)]
    known = [(positions, status) for positions, status in found if positions is not None]
    counts = dict.fromkeys(Status, 0) | {status: len(positions) for positions, status in known}
    for positions, status in known:
        if len(positions) > MAX_FINDINGS:
            what = "fail" if status is Status.FAIL else "are unknown"
            notes.append(f"{own.id}: {len(positions):,} rows {what}, and only the first {MAX_FINDINGS:,} are findings.")
    counts[Status.PASS] = answer.passed
    counts[Status.NOT_APPLICABLE] = len(frame) - sum(counts.values())
    (declared,) = (one for one in TABLES if one.name == own.table)
    rows = found_rows(declared, frame, [(positions[:MAX_FINDINGS], status) for positions, status in known])
    return CheckResult(own.id, counts, make_findings(check_of(own), context, rows))


def _table_result(
    own: CustomCheck, answer: Answer, tables: Mapping[str, pd.DataFrame], context: RemediationContext
) -> CheckResult:
    status = Status.PASS if answer.success else Status.FAIL
    unknown = ""
    if own.unknown and len(answer.unknown):
        status, unknown = Status.UNKNOWN, f"{len(answer.unknown):,} rows have a null"
    elif not len(answer.rows) and own.type in TRUE_WITHOUT_ROWS:
        status = Status.NOT_APPLICABLE
    elif not len(answer.rows) and own.type not in DECIDED_WITHOUT_ROWS:
        # A check that leaves nulls out leaves out a table of nulls.
        status = Status.UNKNOWN if own.unknown or not len(tables[own.table]) else Status.NOT_APPLICABLE
        unknown = "there is no row to evaluate"
    elif not len(answer.rows) and status is Status.FAIL and _is_incomplete(own.table, tables):
        status, unknown = Status.UNKNOWN, f"there is no row, and part of the evidence for {own.table} was not read"
    finding = table_finding(own, status, answer.observed, unknown, context)
    reported = status in (Status.FAIL, Status.UNKNOWN)
    return CheckResult(own.id, dict.fromkeys(Status, 0) | {status: 1}, (finding,) if reported else ())


def _is_incomplete(table: str, tables: Mapping[str, pd.DataFrame]) -> bool:
    """Whether a gap affects *table*, so that rows may be missing from it."""
    gaps = tables.get("gaps")
    return gaps is not None and any(table in str(affected).split(",") for affected in gaps["tables"])
