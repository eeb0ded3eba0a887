"""Two runs side by side, finding by finding: new, still open, fixed, waived, or not evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.model import Run
from audit.run_changes import FindingChange, State, changes, is_open
from audit.visibility import Doubt, location_of
from checks.model import Finding, Severity


@dataclass(frozen=True, slots=True)
class ComparedFinding:
    """One finding and how it changed."""

    state: State
    finding: Finding
    """As the later run has it; where that has none, as the earlier one had it."""
    before: Severity | None
    """Severity in the earlier run; None where it was not open."""
    after: Severity | None
    """Severity in the later run; None where it is not open."""
    reason: Doubt | None = None
    """Of UNSURE: why the later run cannot show whether it is fixed."""


@dataclass(frozen=True, slots=True)
class RunComparison:
    """What changed from one run to another."""

    before: Run
    after: Run
    entries: tuple[ComparedFinding, ...]
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


def compare(before: Run, after: Run) -> RunComparison:
    """Open failures of two runs by fingerprint. A failure that is gone is fixed only if the later run evaluated it."""
    was = {finding.fingerprint: finding for finding in before.findings if is_open(finding)}
    open_before = {mark: finding.severity for mark, finding in was.items()}
    locations = {mark: location_of(finding) for mark, finding in was.items()}
    found = [_entry(was.get(mark), change) for mark, change in changes(open_before, locations, after).items()]
    return RunComparison(before, after, tuple(sorted(found, key=_order)), tuple(_remarks(before, after)))


def _entry(was: Finding | None, change: FindingChange) -> ComparedFinding:
    finding = change.now or was
    assert finding is not None  # a change has at least one side
    return ComparedFinding(change.state, finding, change.before, change.after, change.reason)


def _order(entry: ComparedFinding) -> tuple[object, ...]:
    finding = entry.finding
    states = list(State)
    severity = entry.after or entry.before or finding.severity
    return (
        states.index(entry.state), severity.rank, finding.check, finding.account, finding.region, finding.resource,
        finding.fingerprint,
    )  # fmt: skip


def _remarks(before: Run, after: Run) -> Iterable[str]:
    if before.organization_id != after.organization_id or before.caller_account != after.caller_account:
        yield "The runs audited different organizations or were started from different accounts."
    if before.scope != after.scope:
        yield "The runs have different scopes: findings outside the later scope appear as fixed."
    if before.baseline_hash != after.baseline_hash:
        yield "The runs used different baselines: some changes come from changed requirements."
    if before.program_version != after.program_version:
        yield f"The runs used different versions of ecr-audit: {before.program_version} and {after.program_version}."
    if before.started_at > after.started_at:
        yield "The first run started after the second: new and fixed are swapped."
    checks = {result.check for result in before.results} ^ {result.check for result in after.results}
    if checks:
        yield f"Checks that are in only one of the runs: {', '.join(sorted(checks))}."
