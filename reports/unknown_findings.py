"""Why results are unknown: UNKNOWN findings grouped by cause, each cause once with everything that it affects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from checks.model import Finding, GapKind, RegistryId, UnknownCause
from reports.breakdown import CheckView
from reports.gap_groups import gap_title
from reports.text import listed, number

NO_REASON = "No failed read explains these results; each finding says what is unknown"
"""The cause of findings that neither state a reason nor lie where a read failed."""
ROWS_FILE = "unknown_rows.parquet"
"""The file of a stored run with every unknown result as a row."""
NAMED = 20
"""Registries that a finding names in words."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason, wherever it holds."""

    reason: str
    places: tuple[str, ...]
    """`account/region`, sorted, each once: where the read failed that is the cause, else where the results lie."""
    count: int
    """Unknown results that follow from it: rows, not findings."""
    findings: int
    """Unknown findings in which these results are grouped."""
    checks: tuple[CheckView, ...]
    """Checks with such findings, in catalogue order."""


@dataclass(slots=True)
class _Group:
    places: set[RegistryId] = field(default_factory=set)
    checks: dict[str, CheckView] = field(default_factory=dict)
    operations: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    findings: int = 0


def causes_of(checks: Iterable[CheckView]) -> tuple[Cause, ...]:
    """The causes of all unknown findings, those with most results first. Every unknown finding is in exactly one.

    Failed reads of one kind are one cause; what rows state is one cause where it is the same.
    """
    groups: dict[GapKind | str, _Group] = defaultdict(_Group)
    for check in checks:
        for finding in check.unknown:
            cause = finding.cause or UnknownCause()
            group = groups[cause.kind or cause.reason]
            group.places.update(_places(finding))
            group.checks[check.text.id] = check
            if cause.kind:
                group.operations[cause.operation] += finding.rows
            group.rows += finding.rows
            group.findings += 1
    causes = [
        Cause(
            reason=_title(key, group.operations),
            places=tuple(filter(None, map(_place_text, sorted(group.places)))),
            count=group.rows,
            findings=group.findings,
            checks=(*group.checks.values(),),
        )
        for key, group in groups.items()
    ]
    return tuple(sorted(causes, key=lambda cause: (-cause.count, cause.reason)))


def cause_title(cause: UnknownCause) -> str:
    """*cause* as a report names it."""
    return _title(cause.kind or cause.reason, [cause.operation])


def _title(key: GapKind | str, operations: Iterable[str]) -> str:
    if isinstance(key, GapKind):
        return f"{gap_title(key)}: {listed(sorted(operations))}"
    return f"{key[:1].upper()}{key[1:]}" if key else NO_REASON


def _places(finding: Finding) -> Iterable[RegistryId]:
    group = finding.group
    if group is None:
        return (RegistryId(finding.account, finding.region),)
    return group.unread or (RegistryId(one.account, one.region) for one in group.registries)


def _place_text(place: RegistryId) -> str:
    return "/".join(filter(None, place))


def group_facts(finding: Finding) -> dict[str, str]:
    """The cause of an UNKNOWN finding and what it affects, name → text; empty for every other finding."""
    cause, group = finding.cause, finding.group
    if cause is None:
        return {}
    facts = {"cause": cause_title(cause)}
    if cause.permission:
        facts["missing permission"] = cause.permission
    if group is not None:
        facts["results"] = number(group.count)
        facts["registries"] = _bounded([f"{one.account}/{one.region} ({number(one.rows)})" for one in group.registries])
        if group.unread:
            facts["not read"] = _bounded([_place_text(one) for one in group.unread])
        facts["examples"] = "; ".join(group.examples)
        facts["every result"] = ROWS_FILE
    return facts


def _bounded(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {number(rest)} more" if rest > 0 else "")
