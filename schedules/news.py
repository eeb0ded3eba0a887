"""What is new in a run for those who heard of the schedule's run before: findings, evidence, verdict.

Everything is compared with the schedule's run before. What could not be looked at is never fixed, and what was open
before it could not be looked at is not new when it is seen again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from audit.model import Run, RunSummary
from checks.model import Finding, Gap, GapKind, Severity, Status
from reports.breakdown import is_open
from reports.gap_groups import place_of
from reports.history import Change, change_since
from reports.verdict import VerdictLevel
from reports.view import ReportView
from schedules.model import Facts

PASSING = frozenset((GapKind.THROTTLED, GapKind.TIMED_OUT, GapKind.UNREACHABLE))
"""Reasons that hit other registries every night: such gaps are compared by number, not by place."""

_WHOLE = frozenset((GapKind.ROLE_MISSING, GapKind.REGION_DISABLED, GapKind.ACCOUNT_INACTIVE))
"""Reasons that hide all of an account or Region, whatever operation they name."""


@dataclass(frozen=True, slots=True)
class News:
    """What differs from the schedule's run before."""

    first: bool
    """There is no run to compare with: everything counts as new."""
    since: str
    """When the run before began, in words; empty where that is not known."""
    new: tuple[Finding, ...]
    """Open now and not open before, worst first."""
    again: tuple[Finding, ...]
    """Open now, undecided in the run before, and known to be open from an earlier one: seen again, not new."""
    worse: tuple[Finding, ...]
    """Open in both, more severe now."""
    fixed: frozenset[str]
    """Fingerprints: open before, read again, and no failure now."""
    fixed_findings: tuple[Finding, ...]
    """The same as the run before had them, as far as that one is at hand."""
    waived: frozenset[str]
    unsure: frozenset[str]
    """Open before; it could not be looked at now."""
    unexcused: tuple[Finding, ...]
    """Undecided now, and covered by a waiver before that covers it no longer."""
    was_open: Mapping[str, Severity]
    """Open failures of the run before by fingerprint, as far as it is at hand."""
    gaps: tuple[Gap, ...]
    """Reads that failed and did not before."""
    undecided: tuple[Finding, ...]
    """Undecided now, by a check that could decide everything at that place before."""
    broken: tuple[str, ...]
    """Checks that broke, and did not before."""
    lost: tuple[str, ...]
    """Registries that are missing from the result without a reason, and were not before."""
    was_level: VerdictLevel | None
    """Verdict of the run before; None where that is not at hand."""
    complete_again: bool
    """Whether evidence was missing before, and none is now."""


def news_of(run: Run, view: ReportView, facts: Facts) -> News:
    """What is new in *run*, of which *view* tells, against the run before that *facts* have."""
    past = _comparable(view, facts.before_view)
    change = view.change if view.change is not None else _change(run, past)
    marks = {finding.fingerprint: finding for finding in past.findings} if past is not None else {}
    fixed, unsure = _gone(change, run, marks)
    new, again = _new(view, change, marks)
    gaps = _new_gaps(run.gaps, past)
    return News(
        first=change is None,
        since=change.since if change is not None else "",
        new=new,
        again=again,
        worse=tuple(one for one in view.findings if change is not None and one.fingerprint in change.worse),
        fixed=fixed,
        fixed_findings=tuple(one for mark, one in marks.items() if mark in fixed),
        waived=change.waived if change is not None else frozenset(),
        unsure=unsure,
        unexcused=tuple(_unexcused(view, marks)),
        was_open={mark: one.severity for mark, one in marks.items() if is_open(one)},
        gaps=gaps,
        undecided=tuple(_new_undecided(view, past)),
        broken=tuple(_newly_broken(run, past)),
        lost=tuple(_newly_lost(run, past)),
        was_level=past.conclusion.level if past is not None else None,
        complete_again=past is not None and not _whole(past) and _whole(view) and run.evidence_complete,
    )


def _comparable(view: ReportView, before: ReportView | None) -> ReportView | None:
    """The run before, where it asked the same question."""
    return before if before is not None and before.scope == view.scope else None


def _change(run: Run, past: ReportView | None) -> Change | None:
    """The change against *past*, where the view has none: more runs by hand lay between than a history goes back."""
    if past is None:
        return None
    open_ = {finding.fingerprint: finding.severity for finding in past.findings if is_open(finding)}
    began = past.trend[-1].started_at if past.trend else run.started_at
    return change_since(run, RunSummary("", began, evidence_complete=_whole(past), open=open_))


def _gone(change: Change | None, run: Run, marks: Mapping[str, Finding]) -> tuple[frozenset[str], frozenset[str]]:
    """What is fixed and what is not sure. A check that broke has looked at nothing, and neither has an empty run."""
    if change is None:
        return frozenset(), frozenset()
    broken = {result.check for result in run.results if result.error}
    judged = {result.check for result in run.results}
    doubtful = {
        mark
        for mark in change.fixed
        if (broken and mark not in marks) or (mark in marks and marks[mark].check not in judged - broken)
    }
    return change.fixed - doubtful, change.unsure | doubtful


def _new(
    view: ReportView, change: Change | None, marks: Mapping[str, Finding]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    found = [one for one in view.findings if is_open(one) and (change is None or one.fingerprint in change.new)]
    again = [one for one in found if change is not None and _known(one, view, marks.get(one.fingerprint))]
    known = {one.fingerprint for one in again}
    return tuple(one for one in found if one.fingerprint not in known), tuple(again)


def _known(finding: Finding, view: ReportView, before: Finding | None) -> bool:
    """Whether it was open before it was undecided: then it was told of, or it was covered by no waiver since."""
    if before is None or before.status is not Status.UNKNOWN or before.waiver is not None:
        return False
    age = view.ages.get(finding.fingerprint)
    return age is not None and age.runs > 1 and before.severity.at_least(finding.severity)


def _unexcused(view: ReportView, marks: Mapping[str, Finding]) -> Iterator[Finding]:
    for finding in view.findings:
        before = marks.get(finding.fingerprint)
        if finding.status is Status.UNKNOWN and finding.waiver is None and before and before.waiver is not None:
            yield finding


def _new_gaps(gaps: Iterable[Gap], past: ReportView | None) -> tuple[Gap, ...]:
    if past is None:
        return tuple(gaps)
    told: set[tuple[str, str]] = set()
    hidden: set[str] = set()
    passing: dict[GapKind, int] = {}
    for group in past.gap_groups:
        passing[group.kind] = group.count
        for row in group.rows:
            told.update((row.operation, place) for place in row.places)
            if group.kind in _WHOLE:
                hidden.update(place.partition(": ")[0] for place in row.places)
    all_gaps = tuple(gaps)
    found = tuple(gap for gap in all_gaps if not _was_missing(gap, told, hidden))
    many = {kind: sum(1 for gap in all_gaps if gap.kind is kind) for kind in PASSING}
    usual = {kind for kind in PASSING if passing.get(kind) and many[kind] <= 2 * passing[kind]}
    return tuple(gap for gap in found if gap.kind not in usual)


def _was_missing(gap: Gap, told: set[tuple[str, str]], hidden: set[str]) -> bool:
    where = {gap.account, f"{gap.account}/{gap.region}"} if gap.account else set()
    return (gap.operation, place_of(gap)) in told or bool(where & hidden)


def _new_undecided(view: ReportView, past: ReportView | None) -> Iterator[Finding]:
    """By check and place, so that a repository more in a registry that cannot be read is no news."""
    before = {_place(one) for one in past.findings if one.status is Status.UNKNOWN} if past is not None else set()
    for finding in view.findings:
        if finding.status is Status.UNKNOWN and finding.waiver is None and _place(finding) not in before:
            yield finding


def _place(finding: Finding) -> tuple[str, str, str]:
    return finding.check, finding.account, finding.region


def _newly_broken(run: Run, past: ReportView | None) -> Iterator[str]:
    before = {check.text.id for check in past.checks if check.error} if past is not None else set()
    return (result.check for result in run.results if result.error and result.check not in before)


def _newly_lost(run: Run, past: ReportView | None) -> Iterator[str]:
    before = " ".join(past.coverage) if past is not None else ""
    return (place for place in run.coverage.unaccounted if place not in before)


def _whole(view: ReportView) -> bool:
    """Whether nothing was missing and everything was decided."""
    nothing = view.conclusion.level is VerdictLevel.NOTHING
    missing = any("missing from the result" in sentence for sentence in view.coverage)
    return not (view.gap_groups or view.undecided or view.broken or nothing or missing)
