"""What an expectation says of one row, read in plain Python: an oracle beside Great Expectations, and quick."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from checks.expectations import Expectation
from checks.model import Check


def holds(expect: Expectation, row: Mapping[str, Any]) -> bool | None:
    """Whether *row* meets *expect*; None where one of its facts is null."""
    values = [row.get(name) for name in expect.facts]
    if None in values:
        return None
    arguments, value = expect.arguments, values[0]
    match expect.type:
        case "expect_column_values_to_be_in_set":
            return value in arguments["value_set"]
        case "expect_column_values_to_be_between":
            return arguments.get("min_value", value) <= value <= arguments.get("max_value", value)
        case "expect_column_value_lengths_to_be_between":
            return arguments["min_value"] <= len(value) <= arguments["max_value"]
        case "expect_column_values_to_match_regex":
            return re.search(arguments["regex"], value) is not None
        case "expect_column_pair_values_to_be_equal":
            return bool(row[arguments["column_A"]] == row[arguments["column_B"]])
        case "expect_column_pair_values_a_to_be_greater_than_b":
            left, right = row[arguments["column_A"]], row[arguments["column_B"]]
            return bool(left >= right if arguments["or_equal"] else left > right)
    raise AssertionError(f"no plain reading of {expect.type}")


def status(check: Check, row: Mapping[str, Any]) -> str:
    """The status that *check* gives *row*."""
    conditions = [row.get(name) for name in check.when]
    if False in conditions:
        return "not_applicable"
    met = holds(check.expect, row)
    if None in conditions or met is None:
        return "unknown"
    return "pass" if met else "fail"
