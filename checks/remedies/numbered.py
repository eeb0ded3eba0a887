"""Edits that name one rule by its number in the replication configuration that the audit saw.

Several may speak of one rule: they compose where all can be had at once, and are refused together where not.
Numbers keep their meaning whatever the others do, because all of them are made to the document as seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.changes import NumberedChange, RemoveDuplicates, RemoveRule, ReplacePrefix, SetDeleteReplication
from checks.model import RegistryId
from checks.remedies.outcome import CannotApplyError, Limits, Merged, Refusal
from checks.remedies.rules import (
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
    """What an edit takes away without putting anything in its place."""

    edit: RemoveRule | ReplacePrefix
    pieces: frozenset[tuple[RegistryId, str]]


def merge_numbered(
    rules: Sequence[Rule], edits: Sequence[NumberedChange], limits: Limits, unwanted: Collection[RegistryId] = ()
) -> Merged[tuple[Rule, ...]]:
    """The rules with *edits* made; *unwanted* destinations are about to go, whoever copies to them.

    A part of a rule that is dropped may have been dropped because another part copies the same. Where an edit
    narrows that other part, nothing would copy it any more: then the dropping is refused, and the next audit tells
    whether it is still due.
    """
    refused: list[Refusal] = []
    left = list(edits)
    while True:
        made: list[tuple[Rule, ...]] = []
        found: list[Refusal] = []
        for number, rule in enumerate(rules, start=1):
            members = [edit for edit in left if edit.rule == number]
            after, against = _remade(rule, members, limits)
            made.append(after)
            found += against
        found += [
            Refusal(edit, f"there is no rule {edit.rule}; the configuration has {len(rules)}")
            for edit in left
            if edit.rule > len(rules)
        ]
        document = tuple(rule for several in made for rule in several)
        found = found or _lost(rules, document, left, unwanted)
        if not found:
            return Merged(document, tuple(left), tuple(refused))
        refused += found
        left = [edit for edit in left if all(edit is not one.edit for one in found)]


def _remade(rule: Rule, edits: Sequence[NumberedChange], limits: Limits) -> tuple[tuple[Rule, ...], list[Refusal]]:
    """What *rule* becomes: nothing, itself, or several where its filters need it; and the edits that contradict."""
    if not edits:
        return (rule,), []
    refused: list[Refusal] = []
    switches = [edit for edit in edits if isinstance(edit, SetDeleteReplication)]
    if len({edit.enabled for edit in switches}) > 1:
        reason = "one finding wants deleteReplication of this rule on, another wants it off; decide which"
        refused += [Refusal(edit, reason) for edit in switches]
        switches = []
    prefixes, against = _replaced(rule, [edit for edit in edits if isinstance(edit, ReplacePrefix)])
    refused += against
    if any(isinstance(edit, RemoveRule) for edit in edits) or prefixes == ():
        return (), refused
    changed = dict(rule)
    if any(isinstance(edit, RemoveDuplicates) for edit in edits):
        changed["destinations"] = as_aws(destinations_of(rule))
        prefixes = tuple(dict.fromkeys(prefixes_of(rule) if prefixes is None else prefixes))
    if switches:
        changed["deleteReplication"] = {"enabled": switches[0].enabled}
    if prefixes is None or prefixes == prefixes_of(rule):
        return (changed,), refused
    return _filtered(changed, prefixes, limits), refused


def _filtered(rule: Mapping[str, object], prefixes: tuple[str, ...], limits: Limits) -> tuple[Rule, ...]:
    """*rule* with these filters, as several rules where one would have too many."""
    bare = {name: value for name, value in rule.items() if name != "repositoryFilters"}
    if "" in prefixes:
        return (bare,)
    parts = [prefixes[start : start + limits.filters] for start in range(0, len(prefixes), limits.filters)]
    return tuple({**rule, "repositoryFilters": as_filters(part)} for part in parts)


def _replaced(rule: Rule, edits: Sequence[ReplacePrefix]) -> tuple[tuple[str, ...] | None, list[Refusal]]:
    """The prefixes of *rule* afterwards, None where nothing is to be replaced; and the edits that cannot be made."""
    present = prefixes_of(rule)
    refused: list[Refusal] = []
    new: dict[str, tuple[str, ...]] = {}
    for prefix in dict.fromkeys(edit.prefix for edit in edits):
        members = [edit for edit in edits if edit.prefix == prefix]
        try:
            if prefix not in present:
                raise CannotApplyError(f"rule {members[0].rule} has no filter {prefix!r}")
            new[prefix] = _agreed(prefix, [tuple(edit.replacements) for edit in members])
        except CannotApplyError as reason:
            refused += [Refusal(edit, str(reason)) for edit in members]
    if not new:
        return None, refused
    after = dict.fromkeys(one for prefix in present for one in new.get(prefix, (prefix,)))
    return tuple(after), refused


def _agreed(prefix: str, wishes: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What shall stand in place of *prefix*: where several narrow it, what is left by all of them."""
    for wish in wishes:
        refuse_filters(wish)
    agreed = tuple(dict.fromkeys(wishes[0]))
    for wish in wishes[1:]:
        if set(wish) == set(agreed):
            continue
        if not all(one.startswith(prefix) for one in (*agreed, *wish)):
            raise CannotApplyError(
                f"two findings want different filters in place of {prefix!r}; mend one, audit again, then the other"
            )
        agreed = shortest(
            max(one, other, key=len)
            for one in agreed
            for other in wish
            if one.startswith(other) or other.startswith(one)
        )
    return agreed


def _lost(
    rules: Sequence[Rule], document: Sequence[Rule], edits: Iterable[NumberedChange], unwanted: Collection[RegistryId]
) -> list[Refusal]:
    """Refusals of edits that drop what another part copied when the audit looked, and none copies afterwards."""
    found: list[Refusal] = []
    for dropped in filter(None, (_dropped(rules, edit) for edit in edits)):
        others = _without(rules, dropped.edit)
        lost = sorted(
            (pair, prefix)
            for pair, prefix in dropped.pieces
            if pair not in unwanted and covers(others, pair, prefix) and not covers(document, pair, prefix)
        )
        if lost:
            (account, region), prefix = lost[0]
            found.append(
                Refusal(
                    dropped.edit,
                    f"other fixes narrow the rule that copies {prefix + '*' if prefix else 'everything'} to "
                    f"{account}/{region} as well, and then nothing would; make those, then audit again",
                )
            )
    return found


def _dropped(rules: Sequence[Rule], edit: NumberedChange) -> _Dropped | None:
    if not isinstance(edit, RemoveRule | ReplacePrefix) or (isinstance(edit, ReplacePrefix) and edit.replacements):
        return None
    rule = rules[edit.rule - 1]
    prefixes = prefixes_of(rule) if isinstance(edit, RemoveRule) else (edit.prefix,)
    return _Dropped(edit, frozenset((pair, prefix) for pair in destinations_of(rule) for prefix in prefixes))


def _without(rules: Sequence[Rule], edit: RemoveRule | ReplacePrefix) -> tuple[Rule, ...]:
    """*rules* as if *edit*, which drops something, were all that is done."""
    position = edit.rule - 1
    rule = rules[position]
    left = () if isinstance(edit, RemoveRule) else (edit.prefix,)
    kept = [prefix for prefix in prefixes_of(rule) if left and prefix not in left]
    changed = ({**rule, "repositoryFilters": as_filters(kept)},) if kept else ()
    return (*rules[:position], *changed, *rules[position + 1 :])
