"""Run (+ history) → ReportView: totals, groups and wording shared by all formats.

Pure: it reads the run and nothing else, no clock and no files. Terms: a *failure* is a FAIL finding without a
waiver; an *evaluation* is one row to which a check applied (passed, failed or unknown).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audit.model import Age, Coverage, EarlierQuestion, Run, RunSummary
from audit.questions import asked_by
from audit.run_changes import is_open
from checks.model import CheckResult, Finding, Gap, RegistryId, Severity, Status
from checks.texts import CheckText
from reports.breakdown import (
    AccountView,
    AreaView,
    CheckView,
    Risk,
    accounts_of,
    areas_of,
    checks_of,
    is_waived,
    risks_of,
)
from reports.gap_groups import GapGroup, group_gaps
from reports.history import ChangeSince, TrendPoint, change_since, earlier, trend_of
from reports.text import be, counted, day_text, listed, narrowed_text, number
from reports.topology import Topology
from reports.verdict import RunVerdict, VerdictInput, conclude

TREND_RUNS = 6
"""Points of the trend, this run included."""

_STATUS_ORDER = {Status.FAIL: 0, Status.ERROR: 1, Status.UNKNOWN: 2, Status.PASS: 3, Status.NOT_APPLICABLE: 4}


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything that reports show of a run."""

    organization: str
    """Name and id of the organization, or the account in single-account mode."""
    scope: tuple[str, ...]
    """Accounts, Regions, repositories; of a narrowed run also the selected checks."""
    narrowed: str
    """What narrowed the run to some of the checks, as a sentence; empty: it evaluated every check."""
    not_selected: tuple[CheckText, ...]
    """The checks that a narrowed run left out, in catalogue order: not evaluated."""
    verdict: str
    """The verdict in one or a few sentences."""
    conclusion: RunVerdict
    """The same with its level, word and mark."""
    counts: Mapping[Status, int]
    """Rows of all checks by status."""
    open: Mapping[Severity, int]
    waived: Mapping[Severity, int]
    unknown: int
    """Results that are unknown: rows, not findings."""
    unknown_findings: int
    """Findings in which those results are grouped, one for each check and cause."""
    check_errors: int
    """Checks that ended with an error."""
    coverage: tuple[str, ...]
    """What was read and evaluated, in sentences."""
    unaccounted: tuple[RegistryId, ...]
    """Registries planned and missing from the result without a reason."""
    gaps: tuple[Gap, ...]
    """Every read that failed."""
    areas: tuple[AreaView, ...]
    checks: tuple[CheckView, ...]
    """In catalogue order."""
    accounts: tuple[AccountView, ...]
    """Accounts with findings or gaps, worst first."""
    gap_groups: tuple[GapGroup, ...]
    findings: tuple[Finding, ...]
    """Every FAIL, ERROR and UNKNOWN, waived ones included; see `sorted_findings` for the order."""
    risks: tuple[Risk, ...]
    change: ChangeSince | None
    """Against the run before; None for a first run."""
    trend: tuple[TrendPoint, ...]
    """Oldest first, this run last; empty for a first run."""
    ages: Mapping[str, Age]
    """How long each failure has been there, by fingerprint; empty where no history was given."""
    topology: Topology | None
    """Which registry replicates to which; None where the evidence tables were not available."""
    asked: EarlierQuestion
    """What the run asked, for comparison with a later run."""
    evidence_sum: str
    """SHA-256 over the checksums of the run's stored files; empty where they were not available."""

    @property
    def failures(self) -> int:
        """Open failures of any severity."""
        return sum(self.open.values())

    @property
    def since(self) -> str:
        """How long failures have been open, in one sentence; empty where no history was given, or none is open."""
        ages = [age for finding in self.findings if is_open(finding) and (age := self.ages.get(finding.fingerprint))]
        if not ages:
            return ""
        oldest = min(ages, key=lambda age: age.first_seen)
        first = sum(1 for age in ages if age.runs == 1)
        if first == len(ages):
            return "Every open failure is new in this run."
        found = f"{number(first)} {be(first)} new in this run."
        since, runs = day_text(oldest.first_seen), counted(oldest.runs, "run", "runs")
        return f"The oldest open failure was first seen on {since} and has been found by {runs} since; {found}"

    @property
    def worst_first(self) -> tuple[CheckView, ...]:
        """Checks with open failures, worst severity first, then by catalogue order."""
        return tuple(sorted((check for check in self.checks if check.open), key=lambda check: check.severity.rank))


def build_view(
    run: Run,
    history: Sequence[RunSummary] = (),
    ages: Mapping[str, Age] | None = None,
    *,
    topology: Topology | None = None,
    evidence_sum: str = "",
) -> ReportView:
    """Everything that reports show of *run*. *history*: earlier runs, in any order; *ages*: of its findings.

    *topology* and *evidence_sum* come from the store; without them, reports leave both out.
    """
    findings = sorted_findings(run.results)
    checks = checks_of(run, findings)
    past = earlier(run, history)
    open_ = _by_severity(finding for finding in findings if is_open(finding))
    waived = _by_severity(finding for finding in findings if is_waived(finding))
    unknown = sum(check.unknown_rows for check in checks)
    unknown_findings = sum(len(check.unknown) for check in checks)
    check_errors = sum(1 for check in checks if check.error)
    counts = _total_counts(run.results)
    figures = VerdictInput(
        open=open_, passed=counts[Status.PASS], unknown=unknown, unknown_findings=unknown_findings,
        check_errors=check_errors, waived=sum(waived.values()),
        checks=len(run.results), gaps=len(run.gaps), coverage=run.coverage, evidence_complete=run.evidence_complete,
        narrowed=narrowed_text(run),
    )  # fmt: skip
    conclusion = conclude(figures)
    now = TrendPoint(run.started_at, open_, unknown + check_errors, run.evidence_complete)
    return ReportView(
        organization=_organization(run), scope=_scope(run), narrowed=narrowed_text(run),
        not_selected=_not_selected(run), verdict=conclusion.sentence, conclusion=conclusion,
        counts=counts, open=open_, waived=waived, unknown=unknown, unknown_findings=unknown_findings,
        check_errors=check_errors, coverage=_coverage(run),
        unaccounted=run.coverage.unaccounted, gaps=run.gaps,
        areas=areas_of(checks),
        checks=checks, accounts=accounts_of(run, findings), gap_groups=group_gaps(run.gaps), findings=findings,
        risks=risks_of(checks), change=change_since(run, past[-1]) if past else None,
        trend=trend_of(past[-TREND_RUNS + 1 :], run, now) if past else (),
        ages=ages or {}, topology=topology, asked=asked_by(run), evidence_sum=evidence_sum,
    )  # fmt: skip


def sorted_findings(results: Iterable[CheckResult]) -> tuple[Finding, ...]:
    """Findings by status (failed, error, unknown), severity, catalogue order, account, Region, resource."""
    ranks = {severity: severity.rank for severity in Severity}
    keyed = [
        (
            _STATUS_ORDER[one.status], ranks[one.severity], position, one.account, one.region, one.resource,
            one.fingerprint, number, one,
        )
        for position, result in enumerate(results)
        for number, one in enumerate(result.findings)
    ]  # fmt: skip
    keyed.sort(key=lambda entry: entry[:8])
    return tuple(entry[8] for entry in keyed)


def _by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in Severity}


def _total_counts(results: Iterable[CheckResult]) -> dict[Status, int]:
    counts = dict.fromkeys(Status, 0)
    for result in results:
        for status, count in result.counts.items():
            counts[status] += count
    return counts


def _organization(run: Run) -> str:
    if run.organization_id:
        return f"{run.organization_name} ({run.organization_id})" if run.organization_name else run.organization_id
    name = run.account_names.get(run.caller_account, "")
    return f"Account {run.caller_account} ({name})" if name else f"Account {run.caller_account}"


def _not_selected(run: Run) -> tuple[CheckText, ...]:
    texts = {one.id: one for one in run.checks}
    return tuple(texts.get(check) or CheckText(check, check) for check in run.not_selected)


def _scope(run: Run) -> tuple[str, ...]:
    scope = run.scope
    whole = "Every account of the organization" if run.organization_id else "The account of the credentials"
    parts = []
    if scope.accounts:
        parts.append(f"Accounts: {', '.join(scope.accounts)}")
    if scope.ous:
        parts.append(f"Organizational units, child units included: {', '.join(scope.ous)}")
    return (
        "; ".join(parts) or whole,
        f"Regions: {', '.join(scope.regions)}" if scope.regions else "Every enabled Region",
        "Every repository in detail"
        if scope.all_repositories
        else "Repositories that take part in replication in detail",
        *([f"Only {run.selection.words}"] if run.narrowed else []),
    )


def accounts_text(coverage: Coverage) -> str:
    """`15 of 15 accounts read`; with one that is not active, `15 of 15 active accounts read, 1 suspended not read`."""
    if not coverage.inactive:
        return f"{coverage.accounts_read:,} of {counted(coverage.accounts_planned, 'account', 'accounts')} read"
    states = [f"{count:,} {state.lower().replace('_', ' ')}" for state, count in coverage.inactive.items()]
    active = counted(coverage.accounts_planned, "active account", "active accounts")
    return f"{coverage.accounts_read:,} of {active} read, {listed(states)} not read"


def _coverage(run: Run) -> tuple[str, ...]:
    coverage = run.coverage
    sentences = [
        f"{accounts_text(coverage)}.",
        f"{coverage.registries_complete:,} of {counted(coverage.registries_planned, 'registry', 'registries')} read "
        f"completely, {coverage.registries_partial:,} partially, {coverage.registries_unread:,} not at all.",
        f"{counted(coverage.repositories, 'repository', 'repositories')} evaluated.",
    ]
    if coverage.unaccounted:
        missing = ", ".join(map(str, coverage.unaccounted))
        sentences.append(f"Planned, but missing from the result without a recorded reason: {missing}.")
    return tuple(sentences)
