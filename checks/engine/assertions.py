"""The evaluator: expectations about the rows of declared tables, validated by Great Expectations.

One engine evaluates built-in and custom checks. The rows of an assertion are sorted first: not applicable, with an
unknown fact, and candidates. Great Expectations validates the facts of the candidates only, under their own names,
because a column of nulls and an empty table both satisfy an expectation. Its row positions refer to the candidates.

Assertions with the same conditions over the same table share one batch and one suite.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.engine.expectation_types import (
    ABOUT_NULLS,
    AGGREGATES,
    BY_ROW,
    DECIDED_WITHOUT_ROWS,
    MANY_COLUMNS,
    TWO_COLUMNS,
)
from checks.engine.great_expectations import ValidationContext, bounded, load_engine, raised_in, shorten

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Mask = np.ndarray[Any, np.dtype[np.bool_]]
    Positions = np.ndarray[Any, np.dtype[np.intp]]

_CATEGORICAL = 127
"""Distinct values that one byte can number."""

Guard = Callable[[], AbstractContextManager[object]]
"""Context of every call of Great Expectations; may raise an exception in it, to stop a call that takes too long."""


class ColumnError(Exception):
    """A column that an assertion needs is missing or has another type than declared."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One expectation about the rows of one table."""

    id: str
    """Unique in an evaluation: the check's id."""
    table: str
    type: str
    """Great Expectations' name of the expectation."""
    arguments: Mapping[str, Any]
    """Its keyword arguments, columns included."""
    facts: tuple[str, ...]
    """The columns it reads; none where it only counts rows."""
    when: tuple[str, ...] = ()
    """Boolean columns: a row with a false one is not applicable, else one with a null is unknown."""
    needed: tuple[str, ...] = ()
    """Columns that must be in the table although the expectation does not read them: its key and identity."""
    severity: str = "warning"
    """Great Expectations' own: `critical`, `warning` or `info`."""
    statement: str = ""
    """The expectation as a sentence, stored with the validation result."""
    file: str = ""
    """File of a custom check; assertions of different files share no suite."""


@dataclass(slots=True)
class Answer:
    """The result of one assertion."""

    assertion: Assertion
    rows: Positions
    """Positions of the candidates, which Great Expectations validates."""
    unknown: Positions
    """Positions of rows that could not be evaluated: a condition or a fact is null."""
    not_applicable: int = 0
    failed: Positions | None = None
    """Positions that fail; None for a result about the whole table."""
    success: bool = True
    observed: Any = None
    """The observed value of the whole table, where the result is about it."""
    error: str = ""
    """The error; then the other fields have no meaning."""
    settled: bool = False
    """Whether there is a result, or no row to evaluate."""

    @property
    def passed(self) -> int:
        """Number of candidates that pass."""
        return len(self.rows) - (len(self.failed) if self.failed is not None else 0)


@dataclass(frozen=True, slots=True)
class Answers:
    """The results of `judge` by id, and Great Expectations' own validation results as JSON values."""

    by_id: Mapping[str, Answer]
    validations: tuple[Mapping[str, Any], ...]


def judge(
    assertions: Sequence[Assertion],
    tables: Mapping[str, pd.DataFrame],
    session: ValidationContext,
    guard: Guard = nullcontext,
) -> Answers:
    """Validate every assertion with Great Expectations; an error belongs to its own assertion and the others continue.

    *tables* are frames of the declared tables by name. A validation result is one batch: its table, the conditions that
    its rows meet, and Great Expectations' statistics with long lists shortened to their first 20 members.
    """
    answers = {one.id: _sorted_rows(one, tables) for one in assertions}
    validations: list[Mapping[str, Any]] = []
    for group in _groups(answers.values()):
        validations += _validate(session, group, tables[group[0].assertion.table], guard)
    return Answers(answers, tuple(validations))


def domain_object(assertion: Assertion) -> Any:
    """*assertion* as Great Expectations' object, which checks its arguments. Raises whatever that raises."""
    load_engine()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    arguments = dict(assertion.arguments)
    if assertion.type in TWO_COLUMNS:
        arguments["ignore_row_if"] = "either_value_is_missing"
    elif assertion.type in MANY_COLUMNS and assertion.type != "expect_multicolumn_sum_to_equal":
        arguments["ignore_row_if"] = "any_value_is_missing"
    return ExpectationConfiguration(
        type=assertion.type,
        kwargs=arguments,
        meta={"check": assertion.id, "table": assertion.table, "applies when": list(assertion.when)},
        description=assertion.statement or None,
        severity=FailureSeverity(assertion.severity),
    ).to_domain_obj()


def error_text(error: Exception) -> str:
    """What *error* says, on one line of a bounded length."""
    text = str(error) if isinstance(error, ColumnError) else f"{type(error).__name__}: {error}"
    return " ".join(text[:2_000].split())


def _sorted_rows(assertion: Assertion, tables: Mapping[str, pd.DataFrame]) -> Answer:
    """The rows of its table sorted into candidates, not known and not applicable."""
    import numpy as np

    nothing = np.empty(0, dtype=np.intp)
    try:
        if assertion.table not in tables:
            raise ColumnError(f"there is no table {assertion.table}")
        table = tables[assertion.table]
        needed = (*assertion.facts, *assertion.when, *assertion.needed)
        missing = [name for name in dict.fromkeys(needed) if name not in table.columns]
        if missing:
            raise ColumnError(f"table {assertion.table} has no column {', '.join(missing)}")
        applies, unknown = _condition(assertion, table)
        not_applicable = int((~applies & ~unknown).sum())
        if assertion.type not in ABOUT_NULLS:
            for name in assertion.facts:
                null = table[name].isna().to_numpy()
                unknown = unknown | (applies & null)
                # Great Expectations would fail a pair with one null.
                applies = applies & ~null
        answer = Answer(assertion, np.flatnonzero(applies), np.flatnonzero(unknown), not_applicable)
    except Exception as error:  # One assertion is isolated from the others; its error becomes its answer.
        return Answer(assertion, nothing, nothing, error=error_text(error), settled=True)
    if assertion.type in BY_ROW:
        answer.failed = nothing
    # The others pass without rows, which proves nothing and takes ten milliseconds each.
    answer.settled = not len(answer.rows) and assertion.type not in DECIDED_WITHOUT_ROWS
    return answer


def _condition(assertion: Assertion, table: pd.DataFrame) -> tuple[Mask, Mask]:
    """Rows where every condition is true, and rows where none is false but at least one is null."""
    import numpy as np

    false = np.zeros(len(table), dtype=bool)
    null = np.zeros(len(table), dtype=bool)
    for name in assertion.when:
        try:
            values = table[name].astype("boolean")
        except (TypeError, ValueError) as error:
            raise ColumnError(f"column {name} of table {assertion.table} is not boolean: {error}") from error
        false |= ~values.to_numpy(dtype=bool, na_value=True)
        null |= values.isna().to_numpy()
    return ~false & ~null, null & ~false


def _groups(answers: Iterable[Answer]) -> list[list[Answer]]:
    """Open assertions, grouped where Great Expectations itself can skip the nulls of each fact."""
    groups: dict[object, list[Answer]] = {}
    for answer in answers:
        one = answer.assertion
        if not answer.settled:
            alone = one.type not in BY_ROW or one.type in ABOUT_NULLS or one.type in MANY_COLUMNS
            groups.setdefault((one.file, one.table, one.id if alone else "", one.when), []).append(answer)
    return list(groups.values())


def _validate(
    session: ValidationContext, group: Sequence[Answer], table: pd.DataFrame, guard: Guard
) -> list[Mapping[str, Any]]:
    """Validate one batch, record the results in *group*, and return Great Expectations' results as JSON values."""
    sound, expectations = [], []
    for answer in group:
        try:
            expectations.append(domain_object(answer.assertion))
            sound.append(answer)
        except Exception as error:  # Many types are raised for wrong arguments; each is its own assertion's error.
            answer.error = f"it is not a valid expectation: {error_text(error)}"
    if not sound:
        return []
    rows = _union([answer.rows for answer in sound], len(table))
    first = sound[0].assertion
    try:
        with guard(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas warns about the style of patterns, on the screen of the run
            outcome = session.validate(first.file or first.table, _facts(table, rows, sound), expectations)
    except Exception as error:  # One assertion may fail the whole batch: then each is validated alone.
        if len(sound) > 1:
            return [one for answer in sound for one in _validate(session, [answer], table, guard)]
        sound[0].error = error_text(error)
        return []
    by_id = {answer.assertion.id: answer for answer in sound}
    for result in outcome.results:
        _read(by_id[result.expectation_config.meta["check"]], result, rows)
        shorten(result)
    document = json.loads(json.dumps(outcome.to_json_dict(), default=_plain_value))
    about = {"table": first.table, **({"file": first.file} if first.file else {}), "when": list(first.when)}
    return [{**about, **document}]


def _union(parts: Sequence[Positions], length: int) -> Positions:
    """The positions in any of *parts*, in order."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    chosen = np.zeros(length, dtype=bool)
    for part in parts:
        chosen[part] = True
    return np.flatnonzero(chosen)


def _facts(table: pd.DataFrame, rows: Positions, wanted: Sequence[Answer]) -> pd.DataFrame:
    """The facts of *wanted* at *rows*, in types that Great Expectations compares fast and prints as plain values."""
    import pandas as pd

    names = dict.fromkeys(name for answer in wanted for name in answer.assertion.facts) or (str(table.columns[0]),)
    chosen = {name: table[name] if len(rows) == len(table) else table[name].take(rows) for name in names}
    if wanted[0].assertion.file:
        return pd.DataFrame({name: _uncategorized(values) for name, values in chosen.items()})
    columns = {name: _comparable(values) for name, values in chosen.items()}
    for answer in wanted:
        if answer.assertion.type in TWO_COLUMNS:
            _share_categories(columns, *answer.assertion.facts[:2])
    return pd.DataFrame(columns)


def _uncategorized(values: pd.Series[Any]) -> pd.Series[Any]:
    """Categories as their values, which more of Great Expectations' expectations support."""
    import pandas as pd

    values = values.reset_index(drop=True)
    kind: Any = values.dtype
    return values.astype(kind.categories.dtype) if isinstance(kind, pd.CategoricalDtype) else values


def _comparable(values: pd.Series[Any]) -> pd.Series[Any]:
    """*values* as categories of plain Python values, as integers, or as they are.

    Booleans and text become categories: one byte a row, a sixth of the time that objects need, and results show `False`
    where a nullable boolean would show a numpy scalar.
    """
    import numpy as np
    import pandas as pd

    values = values.reset_index(drop=True)
    kind: Any = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return (
            values
            if len(kind.categories) <= _CATEGORICAL or len(kind.categories) < len(values)
            else values.astype(object)
        )
    if pd.api.types.is_bool_dtype(kind):
        nullable = values.astype("boolean")
        codes: np.ndarray[Any, np.dtype[np.int8]] = np.where(
            nullable.isna().to_numpy(), -1, nullable.to_numpy(dtype=bool, na_value=False)
        ).astype(np.int8)
        answers: Any = [False, True]  # The stubs know no boolean categories.
        return pd.Series(pd.Categorical.from_codes(codes, categories=answers))
    if pd.api.types.is_integer_dtype(kind):
        return values.astype("float64" if values.isna().any() else "int64")
    if pd.api.types.is_string_dtype(kind):
        return pd.Series(pd.Categorical(values))
    return values


def _share_categories(columns: dict[str, pd.Series[Any]], left: str, right: str) -> None:
    """Give two categorical columns the same categories, without which pandas does not compare them."""
    import pandas as pd

    one, other = columns[left].dtype, columns[right].dtype
    if left == right or not (isinstance(one, pd.CategoricalDtype) and isinstance(other, pd.CategoricalDtype)):
        return
    if not one.categories.equals(other.categories):
        every = one.categories.union(other.categories, sort=False)
        columns[left], columns[right] = (columns[name].cat.set_categories(every) for name in (left, right))


def _read(answer: Answer, result: Any, rows: Positions) -> None:
    """Record Great Expectations' *result* in *answer*."""
    import numpy as np

    problem, found = raised_in(result.exception_info), result.result or {}
    answer.success, answer.settled = bool(result.success), True
    if problem:
        answer.error = " ".join(problem[:2_000].split())
    elif answer.assertion.type not in BY_ROW:
        answer.observed = bounded(found.get("observed_value", found.get("details")))
    elif "unexpected_index_list" not in found:
        answer.error = f"{answer.assertion.type} does not return the failing rows"
    elif _judged(answer, found) != len(answer.rows):
        answer.error = "Great Expectations evaluated other rows than it was given"
    else:
        failed = rows[np.asarray(found["unexpected_index_list"], dtype=np.intp)]
        # With `mostly`, the expectation may be met although some rows fail.
        answer.failed = failed if not answer.success else failed[:0]


def _judged(answer: Answer, found: Mapping[str, Any]) -> int:
    """Number of rows that Great Expectations evaluated."""
    whole = answer.assertion.type in ABOUT_NULLS or answer.assertion.type in AGGREGATES
    return int(found["element_count"]) - (0 if whole else int(found.get("missing_count") or 0))


def _plain_value(value: Any) -> Any:
    """A numpy scalar as a Python value; any other value without a JSON form as text."""
    return value.item() if hasattr(value, "item") else str(value)
