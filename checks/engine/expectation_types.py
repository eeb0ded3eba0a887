"""The Great Expectations expectations that custom checks may use, and which of their arguments are safe.

A suite is untrusted data. Not supported are therefore all expectations and arguments that do more than compare values:
SQL queries, other tables, `row_condition` (pandas evaluates it as an expression), suite parameters (evaluated too),
windows, and JSON schemas that refer to other documents (fetched over the network). Expectations that Great Expectations
does not implement for pandas, and those about types and names of columns, are not supported either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ONE_COLUMN = frozenset(
    f"expect_column_{name}"
    for name in (
        "value_lengths_to_be_between", "value_lengths_to_equal", "value_z_scores_to_be_less_than",
        "values_to_be_between", "values_to_be_dateutil_parseable", "values_to_be_decreasing", "values_to_be_in_set",
        "values_to_be_increasing", "values_to_be_json_parseable", "values_to_be_null", "values_to_be_unique",
        "values_to_match_json_schema", "values_to_match_regex", "values_to_match_regex_list",
        "values_to_match_strftime_format", "values_to_not_be_in_set", "values_to_not_be_null",
        "values_to_not_match_regex", "values_to_not_match_regex_list",
    )
)  # fmt: skip
"""Evaluate each value of `column`."""

TWO_COLUMNS = frozenset(
    f"expect_column_pair_values_{name}" for name in ("a_to_be_greater_than_b", "to_be_equal", "to_be_in_set")
)
"""Evaluate `column_A` and `column_B` of each row."""

MANY_COLUMNS = frozenset((
    "expect_compound_columns_to_be_unique", "expect_multicolumn_sum_to_equal", "expect_multicolumn_values_to_be_equal",
    "expect_select_column_values_to_be_unique_within_record",
))  # fmt: skip
"""Evaluate the columns of `column_list` in each row."""

AGGREGATES = frozenset(
    f"expect_column_{name}"
    for name in (
        "distinct_values_to_be_in_set", "distinct_values_to_contain_set", "distinct_values_to_equal_set",
        "max_to_be_between", "mean_to_be_between", "median_to_be_between", "min_to_be_between",
        "most_common_value_to_be_in_set", "proportion_of_non_null_values_to_be_between",
        "proportion_of_unique_values_to_be_between", "quantile_values_to_be_between", "stdev_to_be_between",
        "sum_to_be_between", "unique_value_count_to_be_between",
    )
)  # fmt: skip
"""Evaluate `column` as a whole: one result for the table."""

COUNTS = frozenset(("expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"))
"""Evaluate the number of rows: one result for the table."""

DECIDED_WITHOUT_ROWS = COUNTS | {
    "expect_column_distinct_values_to_contain_set", "expect_column_distinct_values_to_equal_set",
    "expect_column_unique_value_count_to_be_between",
}  # fmt: skip
"""Have a result where there is no row: it has no values, and their number is 0."""

TRUE_WITHOUT_ROWS = frozenset(("expect_column_distinct_values_to_be_in_set",))
"""True of no values whatever the arguments, which proves nothing. All other aggregates have no result without a row."""

ABOUT_NULLS = frozenset((
    "expect_column_values_to_be_null", "expect_column_values_to_not_be_null",
    "expect_column_proportion_of_non_null_values_to_be_between",
))  # fmt: skip
"""For these a null is a value; all others skip nulls."""

BY_ROW = ONE_COLUMN | TWO_COLUMNS | MANY_COLUMNS
SUPPORTED = BY_ROW | AGGREGATES | COUNTS

_IGNORED = frozenset(("batch_id", "catch_exceptions", "ignore_row_if", "result_format"))
"""Execution arguments of Great Expectations, which the engine sets. Rows with a null are removed before."""
_EVALUATED = ("row_condition", "condition_parser")
_SCHEMA_WORDS = frozenset(("$defs", "$comment", "$schema"))


class RefusedError(ValueError):
    """An expectation that cannot be evaluated; the message says why, as a clause."""


def safe_arguments(kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The part of *arguments* that is passed to Great Expectations. Raises RefusedError."""
    if kind not in SUPPORTED:
        raise RefusedError(f"{kind} is not a supported expectation")
    kept = {name: value for name, value in arguments.items() if name not in _IGNORED and value is not None}
    for name in _EVALUATED:
        if name in kept:
            raise RefusedError(f"{name} is an expression, which is not evaluated; name boolean columns in meta.when")
    for key, value in _entries(kept):
        if key.startswith("$") and not _is_schema_word(key, value):
            raise RefusedError(f"{key} refers to a document outside the suite")
    return kept


def columns_of(kind: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of an expectation. Raises RefusedError where it names none."""
    if kind in COUNTS:
        return ()
    names: list[Any]
    if kind in TWO_COLUMNS:
        names = [arguments.get("column_A"), arguments.get("column_B")]
    elif kind in MANY_COLUMNS:
        listed = arguments.get("column_list")
        names = listed if isinstance(listed, list) and listed else [None]
    else:
        names = [arguments.get("column")]
    if not all(isinstance(name, str) and name for name in names):
        raise RefusedError("its kwargs name no column")
    return tuple(dict.fromkeys(names))


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key of every mapping in *value*, with its value."""
    if isinstance(value, dict):
        yield from value.items()
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _entries(one)


def _is_schema_word(key: str, value: object) -> bool:
    """Whether a JSON schema may have it: it refers to the schema itself."""
    if key == "$schema":
        return isinstance(value, str) and value.startswith(("https://json-schema.org/", "http://json-schema.org/"))
    return key in _SCHEMA_WORDS or (key == "$ref" and isinstance(value, str) and value.startswith("#"))
