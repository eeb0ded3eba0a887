"""A check that says something else than its cases is noticed by its cases: each mutant of a declaration fails them.

Statuses are told here by the four lines that they mean, so that hundreds of mutants cost nothing; the first test holds
that reading against the cases themselves, which `test_catalog` judges with the real engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from checks.catalog import CHECKS
from checks.model import Check, Expectation, in_set
from tests.checks import test_catalog

IN_SET = "expect_column_values_to_be_in_set"
NOT_IN_SET = "expect_column_values_to_not_be_in_set"


@cache
def cases_of(check_id: str) -> list[dict[str, Any]]:
    return test_catalog.cases_of(next(one for one in CHECKS if one.id == check_id))


def status(check: Check, row: dict[str, Any]) -> str:
    conditions = [row.get(name) for name in check.conditions]
    if False in conditions:
        return "not_applicable"
    if None in conditions or row.get(check.judged) is None:
        return "unknown"
    found = row[check.judged] in check.expect.arguments["value_set"]
    return "pass" if found is (check.expect.type == IN_SET) else "fail"


def negated(expect: Expectation) -> Expectation:
    if expect.arguments["value_set"] in ([True], [False]):
        return in_set(not expect.arguments["value_set"][0])
    return replace(expect, type=NOT_IN_SET if expect.type == IN_SET else IN_SET)


def mutants(check: Check) -> Iterator[tuple[str, Check]]:
    yield "expectation negated", replace(check, expect=negated(check.expect))
    for dropped in check.conditions:
        left = " and ".join(name for name in check.conditions if name != dropped)
        yield f"{dropped} dropped", replace(check, when=left)
        yield f"{dropped} judged", replace(check, judged=dropped)
    if check.graded:
        yield "severity not graded", replace(check, graded="")


def severity(check: Check, row: dict[str, Any]) -> str:
    return str(row.get(check.graded) or check.severity) if check.graded else str(check.severity)


def noticed(check: Check) -> list[str]:
    """Names of the cases that this check does not satisfy."""
    original = next(one for one in CHECKS if one.id == check.id)
    return [
        case["name"]
        for case in cases_of(check.id)
        if status(check, case["row"]) != case["status"]
        or (case["status"] == "fail" and severity(check, case["row"]) != case.get("severity", str(original.severity)))
    ]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_check_itself_satisfies_its_cases(check: Check):
    assert check.expect.type in (IN_SET, NOT_IN_SET)
    assert noticed(check) == []


@pytest.mark.parametrize(
    "mutant", [pytest.param(mutant, id=f"{check.id}: {what}") for check in CHECKS for what, mutant in mutants(check)]
)
def test_a_mutant_does_not(mutant: Check):
    assert noticed(mutant)
