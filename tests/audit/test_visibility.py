"""What is gone counts as fixed only where the later run could look; a gap somewhere else does not matter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.model import FindingLocation
from audit.visibility import RunCoverage, location_of, location_text, read_location
from checks.model import Gap, GapKind, RegistryId, Status
from tests.reports.making import finding, link, result, run_of
from tests.reports.runs import green_run

GRANTS = "grants.replication-allowed"
HERE, THERE, ELSEWHERE = "100000000003", "100000000005", "100000000009"
SPOT = FindingLocation(GRANTS, ((HERE, "eu-west-1"), (THERE, "us-east-1")))


def gap(account: str, region: str) -> Gap:
    return Gap(account, region, "ecr:DescribeRegistry", GapKind.DENIED, "AccessDenied", "no")


def run_with(*gaps: Gap, **changes: object):
    run = run_of([result(GRANTS, [], passed=3)])
    return replace(run, gaps=gaps, coverage=replace(run.coverage, **changes))


@pytest.mark.parametrize(
    ("missing", "reached"),
    [
        ([], True),
        ([gap(ELSEWHERE, "eu-west-1")], True),
        ([gap(HERE, "eu-central-1")], True),
        ([gap(HERE, "eu-west-1")], False),
        ([gap(HERE, "")], False),
        ([gap(THERE, "us-east-1")], False),
        ([gap(ELSEWHERE, "eu-west-1"), gap(THERE, "")], False),
        ([gap("", "")], False),
    ],
)
def test_a_gap_matters_where_the_finding_lies(missing: list[Gap], reached: bool) -> None:
    assert RunCoverage(run_with(*missing)).reaches(SPOT) is reached


def test_a_registry_that_is_missing_without_a_reason_is_a_gap_too() -> None:
    assert not RunCoverage(run_with(unaccounted=(RegistryId(THERE, "us-east-1"),))).reaches(SPOT)
    assert RunCoverage(run_with(unaccounted=(RegistryId(ELSEWHERE, "us-east-1"),))).reaches(SPOT)


def test_what_is_about_an_account_or_everything_needs_all_of_it() -> None:
    run_coverage = RunCoverage(run_with(gap(HERE, "eu-west-1")))
    assert not run_coverage.reaches(FindingLocation(GRANTS, ((HERE, ""),)))
    assert run_coverage.reaches(FindingLocation(GRANTS, ((THERE, ""),)))
    assert not run_coverage.reaches(FindingLocation(GRANTS, (("", ""),)))
    assert RunCoverage(run_with()).reaches(FindingLocation(GRANTS, (("", ""),)))


def test_a_waiver_that_is_gone_needs_no_evidence() -> None:
    run = run_of([result("waivers.in-force", [], passed=1)])
    assert RunCoverage(replace(run, gaps=(gap("", ""),))).reaches(FindingLocation("waivers.in-force", (("", ""),)))


def test_a_check_that_broke_or_was_not_carried_out_looked_nowhere() -> None:
    broken = run_of([replace(result(GRANTS, []), error="boom", counts={Status.ERROR: 1})])
    assert not RunCoverage(broken).reaches(SPOT)
    assert not RunCoverage(broken).reaches(None)
    assert not RunCoverage(run_with()).reaches(replace(SPOT, check="user.mine"))


def test_without_knowing_where_everything_must_have_been_read() -> None:
    assert RunCoverage(green_run()).reaches(None)
    assert not RunCoverage(run_with(gap(ELSEWHERE, "eu-west-1"))).reaches(None)


def test_both_sides_of_a_link_are_kept_and_read_again() -> None:
    from checks.model import Severity

    location = location_of(finding(GRANTS, Severity.HIGH, link(HERE, "eu-central-1"), "no"))
    assert len(location.registries) == 2
    assert read_location(location.check, location_text(location)) == location
