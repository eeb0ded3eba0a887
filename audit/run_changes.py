"""How findings changed from one run to a later one: the comparison behind reports, notifications and ages.

Pure: the result depends only on a run and on what was open before it. A finding that the later run does not have is
no longer required where the later run did not ask about it (`audit.questions`), and fixed only where that run could
have found it (`audit.visibility`); otherwise its state is not_evaluated, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.model import EarlierQuestion, FindingLocation, Run
from audit.questions import LaterQuestion, Unasked
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
    NO_LONGER_REQUIRED = "no_longer_required"
    """Open before; the later run did not ask about it: it may still exist."""
    FIXED = "fixed"
    """Open before; evaluated again under the same requirement, and no failure now."""


@dataclass(frozen=True, slots=True)
class FindingChange:
    """One finding that was open before, or is open now."""

    state: State
    before: Severity | None
    """Severity in the earlier run; None where it was not open."""
    now: Finding | None
    """As the later run has it, open or not; None where it has none of its own."""
    reason: Doubt | Unasked | None = None
    """Of NOT_EVALUATED: why it cannot be determined; of NO_LONGER_REQUIRED: why the later run did not ask."""

    @property
    def after(self) -> Severity | None:
        """Severity in the later run; None where it is not open."""
        return self.now.severity if self.now is not None and is_open(self.now) else None


def is_open(finding: Finding) -> bool:
    """Whether it is a failure without a waiver."""
    return finding.status is Status.FAIL and finding.waiver is None


def changes(
    open_before: Mapping[str, Severity],
    locations: Mapping[str, FindingLocation],
    run: Run,
    earlier: EarlierQuestion | None = None,
) -> dict[str, FindingChange]:
    """The change of each open failure by fingerprint; findings that are open neither before nor now are left out.

    *open_before*: severities of the open failures of the earlier run; *locations*: their locations, where known;
    *earlier*: what that run asked, None where it asked the same.
    """
    now = {finding.fingerprint: finding for finding in run.findings if finding.status is Status.FAIL}
    absent = _Absent(run, earlier)
    found = {}
    for fingerprint in {**open_before, **now}:
        was, finding = open_before.get(fingerprint), now.get(fingerprint)
        if finding is not None and is_open(finding):
            state = State.NEW if was is None else _severity_change(was, finding.severity)
            found[fingerprint] = FindingChange(state, was, finding)
        elif was is not None and finding is not None:
            found[fingerprint] = FindingChange(State.WAIVED, was, finding)
        elif was is not None:
            state, reason = absent.state_of(fingerprint, locations.get(fingerprint))
            found[fingerprint] = FindingChange(state, was, None, reason)
    return found


def absent_states(
    before: Mapping[str, FindingLocation | None], run: Run, earlier: EarlierQuestion | None = None
) -> dict[str, tuple[State, Doubt | Unasked | None]]:
    """What became of the findings of an earlier run, by fingerprint, that are no failure in *run*: fixed, no longer
    required or not evaluated, with the reason."""
    now = {finding.fingerprint for finding in run.findings if finding.status is not Status.UNKNOWN}
    absent = _Absent(run, earlier)
    return {
        fingerprint: absent.state_of(fingerprint, location)
        for fingerprint, location in before.items()
        if fingerprint not in now
    }


class _Absent:
    """What became of failures that a run does not have."""

    def __init__(self, run: Run, earlier: EarlierQuestion | None) -> None:
        self._coverage = RunCoverage(run)
        self._question = LaterQuestion(run, earlier)
        self._unknown = {mark for one in run.findings if one.status is Status.UNKNOWN for mark in one.row_fingerprints}

    def state_of(self, fingerprint: str, location: FindingLocation | None) -> tuple[State, Doubt | Unasked | None]:
        if (unasked := self._question.unasked(fingerprint, location)) is not None:
            return State.NO_LONGER_REQUIRED, unasked
        doubt = Doubt.UNKNOWN if fingerprint in self._unknown else self._coverage.undetermined_reason(location)
        if doubt is None and self._question.requirements_not_compared:
            doubt = Doubt.REQUIREMENTS
        return (State.FIXED, None) if doubt is None else (State.NOT_EVALUATED, doubt)


def _severity_change(was: Severity, now: Severity) -> State:
    if was is now:
        return State.STILL
    return State.WORSE if now.rank < was.rank else State.BETTER
