"""The settings that a baseline requires of one repository at one place, merged from the entries that apply to it.

One rule of precedence, field by field: the entry with the longest matching prefix of the name applies; of equal
prefixes the one with the narrowest place: an account id, then a name of accounts, then the deepest organizational unit,
then everywhere; each with Regions before without. Of equal ones the later entry applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from checks.baseline.places import Rank, applies_to, highest_rank, rank_of
from checks.model import Place

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline
    from checks.baseline.sections import Settings

_SCOPE = frozenset({"repositories", "accounts", "account_names", "ous", "regions"})
"""Fields of an entry that say where it applies."""

_Order = tuple[int, Rank, int]
"""Length of the matching prefix, rank of the place, number of the entry: the highest applies."""


def merged_settings(baseline: Baseline, repository: str, place: Place) -> Settings:
    """What the baseline requires of a replica called *repository* in the registry *place*; None or empty: not required.

    A field of an entry replaces that of others of lower precedence, `null` included; tags are merged key by key; a tag
    mutability comes with its own exclusions. What depends on an unknown name or unit of the account is in
    `undetermined`. Equal results are one object, so callers can cache by identity.
    """
    return _looked_up(_Entries(baseline.settings), repository, place)


def merged_source_settings(baseline: Baseline, repository: str, place: Place) -> Settings:
    """What the baseline requires of a repository at *place* that is replicated, as `merged_settings` has it."""
    return _looked_up(_Entries(baseline.source_settings), repository, place)


def settings_group(entries: Sequence[Settings], place: Place) -> object:
    """Equal for places to which the same of *entries* apply in the same order: such places have the same settings."""
    return _applying(_Entries(entries), place)


def prefixes_of_settings(entries: Iterable[Settings]) -> tuple[str, ...]:
    """Every prefix that one of *entries* names: names between two of them have the same settings at one place."""
    return tuple(sorted({prefix for entry in entries for prefix in entry.repositories}))


class _Entries:
    """Entries as cache key, by identity, since models with mappings have no hash."""

    __slots__ = ("entries",)

    def __init__(self, entries: Sequence[Settings]) -> None:
        self.entries = entries

    def __hash__(self) -> int:
        return id(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Entries) and other.entries is self.entries


@dataclass(frozen=True, slots=True)
class _Applying:
    """The entries that apply at a place, by number, with their rank there."""

    certain: tuple[tuple[int, Rank], ...]
    perhaps: tuple[tuple[int, Rank], ...]
    """Those for which it is unknown, with the highest rank that they may have."""


def _looked_up(entries: _Entries, repository: str, place: Place) -> Settings:
    lengths, by_prefix = _settings_index(entries, _applying(entries, place))
    for length in lengths:
        settings = by_prefix.get(repository[:length])
        if settings is not None:
            return settings
    return by_prefix[""]


@lru_cache(maxsize=65_536)
def _applying(key: _Entries, place: Place) -> _Applying:
    certain, perhaps = [], []
    for number, entry in enumerate(key.entries):
        applies = applies_to(entry, place)
        if applies:
            certain.append((number, rank_of(entry, place)))
        elif applies is None:
            perhaps.append((number, highest_rank(entry)))
    return _Applying(tuple(certain), tuple(perhaps))


@lru_cache(maxsize=1_024)
def _settings_index(key: _Entries, applying: _Applying) -> tuple[tuple[int, ...], Mapping[str, Settings]]:
    """Prefix lengths, longest first, and the merged settings for each declared prefix.

    The longest declared prefix of a name decides which entries match it: all its own prefixes match the name too.
    """
    entries = key.entries
    numbers = [number for number, _ in (*applying.certain, *applying.perhaps)]
    prefixes = {"", *(prefix for number in numbers for prefix in entries[number].repositories)}
    merged = {}
    for prefix in prefixes:
        certain = sorted(_matching(entries, applying.certain, prefix))
        perhaps = sorted(_matching(entries, applying.perhaps, prefix))
        merged[prefix] = _merge(entries, certain, perhaps)
    return tuple(sorted({len(prefix) for prefix in prefixes} - {0}, reverse=True)), merged


def _matching(entries: Sequence[Settings], applying: Iterable[tuple[int, Rank]], prefix: str) -> Iterator[_Order]:
    """Those of *applying* that match every name that begins with *prefix*."""
    for number, rank in applying:
        lengths = [len(own) for own in entries[number].repositories or ("",) if prefix.startswith(own)]
        if lengths:
            yield max(lengths), rank, number


def _merge(entries: Sequence[Settings], certain: list[_Order], perhaps: list[_Order]) -> Settings:
    """The merged settings of *certain*, the one with the highest precedence last."""
    from checks.baseline.sections import Settings  # here, so importing this module does not import pydantic

    fields: dict[str, Any] = {}
    tags: dict[str, str] = {}
    decided: dict[str, _Order] = {}
    for order in certain:
        entry = entries[order[2]]
        written = {field: getattr(entry, field) for field in entry.model_fields_set - _SCOPE - {"tags"}}
        if "tag_mutability" in written:
            fields.pop("mutability_exclusions", None)
        fields |= written
        tags |= entry.tags
        decided |= dict.fromkeys(written, order) | {f"tags.{key}": order for key in entry.tags}
    merged = Settings.model_construct(**fields, tags=tags)
    undetermined = {field for order in perhaps for field in _differing(entries[order[2]], order, merged, decided)}
    return merged.with_undetermined(frozenset(undetermined))


def _differing(entry: Settings, order: _Order, merged: Settings, decided: Mapping[str, _Order]) -> Iterator[str]:
    """Fields of *merged* that would be others if *entry*, which may apply with at most the precedence *order*, does."""
    lowest = (-1, (0, 0, 0), -1)
    for field in entry.model_fields_set - _SCOPE - {"tags", "mutability_exclusions"}:
        names = ("tag_mutability", "mutability_exclusions") if field == "tag_mutability" else (field,)
        same = all(getattr(entry, name) == getattr(merged, name) for name in names)
        if not same and order > decided.get(field, lowest):
            yield field
    if any(merged.tags.get(key) != value and order > decided.get(f"tags.{key}", lowest)
           for key, value in entry.tags.items()):  # fmt: skip
        yield "tags"
