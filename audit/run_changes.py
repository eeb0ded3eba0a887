"""What became of findings from one run to a later one: the one comparison behind reports, notifications and ages.

Pure: a run and what was open before it give the answer. What is gone is fixed only where the later run could have
seen it (`audit.visibility`); else it is unsure, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.model import FindingLocation, Run
from audit.visibility import Doubt, RunCoverage
from checks.model import Finding, Severity, Status


class State(StrEnum):
    """What became of an open failure between two runs, what matters most first."""

    NEW = "new"
    WORSE = "worse"
    """Open in both, more severe now."""
    UNSURE = "unsure"
    """Open before; not evaluated now, so it may still be there."""
    STILL = "still"
    BETTER = "better"
    """Open in both, less severe now."""
    WAIVED = "waived"
    """Open before; a waiver covers it now."""
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class FindingChange:
    """One finding that was open before, or is open now."""

    state: State
    before: Severity | None
    """Severity in the earlier run; None where it was not open."""
    now: Finding | None
    """As the later run has it, open or not; None where it has none."""
    reason: Doubt | None = None
    """Of UNSURE: why it cannot be told."""

    @property
    def after(self) -> Severity | None:
        """Severity in the later run; None where it is not open."""
        return self.now.severity if self.now is not None and is_open(self.now) else None


def is_open(finding: Finding) -> bool:
    """Whether it is a failure that no waiver covers."""
    return finding.status is Status.FAIL and finding.waiver is None


def changes(
    open_before: Mapping[str, Severity], locations: Mapping[str, FindingLocation], run: Run
) -> dict[str, FindingChange]:
    """What became of each open failure, by fingerprint; what is open neither before nor now is left out.

    *open_before*: severities of the open failures of the earlier run; *spots*: where they lie, as far as is known.
    """
    now = {finding.fingerprint: finding for finding in run.findings}
    sight = RunCoverage(run)
    found = {}
    for mark in {**open_before, **now}:
        change = _change(open_before.get(mark), now.get(mark), sight, locations.get(mark))
        if change is not None:
            found[mark] = change
    return found


def not_evaluated(before: Mapping[str, FindingLocation | None], run: Run) -> dict[str, Doubt]:
    """Those findings of an earlier run, by fingerprint, that *run* does not have although they may still be there."""
    now = {finding.fingerprint for finding in run.findings}
    sight = RunCoverage(run)
    gone = {mark: location for mark, location in before.items() if mark not in now}
    return {
        mark: undetermined_reason
        for mark, location in gone.items()
        if (undetermined_reason := sight.undetermined_reason(location)) is not None
    }


def _change(
    was: Severity | None, now: Finding | None, sight: RunCoverage, location: FindingLocation | None
) -> FindingChange | None:
    if now is not None and is_open(now):
        return FindingChange(State.NEW if was is None else _shift(was, now.severity), was, now)
    if was is None:
        return None
    if now is not None and now.status is Status.FAIL:
        return FindingChange(State.WAIVED, was, now)
    undetermined_reason = Doubt.UNKNOWN if now is not None else sight.undetermined_reason(location)
    return FindingChange(State.FIXED if undetermined_reason is None else State.UNSURE, was, now, undetermined_reason)


def _shift(was: Severity, now: Severity) -> State:
    if was is now:
        return State.STILL
    return State.WORSE if now.rank < was.rank else State.BETTER
