"""A run in which everything is too much: what the bounds of the printed report are for."""

from __future__ import annotations

from dataclasses import replace

from audit.evidence import CallCounts
from audit.model import Age, Coverage, Run, RunSummary
from checks.catalog import CHECKS
from checks.model import (
    CheckResult,
    Finding,
    Gap,
    GapKind,
    RegistryId,
    Remediation,
    Script,
    Severity,
    Status,
    WaiverMark,
)
from reports.view import ReportView, build_view
from tests.reports.making import finding, replica, result, run_of

LONG = "word and more words " * 100
_ACCOUNTS = [f"2{number:011d}" for number in range(300)]
_CHECKS = [*(check.id for check in CHECKS), *(f"user.suite.{number}" for number in range(200))]


def worst_run() -> Run:
    """Hundreds of failing checks, gaps, waivers, scripts and remarks, and no text of them is short."""
    results = [_result(check, number) for number, check in enumerate(_CHECKS)]
    results += [result(f"user.idle.{number}", idle=3) for number in range(300)]
    results += [result(f"user.passed.{number}", passed=3) for number in range(300)]
    kinds = list(GapKind)
    gaps = tuple(
        Gap(
            account,
            "eu-west-1",
            f"ecr:Op{at}",
            kinds[at % len(kinds)],
            f"Code{at}",
            LONG,
            ("links",),
            LONG,
            f"ecr:Op{at}",
        )
        for at, account in enumerate(_ACCOUNTS * 2)
    )
    scripts = tuple(
        Script(one, "eu-west-1", f"40-{one}-eu-west-1.sh", "", safe=False, findings=(), manual=(LONG,), refused=(LONG,))
        for one in _ACCOUNTS
    )
    unaccounted = tuple(RegistryId(account, "eu-west-1") for account in _ACCOUNTS)
    run = run_of(
        results, gaps=gaps, scripts=scripts, notes=(LONG,) * 200, limits_sources=(LONG,) * 100, organization_name=LONG,
        calls=CallCounts({f"ecr:Operation{number}": 3 for number in range(300)}),
        account_names=dict.fromkeys(_ACCOUNTS, LONG),
        coverage=Coverage(300, 3, 348, 3, 40, 305, 150, unaccounted),
    )  # fmt: skip
    return replace(run, checks=tuple(replace(text, title=LONG[:300]) for text in run.checks[:30]) + run.checks[30:])


def worst_view(run: Run) -> ReportView:
    """The same with a long history."""
    past = tuple(
        RunSummary(
            f"old{day}", run.started_at.replace(day=day), evidence_complete=True, open={f"{day:016x}": Severity.HIGH}
        )
        for day in range(10, 23)
    )
    return build_view(run, past, {one.fingerprint: Age(run.started_at.replace(day=12), 5) for one in run.findings})


def _result(check: str, number: int) -> CheckResult:
    return result(check, (_finding(check, number, at) for at in range(20)), passed=3)


def _finding(check: str, number: int, at: int) -> Finding:
    return finding(
        check,
        list(Severity)[number % 5],
        replica(f"{LONG[:600]}{number}-{at}", _ACCOUNTS[at], "eu-central-1"),
        LONG,
        at="source",
        evidence={f"e{one}": LONG for one in range(15)},
        remediation=Remediation(LONG, manual=(LONG,) * 12),
        waiver=WaiverMark(LONG, LONG, "2027-01-01") if at % 7 == 0 else None,
        status=Status.UNKNOWN if at % 5 == 0 else Status.FAIL,
    )
