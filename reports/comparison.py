"""Two runs side by side, finding by finding: new, still open, fixed, no longer required, waived, or not evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from audit.model import Run
from audit.questions import Difference, Unasked, asked_by, audited_by, compared_with, differences
from audit.run_changes import FindingChange, State, changes, is_open
from audit.visibility import Doubt, location_of
from checks.model import Finding, Severity
from reports.text import number


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
    reason: Doubt | Unasked | None = None
    """Why the later run cannot show whether it is fixed, or why it did not ask."""


@dataclass(frozen=True, slots=True)
class RunComparison:
    """What changed from one run to another."""

    before: Run
    after: Run
    entries: tuple[ComparedFinding, ...]
    """By state, then severity, check, account, Region and resource."""
    differences: tuple[Difference, ...] = ()
    """How the questions of the two runs differ."""
    remarks: tuple[str, ...] = ()
    """The same in sentences, the most important first."""

    @property
    def counts(self) -> Mapping[State, int]:
        """Entries by state, every state present."""
        counted = dict.fromkeys(State, 0)
        for entry in self.entries:
            counted[entry.state] += 1
        return counted


def compare(before: Run, after: Run, dropped: Set[str] | None = None) -> RunComparison:
    """Open failures of two runs by fingerprint. A failure that is gone is fixed only if the later run asked for it and
    evaluated it.

    *dropped*: fingerprints whose requirement is gone or changed, as `Store.dropped` knows them; None: not known.
    """
    was = {finding.fingerprint: finding for finding in before.findings if is_open(finding)}
    open_before = {mark: finding.severity for mark, finding in was.items()}
    locations = {mark: location_of(finding) for mark, finding in was.items()}
    found = changes(open_before, locations, after, compared_with(asked_by(before), after, dropped))
    entries = sorted((_entry(was.get(mark), change) for mark, change in found.items()), key=_order)
    differing = differences(before, after)
    return RunComparison(before, after, tuple(entries), differing, tuple(_remarks(before, after, differing)))


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


def _remarks(before: Run, after: Run, differing: Iterable[Difference]) -> Iterable[str]:
    for difference in differing:
        yield _REMARKS[difference](before, after)


def _checks_remark(before: Run, after: Run) -> str:
    earlier, later = ({result.check for result in run.results} for run in (before, after))
    left_out, added = sorted(earlier - later), sorted(later - earlier)
    parts = [f"{_some(left_out)} only in the first"] if left_out else []
    parts += [f"{_some(added)} only in the second"] if added else []
    return f"The runs evaluated different checks: {'; '.join(parts)}."


def _some(checks: list[str]) -> str:
    rest = len(checks) - _NAMED
    return ", ".join(checks[:_NAMED]) + (f" and {number(rest)} more" if rest > 0 else "")


_NAMED = 10
"""Checks that a remark names."""
_REMARKS: dict[Difference, Callable[[Run, Run], str]] = {
    Difference.ORGANIZATION: lambda before, after: (
        f"These runs asked different questions: the first audited {audited_by(before)}, the second "
        f"{audited_by(after)}. No finding of the first can be fixed in the second."
    ),
    Difference.SCOPE: lambda _before, _after: (
        "These runs asked different questions: they have different scopes. Findings outside the later scope are no "
        "longer required."
    ),
    Difference.CHECKS: _checks_remark,
    Difference.REQUIREMENTS: lambda _before, _after: (
        "These runs asked different questions: their requirements differ. Findings whose requirement is gone or "
        "changed are no longer required."
    ),
    Difference.ORDER: lambda _before, _after: "The first run started after the second: new and fixed are swapped.",
    Difference.VERSION: lambda before, after: (
        f"The runs used different versions of ecr-audit: {before.program_version} and {after.program_version}."
    ),
}
