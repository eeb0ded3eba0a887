"""Carrying out an organization's own suites: rows that do not apply are left out first, then Great Expectations judges.

Nothing that a suite holds or does ends a run: what breaks becomes the ERROR finding of the expectation that broke. The
number of findings of one expectation is bounded; the counts beside them are whole.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks.engine import Session, bounded, load_engine, raised_in, shorten
from checks.findings import make_findings
from checks.model import CheckResult, RemedyContext, Status
from checks.rows import occurrences, rows_at
from checks.suite_findings import broken_result, check_of, table_finding
from checks.suite_types import ABOUT_NULLS, AGGREGATES, BY_ROW, COUNTS, ONE_COLUMN
from checks.suites import OwnExpectation, OwnSuite, own_checks
from checks.tables import TABLES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    _Mask = np.ndarray[Any, np.dtype[np.bool_]]
    _Positions = np.ndarray[Any, np.dtype[np.intp]]

MAX_FINDINGS = 1_000
"""Findings made of one expectation: a condition that the whole estate misses is told, not repeated a million times."""

Guard = Callable[[], AbstractContextManager[object]]
"""Put around every piece of work of a suite; may raise an exception in it, to end what takes too long."""


@dataclass(frozen=True, slots=True)
class OwnEvaluation:
    """What `run_suites` returns."""

    results: tuple[CheckResult, ...]
    """One for each expectation, in order."""
    validations: tuple[Mapping[str, Any], ...]
    """Great Expectations' own answers as JSON values, long lists cut."""
    notes: tuple[str, ...]
    """One sentence for each expectation of which not every failing row became a finding."""


@dataclass(slots=True)
class _Work:
    """One expectation over its table."""

    own: OwnExpectation
    rows: _Positions
    """Positions that are put before Great Expectations."""
    unknown: _Positions
    """Positions that cannot be judged: a condition or a judged value is null."""
    passed: int = 0
    failed: _Positions | None = None
    """Positions that fail; None for an answer about the table."""
    success: bool = True
    observed: Any = None
    error: str = ""
    settled: bool = False
    """Whether there is nothing to judge, or an answer is there."""


@dataclass(slots=True)
class _Judged:
    validations: list[Mapping[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run_suites(
    suites: Sequence[OwnSuite],
    tables: Mapping[str, pd.DataFrame],
    context: RemedyContext,
    guard: Guard = nullcontext,
) -> OwnEvaluation:
    """Judge *tables* (by name) by *suites*. The baseline of *context* may replace severities, by id."""
    session, judged = Session(), _Judged()
    results: list[CheckResult] = []
    for suite in suites:
        results += _suite_results(suite, tables, context, session, judged, guard)
    return OwnEvaluation(tuple(results), tuple(judged.validations), tuple(judged.notes))


def _suite_results(
    suite: OwnSuite,
    tables: Mapping[str, pd.DataFrame],
    context: RemedyContext,
    session: Session,
    judged: _Judged,
    guard: Guard,
) -> list[CheckResult]:
    broken = {one.id: one.error for one in suite.expectations if one.error}
    works: list[_Work] = []
    for own in suite.expectations:
        if own.id not in broken:
            try:
                works.append(_prepared(own, tables[own.table]))
            except Exception as error:  # A suite is somebody else's: whatever it breaks is told as its own.
                broken[own.id] = _words(error)
    for group in _groups(works):
        judged.validations += _validate(session, suite, group, tables[group[0].own.table], guard)
    found = {}
    for work in works:
        try:
            found[work.own.id] = _result(work, tables[work.own.table], context, judged)
        except Exception as error:  # As above: a message of the suite's own may break.
            broken[work.own.id] = _words(error)
    return [found.get(own.id) or broken_result(own, broken[own.id], context) for own in suite.expectations]


def _prepared(own: OwnExpectation, table: pd.DataFrame) -> _Work:
    """The rows of *table* sorted into what is judged, what is not known, and the rest."""
    import numpy as np

    false, null = np.zeros(len(table), dtype=bool), np.zeros(len(table), dtype=bool)
    for name in own.when:
        values = table[name].astype("boolean")
        false |= ~values.to_numpy(dtype=bool, na_value=True)
        null |= values.isna().to_numpy()
    applies, unknown = ~false & ~null, null & ~false
    if own.type not in ABOUT_NULLS:
        for name in own.columns:
            missing = table[name].isna().to_numpy()
            unknown |= applies & missing
            # Left to Great Expectations, half a pair of nulls would fail.
            applies &= ~missing
    work = _Work(own, np.flatnonzero(applies), np.flatnonzero(unknown))
    blind = own.unknown and own.type not in BY_ROW and len(work.unknown)
    work.settled = bool(blind) or (not len(work.rows) and own.type not in COUNTS)
    return work


def _groups(works: Iterable[_Work]) -> list[list[_Work]]:
    """Work over the same rows, or rows that Great Expectations sorts out itself, is done in one go."""
    groups: dict[object, list[_Work]] = {}
    for work in works:
        if not work.settled:
            alike = work.own.type in ONE_COLUMN and work.own.type not in ABOUT_NULLS
            groups.setdefault(("nulls skipped", work.own.when) if alike else work.own.id, []).append(work)
    return list(groups.values())


def _validate(
    session: Session, suite: OwnSuite, group: Sequence[_Work], table: pd.DataFrame, guard: Guard
) -> list[Mapping[str, Any]]:
    """Let Great Expectations judge, note its answers in *group*, and return them as JSON values."""
    import numpy as np

    sound, expectations = [], []
    for work in group:
        try:
            expectations.append(domain_object(work.own))
            sound.append(work)
        except Exception as error:  # Many types are raised for wrong arguments; each is told as the suite's own.
            work.error = f"it is not a valid expectation: {_words(error)}"
    if not sound:
        return []
    rows = sound[0].rows
    for work in sound[1:]:
        rows = np.union1d(rows, work.rows)
    try:
        with guard(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas remarks on the style of patterns, on the screen of the run
            outcome = session.validate(suite.id, _frame(table, rows, [work.own for work in sound]), expectations)
    except Exception as error:  # One expectation may break the whole group: then each is tried alone.
        if len(sound) > 1:
            return [one for work in sound for one in _validate(session, suite, [work], table, guard)]
        sound[0].error = _words(error)
        return []
    by_id = {work.own.id: work for work in sound}
    for answer in outcome.results:
        _read(by_id[answer.expectation_config.meta["check"]], answer, rows)
        shorten(answer)
    document = json.loads(json.dumps(outcome.to_json_dict(), default=str))
    return [{"table": group[0].own.table, "file": suite.file, **document}]


def domain_object(own: OwnExpectation) -> Any:
    """*own* as Great Expectations' object, which checks its arguments. Raises whatever that raises."""
    load_engine()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configuration = ExpectationConfiguration(type=own.type, kwargs=dict(own.arguments), meta={"check": own.id})
    return configuration.to_domain_obj()


def _frame(table: pd.DataFrame, rows: _Positions, wanted: Iterable[OwnExpectation]) -> pd.DataFrame:
    """The columns that are asked for at *rows*; categories as what they stand for, which more expectations can read."""
    import pandas as pd

    names = tuple(dict.fromkeys(name for own in wanted for name in own.columns)) or (str(table.columns[0]),)
    columns = {}
    for name in names:
        values = table[name].iloc[rows].reset_index(drop=True)
        dtype = values.dtype
        columns[name] = values.astype(dtype.categories.dtype) if isinstance(dtype, pd.CategoricalDtype) else values
    return pd.DataFrame(columns)


def _read(work: _Work, answer: Any, rows: _Positions) -> None:
    import numpy as np

    problem = raised_in(answer.exception_info)
    result = answer.result or {}
    work.success, work.settled = bool(answer.success), True
    if problem:
        work.error = " ".join(problem[:2_000].split())
    elif work.own.type not in BY_ROW:
        work.observed = bounded(result.get("observed_value", result.get("details")))
    elif "unexpected_index_list" not in result:
        work.error = "Great Expectations does not say which rows fail it"
    else:
        failed = rows[np.asarray(result["unexpected_index_list"], dtype=np.intp)]
        # With `mostly`, some rows may fail and the expectation hold.
        work.failed = failed if not work.success else failed[:0]
        work.passed = len(work.rows) - len(work.failed)


def _result(work: _Work, table: pd.DataFrame, context: RemedyContext, judged: _Judged) -> CheckResult:
    own = work.own
    if work.error:
        return broken_result(own, work.error, context)
    if own.type not in BY_ROW:
        return _table_result(work, context)
    counts = dict.fromkeys(Status, 0)
    positions: list[tuple[int, Status]] = []
    for status, found in ((Status.FAIL, work.failed), (Status.UNKNOWN, work.unknown if own.unknown else None)):
        if found is not None:
            counts[status] = len(found)
            positions += [(int(position), status) for position in found[:MAX_FINDINGS]]
            if len(found) > MAX_FINDINGS:
                judged.notes.append(
                    f"{own.id}: {len(found):,} rows {'fail' if status is Status.FAIL else 'are undecided'}, "
                    f"the first {MAX_FINDINGS:,} of them are findings."
                )
    counts[Status.PASS] = work.passed
    counts[Status.NOT_APPLICABLE] = len(table) - sum(counts.values())
    findings = make_findings(check_of(own), context, _rows(own, table, sorted(positions)))
    return CheckResult(check=own.id, counts=counts, findings=findings)


def _rows(own: OwnExpectation, table: pd.DataFrame, found: Sequence[tuple[int, Status]]) -> Iterable[Any]:
    import numpy as np

    (declared,) = (one for one in TABLES if one.name == own.table)
    positions = np.asarray([position for position, _ in found], dtype=np.intp)
    numbers = occurrences(table, declared.identity, positions)
    return zip([status for _, status in found], rows_at(table, positions), numbers, strict=True)


def _table_result(work: _Work, context: RemedyContext) -> CheckResult:
    own = work.own
    if own.unknown and len(work.unknown):
        status = Status.UNKNOWN
    elif not len(work.rows) and own.type in AGGREGATES:
        status = Status.NOT_APPLICABLE
    else:
        status = Status.PASS if work.success else Status.FAIL
    finding = table_finding(own, status, work.observed, len(work.unknown), context)
    told = status in (Status.FAIL, Status.UNKNOWN)
    return CheckResult(own.id, dict.fromkeys(Status, 0) | {status: 1}, (finding,) if told else ())


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}"[:2_000].split())


def problems_of(suites: Sequence[OwnSuite]) -> dict[str, str]:
    """Id → why it cannot be carried out, for every expectation that Great Expectations itself would not take either."""
    problems = {}
    for own in own_checks(suites):
        problem = own.error
        if not problem:
            try:
                domain_object(own)
            except Exception as error:  # Many types are raised for wrong arguments; this is where they are told.
                problem = f"it is not a valid expectation: {_words(error)}"
        if problem:
            problems[own.id] = problem
    return problems
