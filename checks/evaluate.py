"""Tables + checks → results, judged by Great Expectations.

Per table there is one batch and one suite. The batch has one column a check, named by the check's id, in which every
row that is not to be judged is null, so that Great Expectations' own null-skipping leaves it out: rows to which the
check does not apply, and rows of which the evidence is not known. Those two are counted here, before its answer is
read, because a column of nulls and an empty table both satisfy an expectation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.engine import Session, load_engine, raised_in, shorten
from checks.findings import broken, make_findings
from checks.model import Check, CheckResult, RemedyContext, Severity, Status
from checks.rows import occurrences, rows_at

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    _Positions = np.ndarray[Any, np.dtype[np.intp]]
    _Mask = np.ndarray[Any, np.dtype[np.bool_]]

_GX_SEVERITY = {Severity.CRITICAL: "critical", Severity.HIGH: "critical", Severity.INFORMATIONAL: "info"}
"""Great Expectations knows three; `warning` is the one in between."""


class ColumnError(Exception):
    """A column that a check needs is missing or holds something else than declared."""


@dataclass(slots=True)
class _Prepared:
    """One check over one table, with the rows sorted into what GX is to judge and what it is not."""

    check: Check
    column: pd.Series[Any]
    candidates: int
    unknown: _Positions
    not_applicable: int
    failed: _Positions
    error: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` returns."""

    results: tuple[CheckResult, ...]
    """In catalogue order."""
    validations: tuple[Mapping[str, Any], ...]
    """Great Expectations' own validation results, one per table, as JSON values: evidence."""


def evaluate(checks: Sequence[Check], tables: Mapping[str, pd.DataFrame], context: RemedyContext) -> Evaluation:
    """Judge every row of every check's table.

    *tables* are frames of the declared tables by name. The results come in the order of *checks*; a check that breaks
    gives one ERROR finding and the others go on. The validations are Great Expectations' own results, one per table
    with at least one row and one check, as JSON values with long lists cut to their first 20 members.
    """
    session = Session()
    results: dict[str, CheckResult] = {}
    validations: list[Mapping[str, Any]] = []
    for name in dict.fromkeys(check.table.name for check in checks):
        group = [check for check in checks if check.table.name == name]
        if name not in tables:
            results |= {check.id: _broken(check, f"there is no table {name}", context) for check in group}
            continue
        prepared = [_prepare(check, tables[name]) for check in group]
        if len(tables[name]):
            validations += _validate(session, name, prepared)
        results |= {each.check.id: _result(each, tables[name], context) for each in prepared}
    return Evaluation(results=tuple(results[check.id] for check in checks), validations=tuple(validations))


def _prepare(check: Check, table: pd.DataFrame) -> _Prepared:
    import numpy as np
    import pandas as pd

    nothing = np.empty(0, dtype=np.intp)
    try:
        needed = (check.judged, *check.conditions, *check.table.key, *check.table.identity)
        missing = [name for name in needed if name not in table.columns]
        if missing:
            raise ColumnError(f"table {check.table.name} has no column {', '.join(missing)}")
        applies, unsure = _condition(check, table)
        judged = table[check.judged]
        unknown = unsure | (applies & judged.isna().to_numpy())
        candidates = applies & ~unknown
        return _Prepared(
            check=check,
            column=_plain(judged, candidates),
            candidates=int(candidates.sum()),
            unknown=np.flatnonzero(unknown),
            not_applicable=int((~applies & ~unsure).sum()),
            failed=nothing,
        )
    except Exception as error:  # One check is isolated from the others; its error becomes its result.
        empty: pd.Series[Any] = pd.Series(dtype=object)
        return _Prepared(check, empty, 0, nothing, 0, nothing, error=_words(error))


def _condition(check: Check, table: pd.DataFrame) -> tuple[_Mask, _Mask]:
    """Rows where every condition is true, and rows where none is false but at least one is null."""
    import numpy as np

    false = np.zeros(len(table), dtype=bool)
    null = np.zeros(len(table), dtype=bool)
    for name in check.conditions:
        try:
            values = table[name].astype("boolean")
        except (TypeError, ValueError) as error:
            raise ColumnError(f"column {name} of table {check.table.name} is not boolean: {error}") from error
        false |= ~values.to_numpy(dtype=bool, na_value=True)
        null |= values.isna().to_numpy()
    return ~false & ~null, null & ~false


def _plain(judged: pd.Series[Any], keep: _Mask) -> pd.Series[Any]:
    """The judged values of the rows in *keep*, null elsewhere, in a type that GX handles well.

    Booleans and text become categories with plain Python values: one byte a row, a sixth of the time that GX needs for
    objects, and its result shows `False` where a nullable boolean would show a numpy scalar.
    """
    import numpy as np
    import pandas as pd

    if pd.api.types.is_bool_dtype(judged.dtype):
        values = judged.astype("boolean").to_numpy(dtype=bool, na_value=False)
        codes: np.ndarray[Any, np.dtype[np.int8]] = np.where(keep, values, -1).astype(np.int8)
        answers: Any = [False, True]  # The stubs know no boolean categories.
        return pd.Series(pd.Categorical.from_codes(codes, categories=answers))
    if pd.api.types.is_numeric_dtype(judged.dtype):
        return pd.Series(np.where(keep, judged.to_numpy(dtype=np.float64, na_value=np.nan), np.nan))
    if pd.api.types.is_datetime64_any_dtype(judged.dtype):
        return judged.reset_index(drop=True).where(pd.Series(keep))
    return pd.Series(pd.Categorical(judged.reset_index(drop=True).where(pd.Series(keep))))


def _validate(session: Session, table: str, prepared: Sequence[_Prepared]) -> list[Mapping[str, Any]]:
    """Let GX judge, note the failed positions in *prepared*, and return its results as JSON values."""
    sound = [each for each in prepared if not each.error]
    expectations = []
    for each in list(sound):
        try:
            expectations.append(_expectation(each.check))
        except Exception as error:  # GX raises many types for a wrong expectation; it becomes the check's result.
            each.error = f"the expectation is not valid: {_words(error)}"
            sound.remove(each)
    # Over no row at all every expectation passes: evidence of nothing, at ten milliseconds each.
    judging = [(each, expectation) for each, expectation in zip(sound, expectations, strict=True) if each.candidates]
    if not judging:
        return []
    sound, expectations = [each for each, _ in judging], [expectation for _, expectation in judging]
    try:
        outcome = _run(session, table, sound, expectations)
    except Exception as error:  # One check may break the whole suite: then each is tried alone.
        if len(sound) == 1:
            sound[0].error = _words(error)
            return []
        return [result for each in sound for result in _validate(session, table, [each])]
    by_check = {each.check.id: each for each in sound}
    for result in outcome.results:
        _read(by_check[result.expectation_config.meta["check"]], result)
        shorten(result)
    return [{"table": table, **json.loads(json.dumps(outcome.to_json_dict(), default=str))}]


def _expectation(check: Check) -> Any:
    load_engine()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    return ExpectationConfiguration(
        type=check.expect.type,
        kwargs={"column": check.id, **check.expect.arguments},
        meta={"check": check.id, "table": check.table.name, "judged": check.judged},
        severity=FailureSeverity(_GX_SEVERITY.get(check.severity, "warning")),
    ).to_domain_obj()


def _run(session: Session, table: str, sound: Sequence[_Prepared], expectations: Sequence[Any]) -> Any:
    import pandas as pd

    return session.validate(table, pd.DataFrame({each.check.id: each.column for each in sound}), expectations)


def _read(prepared: _Prepared, result: Any) -> None:
    import numpy as np

    problem = raised_in(result.exception_info)
    answer = result.result
    if problem:
        prepared.error = problem
    elif "unexpected_index_list" not in answer:
        prepared.error = f"{prepared.check.expect.type} does not name the rows that fail it"
    elif answer["element_count"] - answer["missing_count"] != prepared.candidates:
        prepared.error = "Great Expectations judged other rows than were put before it"
    else:
        prepared.failed = np.asarray(answer["unexpected_index_list"], dtype=np.intp)


def _result(prepared: _Prepared, table: pd.DataFrame, context: RemedyContext) -> CheckResult:
    import numpy as np

    check = prepared.check
    if prepared.error:
        return _broken(check, prepared.error, context)
    failed = prepared.failed
    positions = np.union1d(failed, prepared.unknown).astype(np.intp)
    fails = np.isin(positions, failed)
    numbers = occurrences(table, check.table.identity, positions)
    statuses = [Status.FAIL if fail else Status.UNKNOWN for fail in fails.tolist()]
    findings = make_findings(check, context, zip(statuses, rows_at(table, positions), numbers, strict=True))
    counts = dict.fromkeys(Status, 0)
    counts[Status.PASS] = prepared.candidates - len(failed)
    counts[Status.FAIL] = len(failed)
    counts[Status.UNKNOWN] = len(prepared.unknown)
    counts[Status.NOT_APPLICABLE] = prepared.not_applicable
    return CheckResult(check=check.id, counts=counts, findings=findings)


def _broken(check: Check, error: str, context: RemedyContext) -> CheckResult:
    counts = {**dict.fromkeys(Status, 0), Status.ERROR: 1}
    return CheckResult(check=check.id, counts=counts, findings=(broken(check, error, context),), error=error)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, ColumnError) else str(error)
