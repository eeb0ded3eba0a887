"""Two runs side by side, finding by finding: what is new, still there, fixed, waived, or not to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.model import Run
from audit.sight import Sight, spot_of
from checks.model import Finding, Severity, Status


class State(StrEnum):
    """What became of an open failure between two runs, what matters most first."""

    NEW = "new"
    WORSE = "worse"
    """Open in both, more severe now."""
    UNSURE = "unsure"
    """Open before; now it could not be looked at, so it may still be there."""
    STILL = "still"
    BETTER = "better"
    """Open in both, less severe now."""
    WAIVED = "waived"
    """Open before; a waiver covers it now."""
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding and what became of it."""

    state: State
    finding: Finding
    """As the later run has it; where that has none, as the earlier one had it."""
    before: Severity | None
    """Severity in the earlier run; None where it was not open."""
    after: Severity | None
    """Severity in the later run; None where it is not open."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to another."""

    before: Run
    after: Run
    entries: tuple[Entry, ...]
    """By state, then severity, check, account, Region and resource."""
    remarks: tuple[str, ...]
    """Why the two may not be comparable."""

    @property
    def counts(self) -> Mapping[State, int]:
        """Entries by state, every state present."""
        counted = dict.fromkeys(State, 0)
        for entry in self.entries:
            counted[entry.state] += 1
        return counted


def compare(before: Run, after: Run) -> Comparison:
    """Open failures of two runs by fingerprint. Gone is fixed only where the later run could look."""
    was = {finding.fingerprint: finding for finding in before.findings if is_open(finding)}
    now = {finding.fingerprint: finding for finding in after.findings}
    sight = Sight(after)
    entries = [_entry(was.get(mark), now.get(mark), sight) for mark in {**was, **now}]
    found = [entry for entry in entries if entry is not None]
    return Comparison(before, after, tuple(sorted(found, key=_order)), tuple(_remarks(before, after)))


def state_of(was: Severity | None, now: Finding | None, *, looked: bool) -> State | None:
    """What became of a finding that was open with severity *was*; None where it was open neither then nor *now*.

    *looked*: whether the later run could look where it was; only there what is gone is fixed.
    """
    if now is not None and is_open(now):
        return State.NEW if was is None else _shift(was, now.severity)
    if was is None:
        return None
    if now is not None and now.status is Status.FAIL:
        return State.WAIVED
    return State.UNSURE if now is not None or not looked else State.FIXED


def _entry(was: Finding | None, now: Finding | None, sight: Sight) -> Entry | None:
    before = was.severity if was else None
    looked = was is not None and sight.reaches(spot_of(was))
    state, finding = state_of(before, now, looked=looked), now or was
    if state is None or finding is None:
        return None
    return Entry(state, finding, before, now.severity if now is not None and is_open(now) else None)


def _shift(was: Severity, now: Severity) -> State:
    if was is now:
        return State.STILL
    return State.WORSE if now.rank < was.rank else State.BETTER


def is_open(finding: Finding) -> bool:
    """Whether it is a failure that no waiver covers."""
    return finding.status is Status.FAIL and finding.waiver is None


def _order(entry: Entry) -> tuple[object, ...]:
    finding = entry.finding
    states = list(State)
    severity = entry.after or entry.before or finding.severity
    return (
        states.index(entry.state), severity.rank, finding.check, finding.account, finding.region, finding.resource,
        finding.fingerprint,
    )  # fmt: skip


def _remarks(before: Run, after: Run) -> Iterable[str]:
    if before.organization_id != after.organization_id or before.caller_account != after.caller_account:
        yield "The runs audited different organizations or began with different accounts."
    if before.scope != after.scope:
        yield "The runs have different scopes: what lies outside the later one reads as fixed."
    if before.baseline_hash != after.baseline_hash:
        yield "The runs used different baselines: some changes are changes of what is asked."
    if before.program_version != after.program_version:
        yield f"The runs were made by ecr-audit {before.program_version} and {after.program_version}."
    if before.started_at > after.started_at:
        yield "The first run is the later one: new and fixed are the other way round."
    checks = {result.check for result in before.results} ^ {result.check for result in after.results}
    if checks:
        yield f"Checks that only one of the runs has: {', '.join(sorted(checks))}."
