"""What changed in a run since the schedule's previous run, and failures that are seen again and are not new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from audit.model import Run, RunSummary
from audit.questions import compared_with
from audit.run_changes import is_open
from audit.visibility import location_of
from checks.model import Finding, Gap, GapKind, RegistryId, Severity, Status
from reports.history import ChangeSince, TrendPoint, change_since
from reports.verdict import VerdictLevel
from reports.view import ReportView
from schedules.notifications.model import NotificationContext

_FOUND = 2
"""Runs that must have found it before: a single one may have been a manual run, which has no notification."""


def reappeared(found: Iterable[Finding], view: ReportView, before: Mapping[str, Finding]) -> tuple[Finding, ...]:
    """Those of *found*, open now and not open in the previous run, that are not new.

    *before*: findings of the previous run, by fingerprint. A finding is not new if the previous run had it as
    unknown, not waived, and at least as severe, and earlier runs found it: at a point of the trend with at least as
    many open failures of its severity or higher as are known from then (otherwise some were waived or less severe).
    """
    candidates = [one for one in found if _may_be_known(one, view, before.get(one.fingerprint))]
    severities = {one.severity for one in candidates}
    points = {
        severity: [point.started_at for point in view.trend[:-2] if _has_room(point, severity, view)]
        for severity in severities
    }
    return tuple(
        one
        for one in candidates
        if any(view.ages[one.fingerprint].first_seen <= moment for moment in points[one.severity])
    )


def _may_be_known(finding: Finding, view: ReportView, before: Finding | None) -> bool:
    if before is None or before.status is not Status.UNKNOWN or before.waiver is not None:
        return False
    age = view.ages.get(finding.fingerprint)
    return age is not None and age.runs > _FOUND and before.severity.at_least(finding.severity)


def _has_room(point: TrendPoint, severity: Severity, view: ReportView) -> bool:
    """Whether an earlier run had at least as many open failures of *severity* or higher as were first seen by then."""
    severe = frozenset(one for one in Severity if one.at_least(severity))
    open_then = sum(count for one, count in point.open.items() if one in severe)
    ages = (view.ages.get(one.fingerprint) for one in view.findings if one.severity in severe and is_open(one))
    return sum(1 for age in ages if age is not None and age.first_seen <= point.started_at) <= open_then


PASSING = frozenset((GapKind.THROTTLED, GapKind.TIMED_OUT, GapKind.UNREACHABLE))
"""Transient reasons that affect other registries in each run: such gaps are compared by number, not by registry."""

_FACTOR, _MORE = 2, 5
"""Such gaps are new where they exceed this multiple of the previous run's number, and this many more than it."""

_WHOLE = frozenset((GapKind.ROLE_MISSING, GapKind.REGION_DISABLED, GapKind.ACCOUNT_INACTIVE))
"""Reasons that affect a whole account or Region, regardless of the operation."""


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What differs from the schedule's previous run."""

    change: ChangeSince | None
    """Since the previous run; None where the schedule has no comparable run: then everything counts as new."""
    new: tuple[Finding, ...]
    """Open now and not open before, worst first."""
    again: tuple[Finding, ...]
    """Open now, unknown in the previous run, and open in an earlier one: seen again, not new."""
    worse: tuple[Finding, ...]
    """Open in both, more severe now."""
    fixed_findings: tuple[Finding, ...]
    """Fixed findings as the previous run had them; empty where it cannot be read."""
    unexcused: tuple[Finding, ...]
    """Unknown now, and no longer covered by the waiver that covered it before."""
    was_open: Mapping[str, Severity]
    """Open failures of the previous run by fingerprint; empty where it cannot be read."""
    gaps: tuple[Gap, ...]
    """Reads that failed and did not fail before."""
    gaps_over: int
    """Reads that failed before, in accounts where none fails now; without transient reasons."""
    unknown: tuple[Finding, ...]
    """Unknown now, of a check that had no unknown result in one of their registries before."""
    unknown_rows: int
    """Results in those findings: rows in registries where the check had no unknown result before."""
    check_errors: tuple[str, ...]
    """Checks that ended with an error, and did not before."""
    newly_unread: tuple[RegistryId, ...]
    """Registries that are missing from the result without a reason, and were not missing before."""
    was_level: VerdictLevel | None
    """Verdict of the previous run; None where it cannot be read."""
    complete_again: bool
    """Whether evidence was missing before, and none is now."""

    @property
    def first(self) -> bool:
        """Whether there is no run to compare with."""
        return self.change is None

    @property
    def since(self) -> str:
        """When the previous run began, as text; empty where there is none."""
        return self.change.since if self.change is not None else ""

    @property
    def fixed(self) -> frozenset[str]:
        """Fingerprints: open before, evaluated again, and no failure now."""
        return self.change.fixed if self.change is not None else frozenset()

    @property
    def no_longer_required(self) -> frozenset[str]:
        """Fingerprints: open before, and this run did not ask about them."""
        return self.change.no_longer_required if self.change is not None else frozenset()

    @property
    def not_evaluated(self) -> frozenset[str]:
        """Fingerprints: open before, and not evaluated now."""
        return self.change.not_evaluated if self.change is not None else frozenset()

    @property
    def waived(self) -> frozenset[str]:
        """Fingerprints: open before, waived now."""
        return self.change.waived if self.change is not None else frozenset()


def run_changes(run: Run, view: ReportView, context: NotificationContext) -> RunChanges:
    """What is new in *run*, shown by *view*, compared with the previous run of *context*."""
    past = _comparable(view, context.before_view)
    unknown = tuple(_newly_unknown(view, past))
    change = None if _never_notified(context, past) else view.change or _change(run, past)
    findings = past.findings if past is not None else ()
    marks = {mark: finding for finding in findings for mark in finding.row_fingerprints}
    new, again = _new(view, change, marks)
    change = _without(change, again) if change is not None else None
    fixed = change.fixed if change is not None else frozenset()
    return RunChanges(
        change=change,
        new=new,
        again=again,
        worse=tuple(one for one in view.findings if change is not None and one.fingerprint in change.worse),
        fixed_findings=tuple(one for mark, one in marks.items() if mark in fixed),
        unexcused=tuple(_unexcused(view, marks)),
        was_open={mark: one.severity for mark, one in marks.items() if is_open(one)},
        gaps=_new_gaps(run.gaps, past),
        gaps_over=_gaps_over(run.gaps, past),
        unknown=tuple(finding for finding, _ in unknown),
        unknown_rows=sum(rows for _, rows in unknown),
        check_errors=tuple(_new_check_errors(run, past)),
        newly_unread=tuple(_newly_lost(run, past)),
        was_level=past.conclusion.level if past is not None else None,
        complete_again=past is not None and not _whole(past) and _whole(view) and run.evidence_complete,
    )


def _comparable(view: ReportView, before: ReportView | None) -> ReportView | None:
    """The previous run, where it has the same scope."""
    return before if before is not None and before.scope == view.scope else None


def _never_notified(context: NotificationContext, past: ReportView | None) -> bool:
    """Whether the schedule's receivers have not been notified of any run yet; there may be manual runs."""
    return bool(context.schedule) and past is None and not (context.before and context.before.run)


def _change(run: Run, past: ReportView | None) -> ChangeSince | None:
    """The change since *past*, where the view has none because too many manual runs lie between the two."""
    if past is None:
        return None
    open_ = {finding.fingerprint: finding.severity for finding in past.findings if is_open(finding)}
    locations = {finding.fingerprint: location_of(finding) for finding in past.findings if is_open(finding)}
    began = past.trend[-1].started_at if past.trend else run.started_at
    earlier = compared_with(past.asked, run)
    return change_since(run, RunSummary("", began, _whole(past), open_, locations=locations, earlier=earlier))


def _without(change: ChangeSince, again: Iterable[Finding]) -> ChangeSince:
    """*change* with the findings that are seen again as still open, not new."""
    seen = frozenset(finding.fingerprint for finding in again)
    return replace(change, new=change.new - seen, still=change.still | seen)


def _new(
    view: ReportView, change: ChangeSince | None, marks: Mapping[str, Finding]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """New findings, and findings that are seen again."""
    if change is None:
        return tuple(one for one in view.findings if is_open(one)), ()
    found = [one for one in view.findings if is_open(one) and one.fingerprint in change.new]
    again = reappeared(found, view, marks)
    seen = {one.fingerprint for one in again}
    return tuple(one for one in found if one.fingerprint not in seen), again


def _unexcused(view: ReportView, marks: Mapping[str, Finding]) -> Iterator[Finding]:
    for finding in view.findings:
        if finding.status is Status.UNKNOWN and finding.waiver is None:
            before = (marks.get(mark) for mark in finding.row_fingerprints)
            if any(one is not None and one.waiver is not None for one in before):
                yield finding


def _new_gaps(gaps: Iterable[Gap], past: ReportView | None) -> tuple[Gap, ...]:
    if past is None:
        return tuple(gaps)
    before_reads = {_read(gap) for gap in past.gaps}
    hidden = {RegistryId(gap.account, gap.region) for gap in past.gaps if gap.kind in _WHOLE and gap.account}
    all_gaps = tuple(gaps)
    found = tuple(gap for gap in all_gaps if _read(gap) not in before_reads and not hidden & _places(gap))
    many, before = (Counter(gap.kind for gap in some) for some in (all_gaps, past.gaps))
    usual = {
        kind for kind in PASSING if before[kind] and many[kind] <= max(_FACTOR * before[kind], before[kind] + _MORE)
    }
    return tuple(gap for gap in found if gap.kind not in usual)


def _gaps_over(gaps: Iterable[Gap], past: ReportView | None) -> int:
    if past is None:
        return 0
    blind = {gap.account for gap in gaps}
    return len({_read(gap) for gap in past.gaps if gap.kind not in PASSING and gap.account not in blind})


def _read(gap: Gap) -> tuple[str, RegistryId, str]:
    """What was to be read: operation, registry, and resource."""
    return gap.operation, RegistryId(gap.account, gap.region), gap.resource


def _places(gap: Gap) -> set[RegistryId]:
    """The registry of a gap, and its account as a whole."""
    return {RegistryId(gap.account, gap.region), RegistryId(gap.account, "")}


def _newly_unknown(view: ReportView, past: ReportView | None) -> Iterator[tuple[Finding, int]]:
    """Findings with how many of their rows are new, by check and registry: another repository in a registry that was
    unknown before is not new.

    Where a read failed, the evidence gap is notified, and its consequences are not notified in addition.
    """
    earlier = past.findings if past is not None else ()
    before = {place for one in earlier if one.status is Status.UNKNOWN for place in _places_of(one)}
    for finding in view.findings:
        if finding.status is not Status.UNKNOWN or finding.waiver is not None:
            continue
        rows = sum(rows for place, rows in _places_of(finding).items() if place not in before)
        if rows and (finding.cause is None or finding.cause.kind is None):
            yield finding, rows


def _places_of(finding: Finding) -> dict[tuple[str, str, str], int]:
    """The check of a finding with each registry of its rows → their number."""
    return {(finding.check, one.account, one.region): one.rows for one in finding.registries}


def _new_check_errors(run: Run, past: ReportView | None) -> Iterator[str]:
    before = {check.text.id for check in past.checks if check.error} if past is not None else set()
    return (result.check for result in run.results if result.error and result.check not in before)


def _newly_lost(run: Run, past: ReportView | None) -> Iterator[RegistryId]:
    before = frozenset(past.unaccounted) if past is not None else frozenset()
    return (registry for registry in run.coverage.unaccounted if registry not in before)


def _whole(view: ReportView) -> bool:
    """Whether the evidence is complete and no check result is unknown."""
    nothing = view.conclusion.level is VerdictLevel.NOTHING
    return not (view.gaps or view.unaccounted or view.unknown or view.check_errors or nothing)
