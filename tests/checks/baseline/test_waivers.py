"""Waivers mark findings, never drop them, and say when they no longer hold."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from checks.baseline.schema import Baseline, Waiver
from checks.baseline.waivers import Exceptions, WaiverScope, apply_waivers, place, waiver_rows
from checks.engine.evaluation import evaluate
from checks.model import CheckResult, Finding, RegistryId, RemediationContext, Severity, Status, fingerprint
from checks.tables import WAIVERS
from checks.waivers.in_force import CHECK as IN_FORCE
from tests.checks.frames import frame

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
        remediation=None,
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
    results = apply_waivers(RESULTS, waivers, Exceptions(TODAY, aliases=ALIASES, **options))
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
        ({"regions": ["us-*", "eu-*"]}, ALL),
        ({"regions": ["*-east-1"]}, []),
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


def test_names_of_accounts_need_a_known_name() -> None:
    names = {A: "payments-prod", B: None}
    assert marked(waiver(account_names=["*-prod"]), account_names=names) == [("settings", A), ("rules", A)]
    assert marked(waiver(account_names=["*-Prod", "payments"]), account_names=names) == []
    assert marked(waiver(account_names=["*"])) == []
    assert marked(waiver(account_names=["*-dev"], ous=["Workloads"]), account_ous=OUS, account_names=names) == [
        ("settings", A),
        ("rules", A),
    ]


def test_tags_are_those_of_the_repository_of_the_finding() -> None:
    tags = {(A, "eu-west-1", "prod/api"): {"owner": "platform", "tier": "0"}}
    for given in ({"owner": "platform"}, {"owner": "plat*", "tier": "*"}):
        assert marked(waiver(tags=given), tags=tags) == [("settings", A)]
    for other in ({"owner": "Platform"}, {"owner": "platform", "cost": "*"}):
        assert marked(waiver(tags=other), tags=tags) == []
    assert marked(waiver(tags={"owner": "platform"})) == [], "unknown does not match"


def test_nothing_is_dropped_and_nothing_but_the_mark_changes() -> None:
    results = apply_waivers(RESULTS, (waiver(),), Exceptions(TODAY))
    assert [part.counts for part in results] == [part.counts for part in RESULTS]
    assert [one.fingerprint for part in results for one in part.findings] == [
        one.fingerprint for part in RESULTS for one in part.findings
    ]
    assert {one.status for part in results for one in part.findings} == {Status.FAIL, Status.UNKNOWN, Status.ERROR}


def test_first_waiver_of_the_file_is_the_mark() -> None:
    first, second = waiver(checks=["rules.*"], reason="first"), waiver(reason="second")
    results = apply_waivers(RESULTS, (first, second), Exceptions(TODAY))
    mark = results[1].findings[0].waiver
    assert mark is not None
    assert (mark.reason, mark.owner, mark.until) == ("first", "platform", "2026-12-31")
    other = results[0].findings[0].waiver
    assert other is not None
    assert other.reason == "second"


def test_a_baseline_may_allow_more_or_less_than_a_year() -> None:
    until = TODAY + dt.timedelta(days=400)
    assert marked(waiver(until=until)) == []
    assert marked(waiver(until=until), longest_days=400) == ALL
    assert marked(waiver(until=TODAY + dt.timedelta(days=31)), longest_days=30) == []


WHOLE = WaiverScope()


def rows(
    *waivers: Waiver, scope_read: WaiverScope = WHOLE, results: Any = RESULTS, **options: Any
) -> list[dict[str, Any]]:
    setting = Exceptions(TODAY, aliases=ALIASES, **options)
    return waiver_rows(results, place(waivers, range(10, 10 + len(waivers)), "waivers.yaml"), setting, scope_read)


def told(*waivers: Waiver, **options: Any) -> list[tuple[str, str, int | None]]:
    found = rows(*waivers, **options)
    assert [row["in_force"] for row in found] == [row["state"] == "in force" for row in found]
    return [(row["state"], row["problem"], row["findings"]) for row in found]


def test_every_waiver_is_held_against_the_findings() -> None:
    before = dt.date(2026, 10, 1)
    waivers = (
        waiver(checks=["rules.*"], accounts=[B]),
        waiver(checks=["RPL-02"], until=before),
        waiver(checks=["RPL-02"], until=before, accounts=[B]),
        waiver(checks=["DST-07"], until=before),
        waiver(checks=["grants.*"], until=before),
        waiver(until=dt.date(2028, 1, 1)),
        waiver(checks=["grants.*"]),
    )
    expected = [
        ("in force", "", 1),
        ("expired", "it expired on 2026-10-01, and 1 finding is open again", 2),
        ("expired", "it expired on 2026-10-01, and no open finding matches it", 1),
        ("expired", "it expired on 2026-10-01, and 2 findings are open again", 2),
        ("expired", "it expired on 2026-10-01, and no open finding matches it", 0),
        ("too far ahead", "2028-01-01 is more than 366 days ahead", 4),
        ("in force", "", 0),
    ]
    assert told(*waivers) == expected
    after = apply_waivers(RESULTS, waivers, Exceptions(TODAY, aliases=ALIASES))
    assert told(*waivers, results=after) == expected


def test_a_row_says_where_the_waiver_is_and_what_it_is_narrowed_to() -> None:
    row = rows(waiver(), waiver(checks=["RPL-02", "x"], accounts=[A], regions=["eu-west-1"], repositories=["a*"]))[1]
    assert (row["file"], row["waiver"], row["line"], row["days_left"]) == ("waivers.yaml", 2, 11, 38)
    assert (row["checks"], row["scope"]) == ("RPL-02, x", f"accounts {A}; Regions eu-west-1; repositories a*")


IDLE = {"checks": ["grants.*"]}


@pytest.mark.parametrize(
    ("fields", "scope_read", "expected"),
    [
        ({}, WaiverScope(), ""),
        ({}, WaiverScope(accounts=frozenset([A])), "the run was limited to some accounts"),
        ({"accounts": [A]}, WaiverScope(accounts=frozenset([A])), ""),
        ({"accounts": [A, B]}, WaiverScope(accounts=frozenset([A])), "the run was limited to some accounts"),
        ({"ous": ["Workloads"]}, WaiverScope(accounts=frozenset([A])), ""),
        ({}, WaiverScope(regions=frozenset(["eu-west-1"])), "the run was limited to some Regions"),
        ({"regions": ["eu-west-1"]}, WaiverScope(regions=frozenset(["eu-west-1"])), ""),
        ({}, WaiverScope(unread=frozenset([(B, "eu-west-1")])), f"{B}/eu-west-1 could not be read completely"),
        ({"accounts": [A]}, WaiverScope(unread=frozenset([(B, "eu-west-1")])), ""),
        ({"accounts": [B]}, WaiverScope(unread=frozenset([(B, "")])), f"{B} could not be read completely"),
        ({"regions": ["us-east-1"]}, WaiverScope(unread=frozenset([(B, "eu-west-1")])), ""),
        # Where B lies is not known: it may well be in the unit.
        ({"ous": ["Workloads"]}, WaiverScope(unread=frozenset([(B, "")])), f"{B} could not be read completely"),
        ({"regions": ["us-*"]}, WaiverScope(unread=frozenset([(B, "eu-west-1")])), ""),
        ({"regions": ["eu-*"]}, WaiverScope(regions=frozenset(["eu-west-1"])), "the run was limited to some Regions"),
        (
            {"tags": {"a": "b"}},
            WaiverScope(unread_tags=frozenset([RegistryId(B, "eu-west-1")])),
            f"the tags of some repositories in {B}/eu-west-1 were not read",
        ),
        ({}, WaiverScope(unread_tags=frozenset([RegistryId(B, "eu-west-1")])), ""),
        ({}, WaiverScope(not_selected=frozenset(["grants.unused"])), "the run was limited to some checks"),
        ({}, WaiverScope(not_selected=frozenset(["rules.link-declared"])), ""),
        (
            {"ous": ["Workloads"]},
            WaiverScope(unread=frozenset([("", "")])),
            "the organization could not be read completely",
        ),
    ],
)
def test_what_was_not_evaluated_does_not_count_as_fixed(
    fields: dict[str, Any], scope_read: WaiverScope, expected: str
) -> None:
    (row,) = rows(waiver(**IDLE, **fields), scope_read=scope_read, account_ous=OUS)
    assert row["not_evaluated"] == expected
    assert row["findings"] == (None if expected else 0)


def test_a_broken_check_says_nothing_about_its_waivers() -> None:
    broken = dataclasses.replace(BROKEN, error="it broke")
    (row,) = rows(waiver(checks=["coverage.*"]), results=(broken,))
    assert (row["findings"], row["not_evaluated"]) == (None, "the check coverage.images-present failed to run")


def test_a_waiver_in_a_renamed_file_is_the_same_finding() -> None:
    context = RemediationContext(baseline=Baseline())

    def fingerprint_in(file: str) -> str:
        row = {
            "file": file,
            "waiver": 2,
            "checks": "a.b",
            "scope": "",
            "owner": "me",
            "reason": "x",
            "state": "expired",
        }
        (result,) = evaluate([IN_FORCE], {"waivers": frame(WAIVERS, [row])}, context).results
        return result.findings[0].fingerprint

    assert fingerprint_in("baseline.yaml") == fingerprint_in("production.yaml")
