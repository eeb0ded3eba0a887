"""Columns of the `rules` table about redundancy: duplicates, and prefixes that others contain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.tables.documents import Rule
from audit.tables.frames import compact
from checks.baseline.requirements import is_covered

EXPLAINED = 5
"""Maximum number of prefixes with an explanation; the rest is counted."""
Replacements = Mapping[tuple[int, str], tuple[str, ...] | None]
"""(rule number, prefix) → its replacement by another check; None: a manual decision is needed."""


@dataclass(frozen=True, slots=True)
class Redundancy:
    """Redundancy among the rules of one registry."""

    same_as: Mapping[int, int]
    """Number of a rule → number of the first equal rule."""
    within: Mapping[tuple[int, str], tuple[int, str]]
    """(rule number, prefix) that is redundant → the one that contains it."""


def redundancy_of(rules: Sequence[Rule], replacements: Replacements) -> Redundancy:
    """Compare the *rules* of one registry with each other.

    Prefixes that another check replaces are compared after the replacement, so that both can be fixed at once. Each
    prefix is contained in a shorter one, one with more destinations, or an earlier one: never in a cycle.
    """
    first: dict[tuple[object, ...], int] = {}
    same_as: dict[int, int] = {}
    for rule in rules:
        if rule.destinations:
            earliest = first.setdefault(_meaning(rule), rule.number)
            if earliest != rule.number:
                same_as[rule.number] = earliest
    distinct = [rule for rule in rules if rule.destinations and rule.number not in same_as]
    by_prefix: dict[str, list[Rule]] = {}
    for rule in distinct:
        for prefix in dict.fromkeys(rule.prefixes):
            by_prefix.setdefault(prefix, []).append(rule)
    within: dict[tuple[int, str], tuple[int, str]] = {}
    for prefix, holders in by_prefix.items():
        for rule in holders:
            container = next(_containers(rule, prefix, by_prefix, replacements), None)
            if container is not None:
                within[rule.number, prefix] = container
    return Redundancy(same_as, within)


def _meaning(rule: Rule) -> tuple[object, ...]:
    return frozenset(rule.destinations), frozenset(rule.prefixes), rule.delete_replication


def _containers(
    rule: Rule, prefix: str, by_prefix: Mapping[str, Sequence[Rule]], replacements: Replacements
) -> Iterator[tuple[int, str]]:
    own = replacements.get((rule.number, prefix)) or (prefix,)
    for length in range(len(prefix) + 1):
        shorter = prefix[:length]
        for other in by_prefix.get(shorter, ()):
            kept = replacements.get((other.number, shorter), (shorter,)) or ()
            if _goes_along(rule, other, same_prefix=shorter == prefix) and all(is_covered(each, kept) for each in own):
                yield other.number, shorter


def _goes_along(rule: Rule, other: Rule, *, same_prefix: bool) -> bool:
    """Whether *other* replicates to all destinations of *rule*."""
    if other is rule:
        return not same_prefix
    here, there = set(rule.destinations), set(other.destinations)
    if not here <= there or rule.delete_replication is not other.delete_replication:
        return False
    return not same_prefix or here < there or other.number < rule.number


def duplicate_columns(rule: Rule, redundancy: Redundancy) -> dict[str, Any]:
    """Destinations and prefixes that the rule has twice, and an earlier equal rule."""
    same = redundancy.same_as.get(rule.number)
    found = [*([f"rule {same}"] if same else []), *rule.repeated]
    return {"duplicates": compact(found), "same_as_rule": str(same or "")}


def redundancy_columns(rule: Rule, redundancy: Redundancy) -> dict[str, Any]:
    """Redundant prefixes of the rule."""
    found = {p: redundancy.within[rule.number, p] for p in rule.prefixes if (rule.number, p) in redundancy.within}
    reasons = tuple(
        f"`{prefix}` is contained in "
        + (f"`{container}` of rule {number}" if container else f"rule {number}, which matches all repositories")
        if prefix
        else f"rule {number} matches all repositories too"
        for prefix, (number, container) in found.items()
    )
    more = len(reasons) - EXPLAINED
    return {
        "rule_distinct": bool(rule.destinations) and rule.number not in redundancy.same_as,
        "redundant_prefixes": compact(list(found)),
        "redundancy_reason": "; ".join(reasons[:EXPLAINED]) + (f"; and {more} more" if more > 0 else ""),
    }
