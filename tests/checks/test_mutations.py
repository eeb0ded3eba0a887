"""A check that says something else than its cases is noticed by its cases: each mutant of a declaration fails them.

Statuses are worked out here by a plain reading of the expectation, so that hundreds of mutants cost nothing; the first
test holds that reading against the cases themselves, which `test_catalog` judges with the real engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from checks.catalog import CHECKS
from checks.expectations import Expectation, is_true
from checks.model import Check
from tests.checks import test_catalog
from tests.checks.plain_expectations import status

Reading = Callable[[Check, Mapping[str, Any]], str]


@cache
def cases_of(check_id: str) -> list[dict[str, Any]]:
    return test_catalog.cases_of(next(one for one in CHECKS if one.id == check_id))


def negated(check: Check, row: Mapping[str, Any]) -> str:
    """As `status`, with what is demanded turned round."""
    said = status(check, row)
    return {"pass": "fail", "fail": "pass"}.get(said, said)


def mutants(check: Check) -> Iterator[tuple[str, Check, Reading]]:
    yield "expectation negated", check, negated
    for dropped in check.when:
        yield f"{dropped} dropped", replace(check, when=tuple(one for one in check.when if one != dropped)), status
        yield f"{dropped} judged", replace(check, expect=is_true(dropped)), status
    if check.graded:
        yield "severity not graded", replace(check, graded=""), status
    for what, expect in altered(check.expect):
        yield what, replace(check, expect=expect), status


def altered(expect: Expectation) -> Iterator[tuple[str, Expectation]]:
    """*expect* with each bound moved by one, each member of its set dropped, each null of its facts overlooked."""
    arguments = expect.arguments
    for name, step in (("min_value", 1), ("min_value", -1), ("max_value", 1), ("max_value", -1)):
        if isinstance(arguments.get(name), int):
            yield f"{name} {step:+}", replace(expect, arguments={**arguments, name: arguments[name] + step})
    if "or_equal" in arguments:
        yield "or_equal turned", replace(expect, arguments={**arguments, "or_equal": not arguments["or_equal"]})
    members = arguments.get("value_set", [])
    if len(members) > 1:
        for member in members:
            rest = [one for one in members if one != member]
            yield f"without {member or 'none'}", replace(expect, arguments={**arguments, "value_set": rest})


def severity(check: Check, row: dict[str, Any]) -> str:
    return str(row.get(check.graded) or check.severity) if check.graded else str(check.severity)


def noticed(check: Check, reading: Reading = status) -> list[str]:
    """Names of the cases that this check does not satisfy."""
    original = next(one for one in CHECKS if one.id == check.id)
    return [
        case["name"]
        for case in cases_of(check.id)
        if reading(check, case["row"]) != case["status"]
        or (case["status"] == "fail" and severity(check, case["row"]) != case.get("severity", str(original.severity)))
    ]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_check_itself_satisfies_its_cases(check: Check):
    assert noticed(check) == []


@pytest.mark.parametrize(
    ("mutant", "reading"),
    [
        pytest.param(mutant, reading, id=f"{check.id}: {what}")
        for check in CHECKS
        for what, mutant, reading in mutants(check)
    ],
)
def test_a_mutant_does_not(mutant: Check, reading: Reading):
    assert noticed(mutant, reading)
