"""Changes of one rule, by its number in the replication configuration as audited.

Several may change one rule: they are combined where they agree, and refused together where not.
Numbers keep their meaning whatever the others do, because all of them apply to the document as audited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.changes import NumberedChange, RemoveDuplicates, RemoveRule, ReplacePrefix, SetDeleteReplication
from checks.model import RegistryId
from checks.remediation.merge_result import AwsLimits, CannotApplyError, Merged, Refusal
from checks.remediation.replication_rules import (
    Rule,
    as_aws,
    as_filters,
    covers,
    destinations_of,
    prefixes_of,
    refuse_filters,
    shortest,
)


@dataclass(frozen=True, slots=True)
class _Dropped:
    """What a change removes without a replacement."""

    change: RemoveRule | ReplacePrefix
    pieces: frozenset[tuple[RegistryId, str]]


def merge_numbered(
    rules: Sequence[Rule], changes: Sequence[NumberedChange], limits: AwsLimits, unwanted: Collection[RegistryId] = ()
) -> Merged[tuple[Rule, ...]]:
    """The rules with *edits* made; *unwanted* destinations are about to be removed from every rule.

    A part of a rule may be removed because another part replicates the same. Where a change narrows that other part,
    nothing would replicate it any more: then the removal is refused, and the next audit determines whether it is still
    required.
    """
    refused: list[Refusal] = []
    left = list(changes)
    while True:
        made: list[tuple[Rule, ...]] = []
        found: list[Refusal] = []
        for number, rule in enumerate(rules, start=1):
            members = [change for change in left if change.rule == number]
            after, against = _remade(rule, members, limits)
            made.append(after)
            found += against
        found += [
            Refusal(change, f"there is no rule {change.rule}; the configuration has {len(rules)} rules")
            for change in left
            if change.rule > len(rules)
        ]
        document = tuple(rule for several in made for rule in several)
        found = found or _lost(rules, document, left, unwanted)
        if not found:
            return Merged(document, tuple(left), tuple(refused))
        refused += found
        left = [change for change in left if all(change is not one.change for one in found)]


def _remade(rule: Rule, changes: Sequence[NumberedChange], limits: AwsLimits) -> tuple[tuple[Rule, ...], list[Refusal]]:
    """The rules that replace *rule*: none, itself, or several where its filters need it; and conflicting changes."""
    if not changes:
        return (rule,), []
    refused: list[Refusal] = []
    switches = [change for change in changes if isinstance(change, SetDeleteReplication)]
    if len({change.enabled for change in switches}) > 1:
        reason = "one finding requires deleteReplication of this rule on, another one off; decide which"
        refused += [Refusal(change, reason) for change in switches]
        switches = []
    prefixes, against = _replaced(rule, [change for change in changes if isinstance(change, ReplacePrefix)])
    refused += against
    if any(isinstance(change, RemoveRule) for change in changes) or prefixes == ():
        return (), refused
    changed = dict(rule)
    if any(isinstance(change, RemoveDuplicates) for change in changes):
        changed["destinations"] = as_aws(destinations_of(rule))
        prefixes = tuple(dict.fromkeys(prefixes_of(rule) if prefixes is None else prefixes))
    if switches:
        changed["deleteReplication"] = {"enabled": switches[0].enabled}
    if prefixes is None or prefixes == prefixes_of(rule):
        return (changed,), refused
    return _filtered(changed, prefixes, limits), refused


def _filtered(rule: Mapping[str, object], prefixes: tuple[str, ...], limits: AwsLimits) -> tuple[Rule, ...]:
    """*rule* with these filters, as several rules where one would have too many."""
    bare = {name: value for name, value in rule.items() if name != "repositoryFilters"}
    if "" in prefixes:
        return (bare,)
    parts = [prefixes[start : start + limits.filters] for start in range(0, len(prefixes), limits.filters)]
    return tuple({**rule, "repositoryFilters": as_filters(part)} for part in parts)


def _replaced(rule: Rule, changes: Sequence[ReplacePrefix]) -> tuple[tuple[str, ...] | None, list[Refusal]]:
    """The new prefixes of *rule*, None where none is to be replaced; and the changes that cannot be made."""
    present = prefixes_of(rule)
    refused: list[Refusal] = []
    new: dict[str, tuple[str, ...]] = {}
    for prefix in dict.fromkeys(change.prefix for change in changes):
        members = [change for change in changes if change.prefix == prefix]
        try:
            if prefix not in present:
                raise CannotApplyError(f"rule {members[0].rule} has no filter {prefix!r}")
            new[prefix] = _agreed(prefix, [tuple(change.replacements) for change in members])
        except CannotApplyError as reason:
            refused += [Refusal(change, str(reason)) for change in members]
    if not new:
        return None, refused
    after = dict.fromkeys(one for prefix in present for one in new.get(prefix, (prefix,)))
    return tuple(after), refused


def _agreed(prefix: str, requests: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The replacements of *prefix*: where several changes narrow it, what all of them leave."""
    for request in requests:
        refuse_filters(request)
    agreed = tuple(dict.fromkeys(requests[0]))
    for request in requests[1:]:
        if set(request) == set(agreed):
            continue
        if not all(one.startswith(prefix) for one in (*agreed, *request)):
            raise CannotApplyError(
                f"two findings require different filters instead of {prefix!r}; fix one, audit again, "
                "then fix the other"
            )
        agreed = shortest(
            max(one, other, key=len)
            for one in agreed
            for other in request
            if one.startswith(other) or other.startswith(one)
        )
    return agreed


def _lost(
    rules: Sequence[Rule], document: Sequence[Rule], changes: Iterable[NumberedChange], unwanted: Collection[RegistryId]
) -> list[Refusal]:
    """Refusals of changes that remove what another part replicated as audited, and none replicates afterwards."""
    found: list[Refusal] = []
    for dropped in filter(None, (_dropped(rules, change) for change in changes)):
        others = _without(rules, dropped.change)
        lost = sorted(
            (pair, prefix)
            for pair, prefix in dropped.pieces
            if pair not in unwanted and covers(others, pair, prefix) and not covers(document, pair, prefix)
        )
        if lost:
            (account, region), prefix = lost[0]
            found.append(
                Refusal(
                    dropped.change,
                    f"other fixes narrow the rule that also replicates {prefix + '*' if prefix else 'everything'} to "
                    f"{account}/{region}, so no rule would replicate it; make those first, then audit again",
                )
            )
    return found


def _dropped(rules: Sequence[Rule], change: NumberedChange) -> _Dropped | None:
    if not isinstance(change, RemoveRule | ReplacePrefix) or (
        isinstance(change, ReplacePrefix) and change.replacements
    ):
        return None
    rule = rules[change.rule - 1]
    prefixes = prefixes_of(rule) if isinstance(change, RemoveRule) else (change.prefix,)
    return _Dropped(change, frozenset((pair, prefix) for pair in destinations_of(rule) for prefix in prefixes))


def _without(rules: Sequence[Rule], change: RemoveRule | ReplacePrefix) -> tuple[Rule, ...]:
    """*rules* as if *edit*, which removes something, were the only change."""
    position = change.rule - 1
    rule = rules[position]
    left = () if isinstance(change, RemoveRule) else (change.prefix,)
    kept = [prefix for prefix in prefixes_of(rule) if left and prefix not in left]
    changed = ({**rule, "repositoryFilters": as_filters(kept)},) if kept else ()
    return (*rules[:position], *changed, *rules[position + 1 :])
