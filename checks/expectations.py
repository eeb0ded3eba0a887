"""What a check expects of the facts in its table, in Great Expectations' vocabulary.

A builder below sets the expectation, the columns it reads (the *facts*) and the expected value as reports show it.
The first fact is the one that is *observed*; every other value is what it is compared with. A null in any fact is
UNKNOWN: the evaluator leaves such rows out before Great Expectations sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_IN_SET = "expect_column_values_to_be_in_set"
_BETWEEN = "expect_column_values_to_be_between"
_A_GREATER_THAN_B = "expect_column_pair_values_a_to_be_greater_than_b"
_PAIR_EQUAL = "expect_column_pair_values_to_be_equal"
_REGEX = "expect_column_values_to_match_regex"
_LENGTHS = "expect_column_value_lengths_to_be_between"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One row-level Great Expectations expectation over the columns of a table."""

    type: str
    """Great Expectations' own snake_case name (`expect_column_values_to_be_in_set`)."""
    facts: tuple[str, ...]
    """The columns it reads; the first one is observed, the others are compared with it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Its keyword arguments, columns included."""
    expected: str = ""
    """The expected value as a format string over the facts (`at most {destination_limit}`)."""

    @property
    def statement(self) -> str:
        """The expectation as a sentence over column names: `unique_destinations: at most destination_limit`."""
        return f"{self.facts[0]}: {self.expected.replace('{', '').replace('}', '').replace(':names', '')}"


def is_true(fact: str) -> Expectation:
    """*fact*, which is boolean by nature, must be true."""
    return Expectation(_IN_SET, (fact,), {"column": fact, "value_set": [True]}, "true")


def is_false(fact: str) -> Expectation:
    """*fact*, which is boolean by nature, must be false."""
    return Expectation(_IN_SET, (fact,), {"column": fact, "value_set": [False]}, "false")


def in_set(fact: str, *values: str | int) -> Expectation:
    """*fact* must be one of *values*; an empty text or JSON array is shown as `none`."""
    expected = " or ".join("none" if value in ("", "[]") else str(value) for value in values)
    return Expectation(_IN_SET, (fact,), {"column": fact, "value_set": list(values)}, expected)


def between(fact: str, *, minimum: int | None = None, maximum: int | None = None) -> Expectation:
    """The number *fact* must be between *minimum* and *maximum*, inclusive; None: no bound. Numbers are not
    negative.
    """
    bounds = {"min_value": minimum, "max_value": maximum}
    if minimum is None:
        expected = "0" if maximum == 0 else f"at most {maximum:,}"
    elif maximum is None:
        expected = f"at least {minimum:,}"
    else:
        expected = f"{minimum:,}" if minimum == maximum else f"{minimum:,} to {maximum:,}"
    arguments = {"column": fact, **{name: value for name, value in bounds.items() if value is not None}}
    return Expectation(_BETWEEN, (fact,), arguments, expected)


def at_most(fact: str, limit: str) -> Expectation:
    """The number *fact* must not exceed the column *limit* of the same row."""
    return _ordered(fact, smaller=fact, greater=limit, or_equal=True, expected=f"at most {{{limit}}}")


def less_than(fact: str, limit: str) -> Expectation:
    """The number *fact* must stay below the column *limit* of the same row."""
    return _ordered(fact, smaller=fact, greater=limit, or_equal=False, expected=f"less than {{{limit}}}")


def at_least(fact: str, minimum: str) -> Expectation:
    """The number *fact* must reach the column *minimum* of the same row."""
    return _ordered(fact, smaller=minimum, greater=fact, or_equal=True, expected=f"at least {{{minimum}}}")


def equals(fact: str, expected: str, *, names: bool = False) -> Expectation:
    """*fact* must equal the column *expected* of the same row.

    *names*: both hold a JSON array of text, which reports show as a list.
    """
    shown = f"{{{expected}:names}}" if names else f"{{{expected}}}"
    return Expectation(_PAIR_EQUAL, (fact, expected), {"column_A": fact, "column_B": expected}, shown)


def matches(fact: str, pattern: str, expected: str) -> Expectation:
    """The text *fact* must match the regular expression *pattern*, which *expected* describes."""
    return Expectation(_REGEX, (fact,), {"column": fact, "regex": pattern}, expected)


def lengths_between(fact: str, minimum: int, maximum: int) -> Expectation:
    """The text *fact* must have *minimum* to *maximum* characters."""
    arguments = {"column": fact, "min_value": minimum, "max_value": maximum}
    return Expectation(_LENGTHS, (fact,), arguments, f"{minimum:,} to {maximum:,} characters")


def _ordered(fact: str, *, smaller: str, greater: str, or_equal: bool, expected: str) -> Expectation:
    other = greater if smaller == fact else smaller
    arguments = {"column_A": greater, "column_B": smaller, "or_equal": or_equal}
    return Expectation(_A_GREATER_THAN_B, (fact, other), arguments, expected)
