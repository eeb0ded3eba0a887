"""What changed in a run for those who were notified of the schedule's run before, and failures that are open again
and no news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from audit.model import Run, RunSummary
from audit.run_changes import is_open
from audit.visibility import location_of
from checks.model import Finding, Gap, GapKind, RegistryId, Severity, Status
from reports.history import ChangeSince, TrendPoint, change_since
from reports.verdict import VerdictLevel
from reports.view import ReportView
from schedules.notifications.model import NotificationContext

_FOUND = 2
"""Runs that must have found it before: one alone may have been somebody's own, of which nobody was told."""


def reappeared(found: Iterable[Finding], view: ReportView, before: Mapping[str, Finding]) -> tuple[Finding, ...]:
    """Those of *found*, open now and not open in the run before, that are no news.

    *before*: findings of the run before, by fingerprint. It must have had each as undecided, under no waiver, and at
    least as severe; runs before that must have found it, when as many failures of its severity, or worse ones, were
    open as are known from then: else some were waived then, or mattered less.
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
    """Whether as many failures were open in an earlier run as there are, of that severity, that were seen by then."""
    severe = frozenset(one for one in Severity if one.at_least(severity))
    open_then = sum(count for one, count in point.open.items() if one in severe)
    ages = (view.ages.get(one.fingerprint) for one in view.findings if one.severity in severe and is_open(one))
    return sum(1 for age in ages if age is not None and age.first_seen <= point.started_at) <= open_then


PASSING = frozenset((GapKind.THROTTLED, GapKind.TIMED_OUT, GapKind.UNREACHABLE))
"""Reasons that hit other registries every night: such gaps are compared by number, not by place."""

_FACTOR, _MORE = 2, 5
"""They are news where there are more than so many times, and so many more than, in the run before."""

_WHOLE = frozenset((GapKind.ROLE_MISSING, GapKind.REGION_DISABLED, GapKind.ACCOUNT_INACTIVE))
"""Reasons that hide all of an account or Region, whatever operation they name."""


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What differs from the schedule's run before."""

    change: ChangeSince | None
    """Against the run before; None where the schedule has none to compare with: then everything counts as new."""
    new: tuple[Finding, ...]
    """Open now and not open before, worst first."""
    again: tuple[Finding, ...]
    """Open now, undecided in the run before, and known to be open from an earlier one: seen again, not new."""
    worse: tuple[Finding, ...]
    """Open in both, more severe now."""
    fixed_findings: tuple[Finding, ...]
    """What is fixed, as the run before had it, as far as that one is at hand."""
    unexcused: tuple[Finding, ...]
    """Undecided now, and covered by a waiver before that covers it no longer."""
    was_open: Mapping[str, Severity]
    """Open failures of the run before by fingerprint, as far as it is at hand."""
    gaps: tuple[Gap, ...]
    """Reads that failed and did not before."""
    gaps_over: int
    """Reads that failed before in accounts where none fails now, those apart that fail somewhere every night."""
    unknown: tuple[Finding, ...]
    """Undecided now, by a check that could decide everything at that place before."""
    broken: tuple[str, ...]
    """Checks that broke, and did not before."""
    newly_unread: tuple[RegistryId, ...]
    """Registries that are missing from the result without a reason, and were not before."""
    was_level: VerdictLevel | None
    """Verdict of the run before; None where that is not at hand."""
    complete_again: bool
    """Whether evidence was missing before, and none is now."""

    @property
    def first(self) -> bool:
        """Whether there is no run to compare with."""
        return self.change is None

    @property
    def since(self) -> str:
        """When the run before began, in words; empty where there is none."""
        return self.change.since if self.change is not None else ""

    @property
    def fixed(self) -> frozenset[str]:
        """Fingerprints: open before, read again, and no failure now."""
        return self.change.fixed if self.change is not None else frozenset()

    @property
    def unsure(self) -> frozenset[str]:
        """Fingerprints: open before, and not to be looked at now."""
        return self.change.unsure if self.change is not None else frozenset()

    @property
    def waived(self) -> frozenset[str]:
        """Fingerprints: open before; a waiver covers it now."""
        return self.change.waived if self.change is not None else frozenset()


def run_changes(run: Run, view: ReportView, context: NotificationContext) -> RunChanges:
    """What is new in *run*, of which *view* tells, against the run before that *facts* have."""
    past = _comparable(view, context.before_view)
    change = None if _unheard(context, past) else view.change or _change(run, past)
    marks = {finding.fingerprint: finding for finding in past.findings} if past is not None else {}
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
        unknown=tuple(_new_undecided(run, view, past)),
        broken=tuple(_newly_broken(run, past)),
        newly_unread=tuple(_newly_lost(run, past)),
        was_level=past.conclusion.level if past is not None else None,
        complete_again=past is not None and not _whole(past) and _whole(view) and run.evidence_complete,
    )


def _comparable(view: ReportView, before: ReportView | None) -> ReportView | None:
    """The run before, where it asked the same question."""
    return before if before is not None and before.scope == view.scope else None


def _unheard(context: NotificationContext, past: ReportView | None) -> bool:
    """Whether those who hear of the schedule have heard of no run yet, though somebody may have run one by hand."""
    return bool(context.schedule) and past is None and not (context.before and context.before.run)


def _change(run: Run, past: ReportView | None) -> ChangeSince | None:
    """The change against *past*, where the view has none: more runs by hand lay between than a history goes back."""
    if past is None:
        return None
    open_ = {finding.fingerprint: finding.severity for finding in past.findings if is_open(finding)}
    locations = {finding.fingerprint: location_of(finding) for finding in past.findings if is_open(finding)}
    began = past.trend[-1].started_at if past.trend else run.started_at
    return change_since(run, RunSummary("", began, evidence_complete=_whole(past), open=open_, locations=locations))


def _without(change: ChangeSince, again: Iterable[Finding]) -> ChangeSince:
    """*change* where what is seen again is not new."""
    seen = frozenset(finding.fingerprint for finding in again)
    return replace(change, new=change.new - seen, still=change.still | seen)


def _new(
    view: ReportView, change: ChangeSince | None, marks: Mapping[str, Finding]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What is new, and what is seen again."""
    if change is None:
        return tuple(one for one in view.findings if is_open(one)), ()
    found = [one for one in view.findings if is_open(one) and one.fingerprint in change.new]
    again = reappeared(found, view, marks)
    known = {one.fingerprint for one in again}
    return tuple(one for one in found if one.fingerprint not in known), again


def _unexcused(view: ReportView, marks: Mapping[str, Finding]) -> Iterator[Finding]:
    for finding in view.findings:
        before = marks.get(finding.fingerprint)
        if finding.status is Status.UNKNOWN and finding.waiver is None and before and before.waiver is not None:
            yield finding


def _new_gaps(gaps: Iterable[Gap], past: ReportView | None) -> tuple[Gap, ...]:
    if past is None:
        return tuple(gaps)
    known = {_read(gap) for gap in past.gaps}
    hidden = {RegistryId(gap.account, gap.region) for gap in past.gaps if gap.kind in _WHOLE and gap.account}
    all_gaps = tuple(gaps)
    found = tuple(gap for gap in all_gaps if _read(gap) not in known and not hidden & _places(gap))
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
    """What was to be read: the operation, where, and of which thing."""
    return gap.operation, RegistryId(gap.account, gap.region), gap.resource


def _places(gap: Gap) -> set[RegistryId]:
    """The registry of a gap, and its account as a whole."""
    return {RegistryId(gap.account, gap.region), RegistryId(gap.account, "")}


def _new_undecided(run: Run, view: ReportView, past: ReportView | None) -> Iterator[Finding]:
    """By check and place, so that a repository more in a registry that cannot be read is no news.

    Where a read failed, that is what is told, or known: what follows from it is not told besides.
    """
    before = {_place(one) for one in past.findings if one.status is Status.UNKNOWN} if past is not None else set()
    unread = {(gap.account, gap.region) for gap in run.gaps if gap.account}
    for finding in view.findings:
        if finding.status is not Status.UNKNOWN or finding.waiver is not None or _place(finding) in before:
            continue
        if not any((account, region) in unread or (account, "") in unread for account, region in _sides(finding)):
            yield finding


def _sides(finding: Finding) -> Iterator[RegistryId]:
    """Every registry that a finding is about."""
    yield RegistryId(finding.account, finding.region)
    for side in ("source", "destination"):
        account, region = (str(finding.key.get(f"{side}_{part}", "")) for part in ("account", "region"))
        yield RegistryId(account, region)


def _place(finding: Finding) -> tuple[str, str, str]:
    return finding.check, finding.account, finding.region


def _newly_broken(run: Run, past: ReportView | None) -> Iterator[str]:
    before = {check.text.id for check in past.checks if check.error} if past is not None else set()
    return (result.check for result in run.results if result.error and result.check not in before)


def _newly_lost(run: Run, past: ReportView | None) -> Iterator[RegistryId]:
    before = frozenset(past.unaccounted) if past is not None else frozenset()
    return (registry for registry in run.coverage.unaccounted if registry not in before)


def _whole(view: ReportView) -> bool:
    """Whether nothing was missing and everything was decided."""
    nothing = view.conclusion.level is VerdictLevel.NOTHING
    return not (view.gaps or view.unaccounted or view.unknown or view.broken or nothing)
