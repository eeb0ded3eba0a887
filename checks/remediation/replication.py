"""Changes of a registry's replication configuration, as a function of the document as audited.

The put replaces the whole document (ECR API reference, PutReplicationConfiguration), so every rule and every
``deleteReplication`` without a change is kept as it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from checks.changes import AddReplication, Change, NumberedChange, RemoveDestination
from checks.model import RegistryId
from checks.remediation.changes import distinct
from checks.remediation.merge_result import AwsLimits, CannotApplyError, Merged, Refusal, merge_one_by_one
from checks.remediation.replication_rules import (
    Rule,
    as_aws,
    as_filters,
    covers,
    deletes,
    destinations_of,
    prefixes_of,
    refuse_destinations,
    refuse_filters,
    shortest,
)
from checks.remediation.rule_edits import merge_numbered
from checks.remediation.splitting import destinations_split, rules_split, shorter_prefixes

_LISTED_DESTINATIONS = 100
"""Entries of one rule's list of destinations (ECR service model)."""


def parse(text: str | None) -> tuple[Rule, ...]:
    """The rules of a `replicationConfiguration` JSON text. Raises CannotApplyError where it was not read."""
    if text is None:
        raise CannotApplyError("the replication configuration could not be read, and a put would replace it as a whole")
    try:
        return tuple(json.loads(text or "{}").get("rules", []))
    except (ValueError, AttributeError) as problem:
        raise CannotApplyError(f"the replication configuration is not what AWS documents: {problem}") from None


def merge(
    rules: Sequence[Rule],
    changes: Iterable[Change],
    limits: AwsLimits,
    owner: RegistryId,
    room: Callable[[], Mapping[RegistryId, int]] = dict,
) -> Merged[tuple[Rule, ...]]:
    """The rules with every change that AWS would accept; the others refused, each with its reason.

    *owner* is the registry (account, Region) of these rules; *room* is the number of additional destinations that
    other registries could have, for proposals. Rule numbers refer to the document as audited, so changes with numbers
    come first; removals make room for additions; where a destination is both removed and added, the addition remains.
    """
    wanted = distinct(changes)
    removals = [change for change in wanted if isinstance(change, RemoveDestination)]
    unwanted = {RegistryId(change.destination_account, change.destination_region) for change in removals}
    numbered = merge_numbered(
        rules, [change for change in wanted if isinstance(change, NumberedChange)], limits, unwanted
    )
    present = _without_destinations(numbered.document, unwanted)
    additions = [change for change in wanted if isinstance(change, AddReplication)]

    def apply(document: tuple[Rule, ...], change: AddReplication) -> tuple[Rule, ...]:
        return _within(limits, _added(document, change, limits, owner))

    merged = merge_one_by_one(present, additions, apply)
    applied = (*numbered.applied, *removals, *merged.applied)
    refused = (*numbered.refused, *_with_split(merged, limits, owner, room))
    if not applied:
        return Merged(tuple(rules), (), refused)
    try:
        refuse_destinations((pair for rule in merged.document for pair in destinations_of(rule)), owner)
        return Merged(_within(limits, merged.document), applied, refused)
    except CannotApplyError as reason:
        left = tuple(Refusal(change, f"the existing rules prevent it: {reason}") for change in applied)
        return Merged(tuple(rules), (), (*refused, *left))


def _with_split(
    merged: Merged[tuple[Rule, ...]], limits: AwsLimits, owner: RegistryId, room: Callable[[], Mapping[RegistryId, int]]
) -> tuple[Refusal, ...]:
    """Refusals, with the same proposed split for all that exceed the unique destinations."""
    kept = {pair for rule in merged.document for pair in destinations_of(rule)}
    moved: dict[RegistryId, dict[str, None]] = {}
    beyond: list[Change] = []
    for refusal in merged.refused:
        if not isinstance(refusal.change, AddReplication):
            continue
        pairs = [RegistryId(one.account, one.region) for one in refusal.change.destinations]
        new = [pair for pair in pairs if pair not in kept]
        if len({*kept, *new}) > limits.destinations and owner not in pairs:
            beyond.append(refusal.change)
            for pair in new:
                moved.setdefault(pair, {}).update(dict.fromkeys(refusal.change.prefixes))
    reason = destinations_split(kept, moved, limits, owner, room()) if beyond else ""
    return tuple(Refusal(one.change, reason) if one.change in beyond else one for one in merged.refused)


def _added(rules: tuple[Rule, ...], change: AddReplication, limits: AwsLimits, owner: RegistryId) -> tuple[Rule, ...]:
    destinations = tuple(RegistryId(one.account, one.region) for one in change.destinations)
    refuse_destinations(destinations, owner)
    refuse_filters(change.prefixes)
    return _with_replicas(rules, destinations, change.prefixes, limits, delete=change.delete_replication)


def compacted(rules: Sequence[Rule], limits: AwsLimits) -> tuple[Rule, ...]:
    """Fewer rules that replicate the same names to the same destinations with the same deleteReplication."""
    kept: list[Rule] = []
    for rule in rules:
        for position, other in enumerate(kept):
            joined = _joined(other, rule, limits)
            if joined is not None:
                kept[position] = joined
                break
        else:
            kept.append(rule)
    return tuple(kept) if len(kept) == len(rules) else compacted(kept, limits)


def _without_destinations(rules: tuple[Rule, ...], gone: Collection[RegistryId]) -> tuple[Rule, ...]:
    kept: list[Rule] = []
    for rule in rules:
        left = [pair for pair in destinations_of(rule) if pair not in gone]
        if len(left) == len(destinations_of(rule)):
            kept.append(rule)
        elif left:
            kept.append({**rule, "destinations": as_aws(left)})
    return tuple(kept)


def _with_replicas(
    rules: tuple[Rule, ...],
    destinations: Sequence[RegistryId],
    prefixes: Sequence[str],
    limits: AwsLimits,
    *,
    delete: bool | None,
) -> tuple[Rule, ...]:
    """*rules* and what is missing of *destinations* x *prefixes*, in as few new rules as possible."""
    missing: dict[tuple[str, ...], list[RegistryId]] = {}
    for destination in dict.fromkeys(destinations):
        names = tuple(prefix for prefix in shortest(prefixes) if not covers(rules, destination, prefix))
        if names:
            missing.setdefault(names, []).append(destination)
    for names, pairs in missing.items():
        for start in range(0, len(names), limits.filters):
            rules = _joining(rules, _new_rule(pairs, names[start : start + limits.filters], delete=delete), limits)
    return rules


def _joining(rules: tuple[Rule, ...], new: Rule, limits: AwsLimits) -> tuple[Rule, ...]:
    """*rules* with *new* merged into the first rule that can include it, else at the end."""
    for position, rule in enumerate(rules):
        joined = _joined(rule, new, limits)
        if joined is not None:
            return (*rules[:position], joined, *rules[position + 1 :])
    return (*rules, new)


def _joined(first: Rule, second: Rule, limits: AwsLimits) -> Rule | None:
    """One rule that replicates what both do, or None where no single rule can."""
    known = {"destinations", "repositoryFilters", "deleteReplication"}
    if deletes(first) != deletes(second) or not known.issuperset({*first, *second}):
        return None
    if all(covers((first,), pair, prefix) for pair in destinations_of(second) for prefix in prefixes_of(second)):
        return first
    if set(prefixes_of(first)) == set(prefixes_of(second)):
        pairs = dict.fromkeys((*destinations_of(first), *destinations_of(second)))
        return {**first, "destinations": as_aws(pairs)}
    if set(destinations_of(first)) != set(destinations_of(second)) or "" in (*prefixes_of(first), *prefixes_of(second)):
        return None
    names = shortest((*prefixes_of(first), *prefixes_of(second)))
    return {**first, "repositoryFilters": as_filters(names)} if len(names) <= limits.filters else None


def _new_rule(destinations: Iterable[RegistryId], prefixes: Sequence[str], *, delete: bool | None) -> Rule:
    rule: dict[str, Any] = {"destinations": as_aws(destinations)}
    if tuple(prefixes) != ("",):
        rule["repositoryFilters"] = as_filters(prefixes)
    if delete is not None:
        rule["deleteReplication"] = {"enabled": delete}
    return rule


def _within(limits: AwsLimits, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """*rules*, compacted where there are too many. Raises CannotApplyError beyond the limits."""
    pairs = {pair for rule in rules for pair in destinations_of(rule)}
    if len(pairs) > limits.destinations:
        raise CannotApplyError(
            f"the registry would have {len(pairs)} unique destinations, AWS allows {limits.destinations} "
            "and does not raise "
            "this limit; first remove destinations that are not needed, or replicate to some from a "
            "second source registry"
        )
    for rule in rules:
        if len(prefixes_of(rule)) > limits.filters:
            raise CannotApplyError(
                f"a rule would have {len(prefixes_of(rule))} filters, AWS allows {limits.filters}; "
                f"split it, or {shorter_prefixes(prefixes_of(rule), limits.filters)}"
            )
        if len(rule["destinations"]) > _LISTED_DESTINATIONS:
            raise CannotApplyError(
                f"a rule would list {len(rule['destinations'])} destinations, AWS accepts {_LISTED_DESTINATIONS}; "
                "list each destination once"
            )
    if len(rules) > limits.rules:
        rules = compacted(rules, limits)
    if len(rules) > limits.rules:
        raise CannotApplyError(rules_split(rules, limits))
    return rules
