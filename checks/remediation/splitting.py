"""Proposals where a fix exceeds an AWS limit: the split, computed from the documents, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from checks.model import RegistryId
from checks.remediation.merge_result import AwsLimits
from checks.remediation.replication_rules import Rule, covers, deletes, destinations_of, prefixes_of, shortest

_LISTED = 8


def destinations_split(
    kept: Collection[RegistryId],
    moved: Mapping[RegistryId, Collection[str]],
    limits: AwsLimits,
    owner: RegistryId,
    room: Mapping[RegistryId, int],
) -> str:
    """Why not all destinations fit, and which of them need another source; arguments as for `keep_and_move`."""
    return (
        f"the registry would have {len({*kept, *moved})} unique destinations, AWS allows "
        f"{limits.destinations} and does "
        f"not raise this limit; split: {keep_and_move(kept, moved, owner, room)}"
    )


def keep_and_move(
    kept: Collection[RegistryId],
    moved: Mapping[RegistryId, Collection[str]],
    owner: RegistryId,
    room: Mapping[RegistryId, int],
) -> str:
    """Which destinations stay in the registry *owner* and which need another source.

    *moved* maps each destination beyond the limit to its prefixes; *room* maps other registries to the number of
    additional unique destinations that they could have.
    """
    fit = [place for place, free in room.items() if place != owner and free >= len(moved) and place not in moved]
    # The owner's own account in another Region first: its pipelines already push there.
    second = min(fit, key=lambda place: (place[0] != owner[0], -room[place], place), default=None)
    where = (
        f"for example {second[0]}/{second[1]}, which can have {room[second]} more"
        if second
        else "a registry in another Region or account; no audited registry has room for them"
    )
    return (
        f"keep {len(kept)} here ({_by_region(kept)}) and replicate to the others from a second source "
        f"registry ({where}), "
        "to which the images are also pushed, because replicated images are not replicated again: "
        f"{_listed(f'{place} ({_names(moved[place])})' for place in sorted(moved))}"
    )


def rules_split(rules: Sequence[Rule], limits: AwsLimits) -> str:
    """Which two rules could be merged with the fewest additional replicas, where there are too many."""
    cheapest = min(
        (
            (more, first, second)
            for (first, one), (second, other) in combinations(enumerate(rules), 2)
            if (more := _more_replicas(one, other, limits)) is not None
        ),
        key=lambda found: (len(found[0]), found[1:]),
        default=None,
    )
    offer = "move the destinations of some of them to a second source registry"
    if cheapest is not None:
        more, first, second = cheapest
        others = _listed(f"{name or 'everything'} to {account}/{region}" for (account, region), name in sorted(more))
        pair = (_rule_in_words(rules[first]), _rule_in_words(rules[second]))
        offer = f"merge {pair[0]} and {pair[1]} into one, which would also replicate {others}; or {offer}"
    return f"the registry would have {len(rules)} rules, AWS allows {limits.rules}; split: {offer}"


def shorter_prefixes(prefixes: Collection[str], most: int) -> str:
    """Which filters a shorter one could replace, so that *most* suffice."""
    groups = Counter(head for prefix in prefixes if (head := prefix[: prefix.find("/") + 1]) and head != prefix)
    chosen: list[str] = []
    left = len(prefixes)
    for head, count in sorted(groups.items(), key=lambda item: (-item[1], item[0])):
        if left <= most or count < 2:
            break
        chosen.append(f"{head!r} instead of {count} filters")
        left -= count - 1
    if not chosen or left > most:
        return "use shorter prefixes"
    return f"use {_listed(chosen)} with that beginning, which leaves {left} and also matches all other such names"


def _more_replicas(one: Rule, other: Rule, limits: AwsLimits) -> frozenset[tuple[RegistryId, str]] | None:
    """What a rule for both would also replicate; None where there can be no such rule."""
    if deletes(one) != deletes(other) or not destinations_of(one) or not destinations_of(other):
        return None
    names = shortest((*prefixes_of(one), *prefixes_of(other)))
    if len(names) > limits.filters:
        return None
    pairs = {*destinations_of(one), *destinations_of(other)}
    return frozenset((pair, name) for pair in pairs for name in names if not covers((one, other), pair, name))


def _rule_in_words(rule: Rule) -> str:
    pairs = _listed((f"{account}/{region}" for account, region in destinations_of(rule)), 2)
    return f"the rule for {_names(prefixes_of(rule))} to {pairs}"


def _names(prefixes: Iterable[str]) -> str:
    return _listed((f"{prefix}*" if prefix else "everything" for prefix in prefixes), 3)


def _by_region(pairs: Iterable[RegistryId]) -> str:
    regions: dict[str, list[str]] = {}
    for account, region in sorted(pairs):
        regions.setdefault(region, []).append(account)
    return "; ".join(f"{region}: {', '.join(accounts)}" for region, accounts in sorted(regions.items()))


def _listed(texts: Iterable[str], most: int = _LISTED) -> str:
    known = list(texts)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more
