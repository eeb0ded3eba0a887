"""UNKNOWN rows: every one in exactly one finding, one finding for each cause, the same fingerprint in every run."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from audit.run_changes import State, changes
from audit.store import open_store
from audit.unknown_rows import NOT_AUDITED, folded, row_records, with_causes
from audit.visibility import Doubt, location_of
from checks.baseline.loading import load_waivers
from checks.baseline.waivers import Exceptions, apply_waivers
from checks.model import (
    CheckResult,
    Finding,
    Gap,
    GapKind,
    RegistryId,
    Severity,
    Status,
    UnknownCause,
    group_fingerprint,
)
from checks.texts import CheckText
from tests.reports.making import STARTED, finding, replica, result, run_of

MUTABILITY, SCANNED, POLICY = "settings.tag-mutability", "settings.scanned", "exposure.not-public"
TEXTS = (
    CheckText(MUTABILITY, "Mutability", table="replicas", permissions=("ecr:DescribeRepositories",)),
    CheckText(SCANNED, "Scanned", table="replicas", permissions=("ecr:GetRegistryScanningConfiguration",)),
    CheckText(POLICY, "Not public", table="replicas", permissions=("ecr:GetRepositoryPolicy",)),
)
BLIND = "100000000005"
ROLE = Gap(
    BLIND, "", "sts:AssumeRole", GapKind.ROLE_MISSING, "AccessDenied", "no", ("registries",), "", "sts:AssumeRole"
)


def rows(check: str, account: str, count: int, reason: str = "") -> list[Finding]:
    found = (
        finding(check, Severity.HIGH, replica(f"team/service-{one:04}", account, "eu-central-1"), "x is unknown",
                at="source", status=Status.UNKNOWN)
        for one in range(count)
    )  # fmt: skip
    return [replace(one, cause=UnknownCause(reason=reason)) for one in found]


def fold(results: list[CheckResult], *gaps: Gap, planned: frozenset[RegistryId] = frozenset()) -> tuple[Finding, ...]:
    groups = folded(with_causes(results, gaps, TEXTS, planned), gaps, TEXTS, planned)
    return tuple(one for group in groups for one in group.findings)


def test_a_missing_role_is_one_finding_a_check() -> None:
    checks = (MUTABILITY, SCANNED, POLICY)
    found = fold([result(check, rows(check, BLIND, 1_700)) for check in checks], ROLE)
    assert [(one.check, one.rows) for one in found] == [(check, 1_700) for check in checks]
    first = found[0]
    assert first.cause == UnknownCause(GapKind.ROLE_MISSING, "sts:AssumeRole", "sts:AssumeRole")
    assert first.group
    assert first.group.unread == (RegistryId(BLIND, ""),)
    assert first.registries == ((BLIND, "eu-central-1", 1_700),)
    assert len(first.group.examples) == 5
    assert "1,700 replicas" in first.message
    assert "sts:AssumeRole" in first.message
    assert (first.account, first.region) == (BLIND, "eu-central-1")


def test_accounts_of_one_cause_are_one_finding_and_keep_their_numbers() -> None:
    other = replace(ROLE, account="100000000006")
    [found] = fold([result(SCANNED, [*rows(SCANNED, BLIND, 3), *rows(SCANNED, other.account, 2)])], ROLE, other)
    assert found.registries == ((BLIND, "eu-central-1", 3), ("100000000006", "eu-central-1", 2))
    assert (found.account, found.region, found.rows) == ("", "", 5)


def test_failures_stay_rows_and_counts_stay_those_of_rows() -> None:
    failure = finding(SCANNED, Severity.HIGH, replica("x", "100000000003", "eu-central-1"), "no")
    before = result(SCANNED, [*rows(SCANNED, BLIND, 3), failure])
    [group] = folded(with_causes([before], [ROLE], TEXTS), [ROLE], TEXTS)
    assert group.counts == before.counts
    assert [(one.status, one.rows) for one in group.findings] == [(Status.UNKNOWN, 3), (Status.FAIL, 1)]


def test_the_fingerprint_is_that_of_check_and_cause_however_many_rows_there_are() -> None:
    one, many = (fold([result(SCANNED, rows(SCANNED, BLIND, count))], ROLE) for count in (1, 40))
    assert one[0].fingerprint == many[0].fingerprint
    [later] = fold([result(SCANNED, rows(SCANNED, BLIND, 40, "the key is not documented"))])
    assert later.fingerprint != one[0].fingerprint


def test_a_read_that_the_check_does_not_need_is_not_the_cause_where_the_row_states_one() -> None:
    tags = Gap(BLIND, "eu-central-1", "ecr:ListTagsForResource", GapKind.DENIED, "AccessDenied", "no", ("replicas",))
    stated, silent = (fold([result(POLICY, rows(POLICY, BLIND, 2, reason))], tags)[0].cause for reason in ("a key", ""))
    assert stated == UnknownCause(reason="a key")
    assert silent == UnknownCause(GapKind.DENIED, "ecr:ListTagsForResource")


def test_a_registry_that_nobody_planned_to_read_is_a_cause() -> None:
    [found] = fold(
        [result(SCANNED, rows(SCANNED, BLIND, 2))], planned=frozenset({RegistryId("100000000009", "eu-west-1")})
    )
    assert found.cause == UnknownCause(reason=NOT_AUDITED)
    assert found.group
    assert found.group.unread == (RegistryId(BLIND, "eu-central-1"),)


def test_the_row_list_has_every_row_once() -> None:
    by_row = with_causes([result(SCANNED, rows(SCANNED, BLIND, 7))], [ROLE], TEXTS)
    groups = folded(by_row, [ROLE], TEXTS)
    records = list(row_records(by_row, groups))
    assert [one["fingerprint"] for one in records] == [one.fingerprint for one in by_row[0].findings]
    assert {one["finding"] for one in records} == {groups[0].findings[0].fingerprint}


def waived(text: str) -> list[tuple[int, bool, str]]:
    by_row = with_causes([result(SCANNED, rows(SCANNED, BLIND, 4))], [ROLE], TEXTS)
    waivers = load_waivers(
        f"version: 1\nwaivers:\n  - {{checks: [settings.scanned], {text}, reason: r, owner: o, until: 2026-12-31}}\n",
        "w",
    )
    marked = apply_waivers(by_row, waivers, Exceptions(STARTED.date()))
    [group] = folded(marked, [ROLE], TEXTS)
    return [(one.rows, one.waiver is not None, one.fingerprint) for one in group.findings]


def test_waivers_cover_rows_and_a_fingerprint_of_the_finding_covers_all_of_them() -> None:
    mark = group_fingerprint(SCANNED, UnknownCause(GapKind.ROLE_MISSING, "sts:AssumeRole"))
    assert waived(f'fingerprint: "{mark}"') == [(4, True, mark)]
    some = waived('repositories: ["team/service-0001"]')
    assert sorted(one[:2] for one in some) == [(1, True), (3, False)]
    assert {fingerprint for _, is_waived, fingerprint in some if not is_waived} == {mark}
    assert len({one[2] for one in some}) == 2


def test_a_failure_whose_row_is_unknown_now_is_not_fixed() -> None:
    unknown = rows(SCANNED, BLIND, 3)
    was = replace(unknown[1], status=Status.FAIL, cause=None)
    run = run_of(folded(with_causes([result(SCANNED, unknown, passed=1)], [ROLE], TEXTS), [ROLE], TEXTS))
    found = changes({was.fingerprint: was.severity}, {was.fingerprint: location_of(was)}, run)
    assert (found[was.fingerprint].state, found[was.fingerprint].reason) == (State.NOT_EVALUATED, Doubt.UNKNOWN)


def test_an_age_survives_a_run_in_which_the_row_was_one_of_many_unknown_rows(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    unknown = rows(SCANNED, BLIND, 3)
    failure = replace(unknown[1], status=Status.FAIL, cause=None)
    for day, found in enumerate(([failure], unknown, [failure]), start=1):
        gaps = (ROLE,) if found is unknown else ()
        run = run_of([result(SCANNED, found, passed=1)], gaps=gaps, started_at=STARTED + dt.timedelta(days=day))
        run = replace(run, id=f"202611{day:02}T020000Z-aaaaaa")
        store.save(run, {})
    age = store.ages(run.id)[failure.fingerprint]
    assert (age.first_seen, age.runs) == (STARTED + dt.timedelta(days=1), 2)
    history = store.findings_over_time(run, failure.fingerprint)
    assert [one.status for one in history] == [Status.FAIL, Status.UNKNOWN, Status.FAIL]
