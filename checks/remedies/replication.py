"""Edits of a registry's replication configuration, as a function of the document that the audit saw.

The put replaces the whole document (ECR API reference, PutReplicationConfiguration), so every rule and every
``deleteReplication`` that no edit speaks of is carried over as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from checks.model import Edit
from checks.remedies.edits import distinct
from checks.remedies.outcome import CannotApplyError, Limits, Merged, merge_one_by_one

Rule = Mapping[str, Any]
Pair = tuple[str, str]
"""Account and Region of a destination."""

_ORDER = ("replication.set-delete", "replication.remove-destination", "replication.add")
"""Rule numbers refer to the document as seen, so they go first; removals make room for additions."""

_FILTER = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")
"""RepositoryFilterValue of the ECR service model."""


def parse(text: str | None) -> tuple[Rule, ...]:
    """The rules of a `replicationConfiguration` JSON text. Raises CannotApplyError where it was not read."""
    if text is None:
        raise CannotApplyError("the replication configuration could not be read, and a put would replace it unseen")
    try:
        return tuple(json.loads(text or "{}").get("rules", []))
    except (ValueError, AttributeError) as problem:
        raise CannotApplyError(f"the replication configuration is not what AWS documents: {problem}") from None


def merge(rules: Sequence[Rule], edits: Iterable[Edit], limits: Limits, owner: Pair) -> Merged[tuple[Rule, ...]]:
    """The rules with every edit applied that stays within *limits*; the others refused, each with its reason.

    *owner* is the registry (account, Region) whose rules these are. Where a rule is both removed and added,
    what was asked to be added is there in the end.
    """
    ordered = sorted(distinct(edits), key=lambda edit: _ORDER.index(edit.kind))

    def apply(present: tuple[Rule, ...], edit: Edit) -> tuple[Rule, ...]:
        changed = apply_edit(present, edit, limits, owner)
        return _within(limits, changed) if edit.kind == "replication.add" else changed

    return merge_one_by_one(tuple(rules), ordered, apply)


def apply_edit(rules: tuple[Rule, ...], edit: Edit, limits: Limits, owner: Pair) -> tuple[Rule, ...]:
    """The rules after one edit. Raises CannotApplyError where AWS has no such document."""
    arguments = edit.arguments
    if edit.kind == "replication.set-delete":
        return _with_delete(rules, arguments["rule"], enabled=arguments["enabled"])
    if edit.kind == "replication.remove-destination":
        return _without_destination(rules, (arguments["account"], arguments["region"]))
    destinations = tuple((item["account"], item["region"]) for item in arguments["destinations"])
    _refuse_impossible(destinations, arguments["prefixes"], owner)
    return _with_copies(rules, destinations, arguments["prefixes"], limits, delete=arguments.get("delete_replication"))


def destinations_of(rule: Rule) -> tuple[Pair, ...]:
    """Account and Region of each destination of *rule*, without repetitions."""
    return tuple(dict.fromkeys((item["registryId"], item["region"]) for item in rule.get("destinations", ())))


def prefixes_of(rule: Rule) -> tuple[str, ...]:
    """The prefixes that *rule* copies; an empty prefix for a rule without filters."""
    return tuple(item["filter"] for item in rule.get("repositoryFilters") or ()) or ("",)


def deletes(rule: Rule) -> bool:
    """Whether *rule* replicates deletions; a rule that does not say so does not."""
    return bool((rule.get("deleteReplication") or {}).get("enabled", False))


def covers(rules: Iterable[Rule], destination: Pair, prefix: str) -> bool:
    """Whether every name that begins with *prefix* is copied to *destination*."""
    return any(
        destination in destinations_of(rule) and any(prefix.startswith(start) for start in prefixes_of(rule))
        for rule in rules
    )


def compacted(rules: Sequence[Rule], limits: Limits) -> tuple[Rule, ...]:
    """Fewer rules that copy the same names to the same destinations with the same deleteReplication."""
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


def shortest(prefixes: Iterable[str]) -> tuple[str, ...]:
    """*prefixes* without those that another one covers, in the order given."""
    wanted = tuple(dict.fromkeys(prefixes))
    return tuple(
        prefix for prefix in wanted if not any(prefix != other and prefix.startswith(other) for other in wanted)
    )


def _refuse_impossible(destinations: Iterable[Pair], prefixes: Iterable[str], owner: Pair) -> None:
    for account, region in destinations:
        if (account, region) == owner:
            raise CannotApplyError(f"{account}/{region} is the registry itself, which AWS refuses as a destination")
        if not re.fullmatch(r"[0-9]{12}", account) or not re.fullmatch(r"[0-9a-z-]{2,25}", region):
            raise CannotApplyError(f"AWS takes no destination like {account}/{region}")
    for prefix in prefixes:
        if prefix and not (2 <= len(prefix) <= 256 and _FILTER.fullmatch(prefix)):
            raise CannotApplyError(f"AWS takes no filter like {prefix!r}: 2 to 256 characters of a repository name")


def _with_delete(rules: tuple[Rule, ...], number: int, *, enabled: bool) -> tuple[Rule, ...]:
    if number > len(rules):
        raise CannotApplyError(f"there is no rule {number}; the configuration has {len(rules)}")
    changed = {**rules[number - 1], "deleteReplication": {"enabled": enabled}}
    return (*rules[: number - 1], changed, *rules[number:])


def _without_destination(rules: tuple[Rule, ...], gone: Pair) -> tuple[Rule, ...]:
    kept: list[Rule] = []
    for rule in rules:
        if gone not in destinations_of(rule):
            kept.append(rule)
            continue
        destinations = [pair for pair in destinations_of(rule) if pair != gone]
        if destinations:
            kept.append({**rule, "destinations": _as_aws(destinations)})
    return tuple(kept)


def _with_copies(
    rules: tuple[Rule, ...],
    destinations: Sequence[Pair],
    prefixes: Sequence[str],
    limits: Limits,
    *,
    delete: bool | None,
) -> tuple[Rule, ...]:
    """*rules* and what is missing of *destinations* x *prefixes*, in as few new rules as possible."""
    missing: dict[tuple[str, ...], list[Pair]] = {}
    for destination in dict.fromkeys(destinations):
        names = tuple(prefix for prefix in shortest(prefixes) if not covers(rules, destination, prefix))
        if names:
            missing.setdefault(names, []).append(destination)
    for names, pairs in missing.items():
        for start in range(0, len(names), limits.filters):
            rules = _joining(rules, _new_rule(pairs, names[start : start + limits.filters], delete=delete), limits)
    return rules


def _joining(rules: tuple[Rule, ...], new: Rule, limits: Limits) -> tuple[Rule, ...]:
    """*rules* with *new* inside the first rule that can take it in, else at the end."""
    for position, rule in enumerate(rules):
        joined = _joined(rule, new, limits)
        if joined is not None:
            return (*rules[:position], joined, *rules[position + 1 :])
    return (*rules, new)


def _joined(first: Rule, second: Rule, limits: Limits) -> Rule | None:
    """One rule that does what both do, or None where no single rule can."""
    known = {"destinations", "repositoryFilters", "deleteReplication"}
    if deletes(first) != deletes(second) or not known.issuperset({*first, *second}):
        return None
    if all(covers((first,), pair, prefix) for pair in destinations_of(second) for prefix in prefixes_of(second)):
        return first
    if set(prefixes_of(first)) == set(prefixes_of(second)):
        pairs = dict.fromkeys((*destinations_of(first), *destinations_of(second)))
        return {**first, "destinations": _as_aws(pairs)}
    if set(destinations_of(first)) != set(destinations_of(second)) or "" in (*prefixes_of(first), *prefixes_of(second)):
        return None
    names = shortest((*prefixes_of(first), *prefixes_of(second)))
    return {**first, "repositoryFilters": _as_filters(names)} if len(names) <= limits.filters else None


def _new_rule(destinations: Iterable[Pair], prefixes: Sequence[str], *, delete: bool | None) -> Rule:
    rule: dict[str, Any] = {"destinations": _as_aws(destinations)}
    if tuple(prefixes) != ("",):
        rule["repositoryFilters"] = _as_filters(prefixes)
    if delete is not None:
        rule["deleteReplication"] = {"enabled": delete}
    return rule


def _as_aws(destinations: Iterable[Pair]) -> list[dict[str, str]]:
    return [{"region": region, "registryId": account} for account, region in destinations]


def _as_filters(prefixes: Iterable[str]) -> list[dict[str, str]]:
    return [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]


def _within(limits: Limits, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """*rules*, compacted where there are too many. Raises CannotApplyError beyond the limits."""
    pairs = {pair for rule in rules for pair in destinations_of(rule)}
    if len(pairs) > limits.destinations:
        raise CannotApplyError(
            f"it would make {len(pairs)} unique destinations, AWS allows {limits.destinations} and does not raise it; "
            f"split: keep {limits.destinations} here and replicate to the other {len(pairs) - limits.destinations} "
            "from a second source registry (another account or Region) that the images are pushed to as well"
        )
    if any(len(prefixes_of(rule)) > limits.filters for rule in rules):
        raise CannotApplyError(
            f"a rule would have more than {limits.filters} filters; split it, or use shorter prefixes"
        )
    if len(rules) > limits.rules:
        rules = compacted(rules, limits)
    if len(rules) > limits.rules:
        raise CannotApplyError(
            f"it would make {len(rules)} rules, AWS allows {limits.rules}; "
            "split: give destinations the same prefixes, so that they share a rule, or use a second source registry"
        )
    return rules
