"""Advice for registries near an AWS limit: computed from the documents, as manual steps.

Each function returns no step where the documents do not determine one, so that general advice can follow it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from checks.baseline import requirements
from checks.baseline.places import applies_to
from checks.model import Place, RegistryId, RemediationContext, Row
from checks.remediation import policy_text, replication
from checks.remediation.merge_result import AwsLimits, CannotApplyError
from checks.remediation.replication_rules import Rule, covers, deletes, destinations_of, prefixes_of, shortest
from checks.remediation.splitting import keep_and_move, rules_split, shorter_prefixes

_LISTED_AT_MOST = 8

if TYPE_CHECKING:
    from checks.baseline.sections import Sources


def for_destinations(row: Row, context: RemediationContext) -> tuple[str, ...]:
    """Which destinations a registry (a row of `registries`) could keep and which could move to another source."""
    owner, limit = RegistryId(row["account"], row["region"]), row.get("destinations_limit")
    try:
        rules = replication.parse(row.get("replication_configuration"))
    except CannotApplyError:
        return ()
    wanted: dict[RegistryId, dict[str, None]] = {}
    for rule in rules:
        for pair in destinations_of(rule):
            wanted.setdefault(pair, {}).update(dict.fromkeys(prefixes_of(rule)))
    for requirement in context.baseline.replication:
        if _asks(requirement.sources, row):
            for pair in requirements.destinations_of(requirement, owner[0]):
                if pair != owner:
                    prefixes = requirements.prefixes_of(requirement.sources)
                    wanted.setdefault(pair, {}).update(dict.fromkeys(prefixes))
    if limit is None or len(wanted) != row.get("destinations_needed") or len(wanted) <= limit:
        return ()
    kept = list(wanted)[: int(limit)]
    moved = {pair: tuple(names) for pair, names in wanted.items() if pair not in kept}
    room = {place: other.get("destination_headroom") for place, other in context.registries.items()}
    free = {place: int(count) for place, count in room.items() if count is not None and count > 0}
    return (f"One way to divide the {len(wanted)} destinations: {keep_and_move(kept, moved, owner, free)}.",)


def for_rules(row: Row, context: RemediationContext) -> tuple[str, ...]:
    """How to reduce the rules of a registry (a row of `registries`), if possible without replicating anything else."""
    try:
        rules = replication.parse(row.get("replication_configuration"))
    except CannotApplyError:
        return ()
    filters = context.baseline.limits.filters_per_rule.maximum
    fewer = replication.compacted(rules, AwsLimits(filters=filters))
    if len(fewer) == len(rules):
        split = rules_split(rules, AwsLimits(rules=len(rules) - 1, filters=filters)).partition("split: ")[2]
        return (
            f"No two of the {len(rules)} rules can be merged without a change. One way to have fewer rules: {split}.",
        )
    groups = [(rule, numbers) for rule in fewer if len(numbers := _within(rule, rules)) > 1]
    joined = "; ".join(f"rules {', '.join(map(str, numbers))} as {json.dumps(rule)}" for rule, numbers in groups)
    return (f"These {len(rules)} rules can be written as {len(fewer)}: {joined}; the others stay as they are.",)


def for_filters(row: Row, context: RemediationContext) -> tuple[str, ...]:
    """How to reduce the filters of a rule (a row of `rules`)."""
    if row.get("prefixes") is None or row.get("filters_limit") is None:
        return ()
    prefixes = json.loads(row["prefixes"])
    kept = shortest(prefixes)
    steps: list[str] = []
    if len(kept) < len(prefixes):
        gone = [prefix for prefix in dict.fromkeys(prefixes) if prefix not in kept]
        more = " …" if len(gone) > _LISTED_AT_MOST else ""
        steps.append(
            f"{len(prefixes) - len(kept)} filters begin with another one: {', '.join(gone[:_LISTED_AT_MOST])}{more}."
        )
    declared = context.baseline.limits.filters_per_rule
    most = int(row["filters_limit"]) * declared.warn_at_percent // 100 - 1
    if len(kept) > most and (offer := shorter_prefixes(kept, most)) != "use shorter prefixes":
        steps.append(f"To stay below {most + 1}: {offer}.")
    return tuple(steps)


def for_policy(row: Row, context: RemediationContext) -> tuple[str, ...]:
    """How to shorten the registry policy (a row of `registries`)."""
    try:
        policy = policy_text.parse(row.get("registry_policy"))
    except CannotApplyError:
        return ()
    if not policy.present:
        return ()
    compact, joined = policy_text.lengths(policy)
    limit = int(row.get("policy_characters_limit") or AwsLimits().policy_characters)
    steps = [f"Without whitespace the policy has {compact:,} characters; with merged statements as well, {joined:,}."]
    offers = policy_text.shorter(policy, min(limit, joined - 1), context.organization)
    return (*steps, *(f"Optional, and it grants more access: {offer}." for offer in offers))


def _asks(sources: Sources, row: Row) -> bool:
    """Whether *sources* names the registry for certain."""
    place = Place(row["account"], row["region"], row.get("account_name"), row.get("ou_path"))
    return applies_to(sources, place) is True


def _within(rule: Rule, rules: tuple[Rule, ...]) -> list[int]:
    """Numbers of the *rules* that *rule* fully includes."""
    return [
        number
        for number, one in enumerate(rules, start=1)
        if destinations_of(one)
        and deletes(one) == deletes(rule)
        and all(covers((rule,), pair, prefix) for pair in destinations_of(one) for prefix in prefixes_of(one))
    ]
