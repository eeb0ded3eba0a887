"""Unknown findings by cause: every one of them once, the same reason once."""

from __future__ import annotations

import pytest

from checks.model import Finding, Gap, GapKind, Severity, Status
from reports.unknown_findings import NO_REASON, causes_of
from reports.view import build_view
from tests.reports import runs
from tests.reports.making import finding, link, result, run_of

_GONE = "310000000001"


def _unknown(check: str, message: str, to: str = "100000000009") -> Finding:
    return finding(check, Severity.HIGH, link("100000000003", "eu-central-1", to), message, status=Status.UNKNOWN)


def _causes(*findings: Finding, gaps: tuple[Gap, ...] = ()) -> list[tuple[str, tuple[str, ...], int, list[str]]]:
    checks = dict.fromkeys(one.check for one in findings)
    run = run_of([result(check, [one for one in findings if one.check == check]) for check in checks], gaps=gaps)
    causes = causes_of(run, build_view(run).checks)
    return [(cause.reason, cause.places, cause.count, [check.text.id for check in cause.checks]) for cause in causes]


def test_what_a_failed_read_affects_is_listed_under_it() -> None:
    gap = Gap("100000000009", "eu-west-1", "ecr:GetRegistryPolicy", GapKind.DENIED, "AccessDenied", "no", ())
    found = _causes(
        _unknown("a.one", "whether it is, is not known"), _unknown("a.two", "how many is not known"), gaps=(gap,)
    )
    assert found == [("Access denied: ecr:GetRegistryPolicy", ("100000000009/eu-west-1",), 2, ["a.one", "a.two"])]


def test_a_gap_of_a_whole_account_explains_its_registries() -> None:
    gap = Gap("100000000009", "", "sts:AssumeRole", GapKind.ROLE_MISSING, "AccessDenied", "no", ())
    [(reason, places, count, _checks)] = _causes(_unknown("a.one", "x is not known: y could not be read"), gaps=(gap,))
    assert (reason, places, count) == ("Audit role missing: sts:AssumeRole", ("100000000009/eu-west-1",), 1)


def test_what_one_finding_says_of_a_registry_explains_the_others_there() -> None:
    said = f"whether it allows is not known: account {_GONE} is not in the organization"
    found = _causes(_unknown("a.one", said, _GONE), _unknown("a.two", "whether it is scanned is not known", _GONE))
    assert found == [("Is not in the organization", (f"{_GONE}/eu-west-1",), 2, ["a.one", "a.two"])]


@pytest.mark.parametrize("word", ["not known", "unknown"])
def test_what_a_finding_says_of_something_else_explains_only_itself(word: str) -> None:
    found = _causes(_unknown("a.one", f"x is {word}: its rules could not be read"), _unknown("a.two", f"y is {word}"))
    assert [(reason, count) for reason, _places, count, _checks in found] == [
        ("Its rules could not be read", 1),
        (NO_REASON, 1),
    ]


def test_every_unknown_finding_is_counted_once() -> None:
    run = runs.mixed_run()
    view = build_view(run)
    assert view.unknown
    assert sum(cause.count for cause in causes_of(run, view.checks)) == view.unknown
