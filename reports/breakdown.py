"""The figures of a run broken down: by check, by area, by account, and the worst of them as risks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.model import Run
from audit.run_changes import is_open
from checks.model import CheckResult, Finding, Severity, Status
from checks.texts import CheckText
from reports.text import NOUNS, area_name, counted, number

RISKS = 5
"""How many risks the executive summary lists."""


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check with its findings, sorted: worst first, then account, Region, resource."""

    text: CheckText
    severity: Severity
    """Worst severity among the open failures; without any, the declared one."""
    counts: Mapping[Status, int]
    open: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    error: str
    """Error of the check itself; empty where it ended normally."""

    @property
    def evaluated(self) -> int:
        """Rows to which the check applied: passed, failed and unknown."""
        return self.counts[Status.PASS] + self.counts[Status.FAIL] + self.counts[Status.UNKNOWN]

    @property
    def unknown_rows(self) -> int:
        """Rows whose result is unknown; `unknown` has one finding for all rows of one cause."""
        return sum(finding.rows for finding in self.unknown)

    @property
    def noun(self) -> tuple[str, str]:
        """What one row, and several rows, of its table are called."""
        return NOUNS.get(self.text.table, ("resource", "resources"))

    @property
    def passed_clean(self) -> bool:
        """Whether every row to which it applied passed: no failure, not even a waived one, and no unknown result."""
        return bool(self.counts[Status.PASS]) and not (self.open or self.unknown or self.waived or self.error)

    @property
    def idle(self) -> bool:
        """Whether it applied to no row of this run."""
        return not self.evaluated and not self.error


@dataclass(frozen=True, slots=True)
class AreaView:
    """Figures of one group of checks."""

    group: str
    name: str
    checks: int
    passed: int
    failed: int
    """Failures without a waiver."""
    waived: int
    unknown: int
    """Results that are unknown: rows, not findings."""
    check_errors: int
    """Checks of the group that ended with an error."""

    @property
    def evaluated(self) -> int:
        """Results of the group."""
        return self.passed + self.failed + self.waived + self.unknown


@dataclass(frozen=True, slots=True)
class AccountView:
    """Findings of one account."""

    account: str
    """Twelve digits, or empty where a finding belongs to no account."""
    name: str
    open: Mapping[Severity, int]
    unknown: int
    waived: int
    gaps: int

    @property
    def failures(self) -> int:
        """Open failures of any severity."""
        return sum(self.open.values())


@dataclass(frozen=True, slots=True)
class Risk:
    """One of the worst failing checks of the run, for the executive summary."""

    check: str
    severity: Severity
    sentence: str
    example: str
    """Message of its first finding."""


def is_waived(finding: Finding) -> bool:
    """Whether it is a failure that a waiver covers."""
    return finding.status is Status.FAIL and finding.waiver is not None


def checks_of(run: Run, findings: Iterable[Finding]) -> tuple[CheckView, ...]:
    """Every check of the run in catalogue order; *findings* in the order in which they are shown."""
    by_check: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_check[finding.check].append(finding)
    texts = {one.id: one for one in run.checks}
    return tuple(
        # A check whose texts the run did not store is reported under its id, and never dropped.
        _check(result, texts.get(result.check) or CheckText(result.check, result.check), by_check[result.check])
        for result in run.results
    )


def _check(result: CheckResult, text: CheckText, findings: list[Finding]) -> CheckView:
    open_ = tuple(finding for finding in findings if is_open(finding))
    seen = min((finding.severity for finding in findings), key=_rank, default=Severity.MEDIUM)
    return CheckView(
        text=text,
        severity=open_[0].severity if open_ else text.severity or seen,
        counts={status: result.counts.get(status, 0) for status in Status},
        open=open_,
        unknown=tuple(finding for finding in findings if finding.status is Status.UNKNOWN),
        waived=tuple(finding for finding in findings if is_waived(finding)),
        error=result.error or next((one.message for one in findings if one.status is Status.ERROR), ""),
    )


def areas_of(checks: Iterable[CheckView]) -> tuple[AreaView, ...]:
    """Figures by group of checks, in catalogue order."""
    groups: dict[str, list[CheckView]] = defaultdict(list)
    for check in checks:
        groups[check.text.group].append(check)
    return tuple(
        AreaView(
            group=group,
            name=area_name(group),
            checks=len(members),
            passed=sum(check.counts[Status.PASS] for check in members),
            failed=sum(len(check.open) for check in members),
            waived=sum(len(check.waived) for check in members),
            unknown=sum(check.unknown_rows for check in members),
            check_errors=sum(1 for check in members if check.error),
        )
        for group, members in groups.items()
    )


def accounts_of(run: Run, findings: Iterable[Finding]) -> tuple[AccountView, ...]:
    """Accounts with findings or gaps, the worst first."""
    open_: dict[str, Counter[Severity]] = defaultdict(Counter)
    unknown: Counter[str] = Counter()
    waived: Counter[str] = Counter()
    for finding in findings:
        if is_open(finding):
            open_[finding.account][finding.severity] += 1
        elif is_waived(finding):
            waived[finding.account] += 1
        elif finding.status is Status.UNKNOWN:
            for place in finding.registries:
                unknown[place.account] += place.rows
    gaps = Counter(gap.account for gap in run.gaps)
    views = [
        AccountView(
            account=account,
            name=run.account_names.get(account, ""),
            open={severity: open_[account][severity] for severity in Severity},
            unknown=unknown[account],
            waived=waived[account],
            gaps=gaps[account],
        )
        for account in sorted({*open_, *unknown, *waived, *gaps})
    ]
    return tuple(sorted(views, key=_account_order))


def _account_order(view: AccountView) -> tuple[int, ...]:
    return (*(-view.open[severity] for severity in Severity), -view.unknown, -view.gaps)


def _rank(severity: Severity) -> int:
    return severity.rank


def risks_of(checks: Iterable[CheckView]) -> tuple[Risk, ...]:
    """The worst failing checks: by severity, then by number of failures."""
    failing = [check for check in checks if check.open]
    failing.sort(key=lambda check: (check.severity.rank, -len(check.open)))
    return tuple(
        Risk(
            check=check.text.id,
            severity=check.severity,
            sentence=f"{number(len(check.open))} of {_evaluated(check)} "
            f"{'fails' if len(check.open) == 1 else 'fail'} “{check.text.title}”.",
            example=check.open[0].message,
        )
        for check in failing[:RISKS]
    )


def _evaluated(check: CheckView) -> str:
    """`40 evaluated registries`."""
    one, many = check.noun
    return counted(check.evaluated, f"evaluated {one}", f"evaluated {many}")
