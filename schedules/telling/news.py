"""What is new in a run for those who heard of the schedule's run before: findings, evidence, verdict.

Everything is compared with the schedule's run before. What could not be looked at is never fixed, and what was open
before it could not be looked at is not new when it is seen again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from audit.model import Run, RunSummary
from audit.sight import spot_of
from checks.model import Finding, Gap, GapKind, RegistryId, Severity, Status
from reports.breakdown import is_open
from reports.history import Change, change_since
from reports.verdict import VerdictLevel
from reports.view import ReportView
from schedules.model import Facts
from schedules.telling.seen_again import seen_again

PASSING = frozenset((GapKind.THROTTLED, GapKind.TIMED_OUT, GapKind.UNREACHABLE))
"""Reasons that hit other registries every night: such gaps are compared by number, not by place."""

_FACTOR, _MORE = 2, 5
"""They are news where there are more than so many times, and so many more than, in the run before."""

_WHOLE = frozenset((GapKind.ROLE_MISSING, GapKind.REGION_DISABLED, GapKind.ACCOUNT_INACTIVE))
"""Reasons that hide all of an account or Region, whatever operation they name."""


@dataclass(frozen=True, slots=True)
class News:
    """What differs from the schedule's run before."""

    change: Change | None
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
    undecided: tuple[Finding, ...]
    """Undecided now, by a check that could decide everything at that place before."""
    broken: tuple[str, ...]
    """Checks that broke, and did not before."""
    lost: tuple[RegistryId, ...]
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


def news_of(run: Run, view: ReportView, facts: Facts) -> News:
    """What is new in *run*, of which *view* tells, against the run before that *facts* have."""
    past = _comparable(view, facts.before_view)
    change = None if _unheard(facts, past) else view.change or _change(run, past)
    marks = {finding.fingerprint: finding for finding in past.findings} if past is not None else {}
    new, again = _new(view, change, marks)
    change = _careful(change, again, run, view, marks) if change is not None else None
    fixed = change.fixed if change is not None else frozenset()
    return News(
        change=change,
        new=new,
        again=again,
        worse=tuple(one for one in view.findings if change is not None and one.fingerprint in change.worse),
        fixed_findings=tuple(one for mark, one in marks.items() if mark in fixed),
        unexcused=tuple(_unexcused(view, marks)),
        was_open={mark: one.severity for mark, one in marks.items() if is_open(one)},
        gaps=_new_gaps(run.gaps, past),
        gaps_over=_gaps_over(run.gaps, past),
        undecided=tuple(_new_undecided(run, view, past)),
        broken=tuple(_newly_broken(run, past)),
        lost=tuple(_newly_lost(run, past)),
        was_level=past.conclusion.level if past is not None else None,
        complete_again=past is not None and not _whole(past) and _whole(view) and run.evidence_complete,
    )


def _comparable(view: ReportView, before: ReportView | None) -> ReportView | None:
    """The run before, where it asked the same question."""
    return before if before is not None and before.scope == view.scope else None


def _unheard(facts: Facts, past: ReportView | None) -> bool:
    """Whether those who hear of the schedule have heard of no run yet, though somebody may have run one by hand."""
    return bool(facts.schedule) and past is None and not (facts.before and facts.before.run)


def _change(run: Run, past: ReportView | None) -> Change | None:
    """The change against *past*, where the view has none: more runs by hand lay between than a history goes back."""
    if past is None:
        return None
    open_ = {finding.fingerprint: finding.severity for finding in past.findings if is_open(finding)}
    spots = {finding.fingerprint: spot_of(finding) for finding in past.findings if is_open(finding)}
    began = past.trend[-1].started_at if past.trend else run.started_at
    return change_since(run, RunSummary("", began, evidence_complete=_whole(past), open=open_, spots=spots))


def _careful(
    change: Change, again: Iterable[Finding], run: Run, view: ReportView, marks: Mapping[str, Finding]
) -> Change:
    """*change* where neither a check that broke nor a run that judged nothing has fixed what it could not look at."""
    sound = {result.check for result in run.results if not result.error}
    doubtful = change.fixed
    if view.conclusion.level is not VerdictLevel.NOTHING:
        whole = len(sound) == len(run.results)
        doubtful = frozenset(
            mark for mark in change.fixed if not (marks[mark].check in sound if mark in marks else whole)
        )
    seen = frozenset(finding.fingerprint for finding in again)
    return replace(
        change,
        new=change.new - seen,
        still=change.still | seen,
        fixed=change.fixed - doubtful,
        unsure=change.unsure | doubtful,
    )


def _new(
    view: ReportView, change: Change | None, marks: Mapping[str, Finding]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """What is new, and what is seen again."""
    if change is None:
        return tuple(one for one in view.findings if is_open(one)), ()
    found = [one for one in view.findings if is_open(one) and one.fingerprint in change.new]
    again = seen_again(found, view, marks)
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
    return not (view.gaps or view.unaccounted or view.undecided or view.broken or nothing)
