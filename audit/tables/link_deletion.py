"""Columns of the `links` table about rules that disagree on `deleteReplication`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from audit.tables.documents import Rule
from audit.tables.frames import compact
from audit.tables.known import Demand
from audit.tables.rule_deletion import deletion_columns
from checks.model import RegistryId
from checks.requirements import minimal_prefixes, shared_prefixes

_COLUMNS = (
    "delete_consistent", "delete_conflicting_rules", "delete_conflicting_prefixes", "delete_settled",
    "delete_differing_rules",
)  # fmt: skip


def deletion_conflict_columns(
    destination: RegistryId, rules: Sequence[Rule] | None, demands: Sequence[Demand]
) -> dict[str, Any]:
    """Whether *rules*, all of one registry, agree about what they copy to *destination*; None: they were not read."""
    if rules is None:
        return dict.fromkeys(_COLUMNS)
    conflicts = list(_conflicts(rules, destination))
    numbers = sorted({rule.number for first, second, _ in conflicts for rule in (first, second)})
    involved = [rule for rule in rules if rule.number in numbers]
    switches = _switches(rules, involved, demands)
    return {
        "delete_consistent": not conflicts,
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


def _switches(rules: Sequence[Rule], involved: Sequence[Rule], demands: Sequence[Demand]) -> Mapping[int, bool]:
    """Rules to switch, and how, so that all *involved* are as declared; none where that does not end the conflict."""
    columns = [deletion_columns(rule, demands) for rule in involved]
    expected = {column["delete_expected"] if column["delete_declared"] else "" for column in columns}
    if len(expected) != 1 or not expected <= {"on", "off"}:
        return {}
    wanted = expected == {"on"}
    switched = {rule.number: wanted for rule in involved if rule.delete_replication is not wanted}
    after = [replace(rule, delete_replication=switched.get(rule.number, rule.delete_replication)) for rule in rules]
    places = {pair for rule in involved for pair in rule.destinations}
    return {} if any(next(_conflicts(after, place), None) for place in places) else switched
