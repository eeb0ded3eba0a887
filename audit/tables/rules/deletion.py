"""Columns of the `rules` and `links` tables about `deleteReplication`: against the baseline, and between rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from audit.tables.documents import Rule
from audit.tables.evidence_index import AppliedRequirement
from audit.tables.frames import compact
from checks.baseline.requirements import minimal_prefixes, shared_prefixes
from checks.model import RegistryId, Severity


def deletion_columns(rule: Rule, applied_requirements: Iterable[AppliedRequirement]) -> dict[str, Any]:
    """What the baseline requires of `deleteReplication` for what *rule* replicates."""
    declared = [applied for applied in applied_requirements if applied.requirement.delete_replication is not None]
    speaking = [applied for applied in declared if _meet(rule, applied)]
    certain = [applied for applied in speaking if applied.certain]
    wanted = {applied.requirement.delete_replication for applied in certain or speaking}
    # A backup with deletion replication is lost with its source; a replica without it only costs storage.
    follows = rule.delete_replication and False in wanted
    return {
        "delete_replication_required": True if certain else None if speaking else False,
        "expected_delete_replication": " and ".join(switch(value) for value in (True, False) if value in wanted),
        "delete_replication_severity": (
            Severity.HIGH if follows else Severity.LOW if wanted - {rule.delete_replication} else ""
        ),
        "delete_replication_required_by": compact([applied.requirement.name for applied in certain or speaking]),
    }


def switch(value: bool | None) -> str:
    """`on` or `off`."""
    return "on" if value else "off"


def _meet(rule: Rule, applied: AppliedRequirement) -> bool:
    """Whether *rule* can replicate some repository to a destination of *applied*."""
    return bool(set(rule.destinations) & set(applied.destinations)) and bool(
        shared_prefixes(rule.prefixes, applied.prefixes)
    )


_COLUMNS = (
    "delete_conflicting_rules", "delete_conflicting_prefixes", "delete_settled", "delete_differing_rules",
)  # fmt: skip


def deletion_conflict_columns(
    destination: RegistryId, rules: Sequence[Rule] | None, applied_requirements: Sequence[AppliedRequirement]
) -> dict[str, Any]:
    """Where *rules*, all of one registry, disagree about deletions at *destination*; None: they were not read."""
    if rules is None:
        return dict.fromkeys(_COLUMNS)
    conflicts = list(_conflicts(rules, destination))
    numbers = sorted({rule.number for first, second, _ in conflicts for rule in (first, second)})
    involved = [rule for rule in rules if rule.number in numbers]
    switches = _switches(rules, involved, applied_requirements)
    return {
        "delete_conflicting_rules": compact(numbers),
        "delete_conflicting_prefixes": compact(
            minimal_prefixes(prefix for *_, shared in conflicts for prefix in shared)
        ),
        "delete_settled": "" if not switches else "on" if True in switches.values() else "off",
        "delete_differing_rules": compact(sorted(switches)),
    }


def _conflicts(rules: Sequence[Rule], destination: RegistryId) -> Iterator[tuple[Rule, Rule, tuple[str, ...]]]:
    there = [rule for rule in rules if destination in rule.destinations]
    for first, second in combinations(there, 2):
        shared = shared_prefixes(first.prefixes, second.prefixes)
        if shared and first.delete_replication is not second.delete_replication:
            yield first, second, shared


def _switches(
    rules: Sequence[Rule], involved: Sequence[Rule], applied_requirements: Sequence[AppliedRequirement]
) -> Mapping[int, bool]:
    """Rules to change, with new value, so that all *involved* match the baseline; empty where a conflict remains."""
    columns = [deletion_columns(rule, applied_requirements) for rule in involved]
    expected = {
        column["expected_delete_replication"] if column["delete_replication_required"] else "" for column in columns
    }
    if len(expected) != 1 or not expected <= {"on", "off"}:
        return {}
    wanted = expected == {"on"}
    switched = {rule.number: wanted for rule in involved if rule.delete_replication is not wanted}
    after = [replace(rule, delete_replication=switched.get(rule.number, rule.delete_replication)) for rule in rules]
    places = {pair for rule in involved for pair in rule.destinations}
    return {} if any(next(_conflicts(after, place), None) for place in places) else switched
