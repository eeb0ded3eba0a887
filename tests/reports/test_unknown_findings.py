"""Unknown findings by cause: every one of them once, one kind of failed read once, the same reason once."""

from __future__ import annotations

import re
from dataclasses import replace

from checks.model import Finding, Gap, GapKind, Severity, Status, UnknownCause
from reports.formats.pdf import page
from reports.unknown_findings import NO_REASON, causes_of, group_facts
from reports.view import build_view
from tests.reports import runs
from tests.reports.making import finding, link, replica, result, run_of

VAULT, BLIND = "100000000009", "100000000005"
POLICY = "grants.replication-allowed"
COVERS = "grants.covers-rule"


def unknown(check: str, reason: str = "", to: str = VAULT) -> Finding:
    row = finding(check, Severity.HIGH, link("100000000003", "eu-central-1", to), "x is unknown", status=Status.UNKNOWN)
    return replace(row, cause=UnknownCause(reason=reason))


def causes(*findings: Finding, gaps: tuple[Gap, ...] = ()) -> list[tuple[str, tuple[str, ...], int, list[str]]]:
    checks = dict.fromkeys(one.check for one in findings)
    run = run_of([result(check, [one for one in findings if one.check == check]) for check in checks], gaps=gaps)
    found = causes_of(build_view(run).checks)
    return [(cause.reason, cause.places, cause.count, [check.text.id for check in cause.checks]) for cause in found]


def test_what_a_failed_read_affects_is_listed_under_it() -> None:
    gap = Gap(VAULT, "eu-west-1", "ecr:GetRegistryPolicy", GapKind.DENIED, "AccessDenied", "no", ("links",))
    found = causes(unknown(POLICY), unknown(COVERS), gaps=(gap,))
    assert found == [("Access denied: ecr:GetRegistryPolicy", (f"{VAULT}/eu-west-1",), 2, [POLICY, COVERS])]


def test_a_missing_role_is_one_cause_of_every_account_without_it() -> None:
    gaps = tuple(
        Gap(account, "", "sts:AssumeRole", GapKind.ROLE_MISSING, "AccessDenied", "no", ()) for account in (VAULT, BLIND)
    )
    found = causes(unknown(POLICY), unknown(POLICY, to=BLIND), gaps=gaps)
    assert found == [("Audit role missing: sts:AssumeRole", (BLIND, VAULT), 2, [POLICY])]


def test_equal_reasons_are_one_cause_and_no_reason_is_one_too() -> None:
    found = causes(unknown("a.one", "its rules could not be read"), unknown("a.two"), unknown("a.two", to=BLIND))
    assert [(reason, count) for reason, _places, count, _checks in found] == [
        (NO_REASON, 2),
        ("Its rules could not be read", 1),
    ]


def test_every_unknown_result_is_counted_once() -> None:
    run = runs.mixed_run()
    view = build_view(run)
    found = causes_of(view.checks)
    assert sum(cause.count for cause in found) == view.unknown
    assert sum(cause.findings for cause in found) == view.unknown_findings


def many() -> list[Finding]:
    return [
        finding(
            POLICY, Severity.HIGH, replica(f"team/{one}", "100000000003", "eu-central-1"), "x is unknown",
            status=Status.UNKNOWN,
        )
        for one in range(1_700)
    ]  # fmt: skip


def test_totals_count_results_and_findings_apart() -> None:
    gap = Gap(VAULT, "", "sts:AssumeRole", GapKind.ROLE_MISSING, "AccessDenied", "no", (), "", "sts:AssumeRole")
    view = build_view(run_of([result(POLICY, many(), passed=1)], gaps=(gap,)))
    assert (view.unknown, view.unknown_findings, len(view.findings)) == (1_700, 1, 1)
    assert "1,700 results are unknown (1 finding)" in view.verdict
    assert {one.account: one.unknown for one in view.accounts if one.unknown} == {VAULT: 1_700}
    facts = group_facts(view.findings[0])
    assert facts["cause"] == "Audit role missing: sts:AssumeRole"
    assert facts["registries"] == f"{VAULT}/eu-west-1 (1,700)"
    assert facts["every result"] == "unknown_rows.parquet"


def test_the_table_of_checks_in_the_pdf_counts_results() -> None:
    gap = Gap(VAULT, "", "sts:AssumeRole", GapKind.ROLE_MISSING, "AccessDenied", "no", (), "", "sts:AssumeRole")
    run = run_of([result(POLICY, many(), passed=12)], gaps=(gap,))
    html = page(run, build_view(run))
    overview = html[html.index("<h2>By check</h2>") : html.index("<h2>By account</h2>")]
    assert re.findall(r'<td class="n[^"]*">([0-9,]+)</td>', overview) == ["0", "0", "1,700", "12"]
