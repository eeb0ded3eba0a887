"""Waivers mark findings, never drop them, and say when they no longer hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from checks.baseline import Waiver
from checks.model import CheckResult, Finding, Severity, Status, fingerprint
from checks.waivers import apply_waivers, waiver_problems

TODAY = dt.date(2026, 11, 23)
A, B = "111111111111", "222222222222"
OUS = {A: ("Root/Workloads/Prod", "o-exampleorg1/r-abcd/ou-abcd-11111111/")}
ALIASES = {"settings.lifecycle-policy-present": ("DST-07",), "rules.link-declared": ("RPL-02",)}


def finding(check: str, account: str = A, repository: str | None = None, status: Status = Status.FAIL) -> Finding:
    key: dict[str, Any] = {"source_account": account, **({"repository": repository} if repository else {})}
    return Finding(
        check=check,
        status=status,
        severity=Severity.MEDIUM,
        account=account,
        region="eu-west-1",
        resource="it",
        key=key,
        message="wrong",
        evidence={},
        remedy=None,
        fingerprint=fingerprint(check, key),
    )


def result(*findings: Finding) -> CheckResult:
    counts = {status: sum(one.status is status for one in findings) for status in Status}
    return CheckResult(check=findings[0].check, counts=counts, findings=findings)


LIFECYCLE = result(
    finding("settings.lifecycle-policy-present", repository="prod/api"),
    finding("settings.lifecycle-policy-present", account=B, repository="dev/api", status=Status.UNKNOWN),
)
LINKS = result(finding("rules.link-declared"), finding("rules.link-declared", account=B))
BROKEN = result(finding("coverage.images-present", status=Status.ERROR))
RESULTS = (LIFECYCLE, LINKS, BROKEN)


def waiver(**fields: Any) -> Waiver:
    return Waiver.model_validate(
        {"checks": ["*"], "reason": "legacy", "owner": "platform", "until": dt.date(2026, 12, 31), **fields}
    )


def marked(*waivers: Waiver, **options: Any) -> list[tuple[str, str]]:
    results = apply_waivers(RESULTS, waivers, TODAY, aliases=ALIASES, **options)
    return [(one.check.partition(".")[0], one.account) for part in results for one in part.findings if one.waiver]


ALL = [("settings", A), ("settings", B), ("rules", A), ("rules", B)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ALL),
        ({"checks": ["rules.*"]}, [("rules", A), ("rules", B)]),
        ({"checks": ["DST-07"]}, [("settings", A), ("settings", B)]),
        ({"checks": ["DST-*", "RPL-02"]}, ALL),
        ({"checks": ["dst-07"]}, []),
        ({"accounts": [A]}, [("settings", A), ("rules", A)]),
        ({"regions": ["eu-west-1"]}, ALL),
        ({"regions": ["us-east-1"]}, []),
        ({"repositories": ["prod/*"]}, [("settings", A)]),
        ({"repositories": ["prod"]}, []),
        ({"repositories": ["dev/api", "prod/a?i"]}, [("settings", A), ("settings", B)]),
        ({"fingerprint": LINKS.findings[1].fingerprint}, [("rules", B)]),
        ({"fingerprint": LINKS.findings[1].fingerprint, "accounts": [A]}, []),
        ({"fingerprint": "0" * 16}, []),
        ({"until": TODAY}, ALL),
        ({"until": TODAY - dt.timedelta(days=1)}, []),
        ({"until": TODAY + dt.timedelta(days=366)}, ALL),
        ({"until": TODAY + dt.timedelta(days=367)}, []),
    ],
)
def test_what_a_waiver_covers(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert marked(waiver(**fields)) == expected


def test_units_need_a_known_path() -> None:
    assert marked(waiver(ous=["Workloads"]), account_ous=OUS) == [("settings", A), ("rules", A)]
    assert marked(waiver(ous=["Workloads"], accounts=[B]), account_ous=OUS) == ALL
    assert marked(waiver(ous=["Workloads"])) == []
    assert marked(waiver(ous=["Sandbox"]), account_ous=OUS) == []


def test_nothing_is_dropped_and_nothing_but_the_mark_changes() -> None:
    results = apply_waivers(RESULTS, (waiver(),), TODAY)
    assert [part.counts for part in results] == [part.counts for part in RESULTS]
    assert [one.fingerprint for part in results for one in part.findings] == [
        one.fingerprint for part in RESULTS for one in part.findings
    ]
    assert {one.status for part in results for one in part.findings} == {Status.FAIL, Status.UNKNOWN, Status.ERROR}


def test_first_waiver_of_the_file_is_the_mark() -> None:
    first, second = waiver(checks=["rules.*"], reason="first"), waiver(reason="second")
    results = apply_waivers(RESULTS, (first, second), TODAY)
    mark = results[1].findings[0].waiver
    assert mark is not None
    assert (mark.reason, mark.owner, mark.until) == ("first", "platform", "2026-12-31")
    other = results[0].findings[0].waiver
    assert other is not None
    assert other.reason == "second"


def test_problems_name_waivers_that_do_nothing() -> None:
    waivers = (
        waiver(checks=["rules.*"], accounts=[B]),
        waiver(checks=["RPL-02"], until=dt.date(2026, 10, 1)),
        waiver(checks=["RPL-02"], until=dt.date(2026, 10, 1), accounts=[B]),
        waiver(checks=["DST-07"], until=dt.date(2026, 10, 1)),
        waiver(checks=["grants.*"], until=dt.date(2026, 10, 1)),
        waiver(until=dt.date(2028, 1, 1)),
        waiver(checks=["grants.*"]),
        waiver(checks=["coverage.*"], reason="hides a break"),
    )
    before = waiver_problems(RESULTS, waivers, TODAY, aliases=ALIASES)
    assert before == (
        "Waiver 2 (RPL-02; platform: legacy) expired on 2026-10-01, and a finding is open again.",
        "Waiver 3 (RPL-02; platform: legacy) expired on 2026-10-01 and can be removed: no open finding needs it.",
        "Waiver 4 (DST-07; platform: legacy) expired on 2026-10-01, and 2 findings are open again.",
        "Waiver 5 (grants.*; platform: legacy) expired on 2026-10-01 and can be removed: no open finding needs it.",
        "Waiver 6 (*; platform: legacy) is not in force: 2028-01-01 is more than 366 days ahead.",
        "Waiver 7 (grants.*; platform: legacy) covers no finding of this run.",
        "Waiver 8 (coverage.*; platform: hides a break) covers no finding of this run.",
    )
    after = apply_waivers(RESULTS, waivers, TODAY, aliases=ALIASES)
    assert waiver_problems(after, waivers, TODAY, aliases=ALIASES) == before
