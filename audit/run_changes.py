"""How findings changed from one run to a later one: the comparison behind reports, notifications and ages.

Pure: the result depends only on a run and on what was open before it. A finding that the later run does not have is
fixed only where that run could have found it (`audit.visibility`); otherwise its state is not_evaluated,
with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.model import FindingLocation, Run
from audit.visibility import Doubt, RunCoverage
from checks.model import Finding, Severity, Status


class State(StrEnum):
    """The change of an open failure between two runs, most important first."""

    NEW = "new"
    WORSE = "worse"
    """Open in both, more severe now."""
    NOT_EVALUATED = "not_evaluated"
    """Open before; not evaluated now, so it may still exist."""
    STILL = "still"
    BETTER = "better"
    """Open in both, less severe now."""
    WAIVED = "waived"
    """Open before; waived now."""
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
    """Of UNSURE: why it cannot be determined."""

    @property
    def after(self) -> Severity | None:
        """Severity in the later run; None where it is not open."""
        return self.now.severity if self.now is not None and is_open(self.now) else None


def is_open(finding: Finding) -> bool:
    """Whether it is a failure without a waiver."""
    return finding.status is Status.FAIL and finding.waiver is None


def changes(
    open_before: Mapping[str, Severity], locations: Mapping[str, FindingLocation], run: Run
) -> dict[str, FindingChange]:
    """The change of each open failure by fingerprint; findings that are open neither before nor now are left out.

    *open_before*: severities of the open failures of the earlier run; *locations*: their locations, where known.
    """
    now = {finding.fingerprint: finding for finding in run.findings}
    coverage = RunCoverage(run)
    found = {}
    for fingerprint in {**open_before, **now}:
        change = _change(open_before.get(fingerprint), now.get(fingerprint), coverage, locations.get(fingerprint))
        if change is not None:
            found[fingerprint] = change
    return found


def not_evaluated(before: Mapping[str, FindingLocation | None], run: Run) -> dict[str, Doubt]:
    """The findings of an earlier run, by fingerprint, that *run* does not have although they may still exist."""
    now = {finding.fingerprint for finding in run.findings}
    coverage = RunCoverage(run)
    absent = {fingerprint: location for fingerprint, location in before.items() if fingerprint not in now}
    return {
        fingerprint: undetermined_reason
        for fingerprint, location in absent.items()
        if (undetermined_reason := coverage.undetermined_reason(location)) is not None
    }


def _change(
    was: Severity | None, now: Finding | None, coverage: RunCoverage, location: FindingLocation | None
) -> FindingChange | None:
    if now is not None and is_open(now):
        return FindingChange(State.NEW if was is None else _severity_change(was, now.severity), was, now)
    if was is None:
        return None
    if now is not None and now.status is Status.FAIL:
        return FindingChange(State.WAIVED, was, now)
    undetermined_reason = Doubt.UNKNOWN if now is not None else coverage.undetermined_reason(location)
    return FindingChange(
        State.FIXED if undetermined_reason is None else State.NOT_EVALUATED, was, now, undetermined_reason
    )


def _severity_change(was: Severity, now: Severity) -> State:
    if was is now:
        return State.STILL
    return State.WORSE if now.rank < was.rank else State.BETTER
