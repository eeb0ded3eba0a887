"""Source repository → destination registry: every pair that a rule matches or the baseline requires.

Names are sorted, so the names that begin with a prefix are contiguous, and the edges of these ranges cut the list into
segments of names that match the same prefixes. Rules are evaluated once per segment, not once per repository.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from audit.tables.categorical import Categorical, Codes
from audit.tables.documents import Rule
from audit.tables.evidence_index import AppliedRequirement, EvidenceIndex
from audit.tables.frames import UNKNOWN, Flags, compact, flag
from audit.tables.repository_index import RepositoryIndex, presence
from checks.model import RegistryId

_LAST = "\U0010ffff"
"""Sorts behind every character that a repository name can contain."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Each array has one element per replica, in the order of the table's key."""

    source: Codes
    """Source registry, position in `EvidenceIndex.universe`."""
    destination: Codes
    """Destination registry, likewise."""
    name: Codes
    """Position in `RepositoryIndex.names`."""
    source_row: Codes
    """Row of the source repository in `RepositoryIndex`."""
    destination_row: Codes
    """Row of the destination repository in `RepositoryIndex`; -1: absent or not read."""
    matched: Flags
    matching_rules: Codes
    """Number of rules that match; -1: they were not read."""
    expected: Flags
    required_by: Categorical
    delete_replication: Flags
    present: Flags
    """Whether the destination repository exists."""

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True, slots=True)
class Cell:
    """Values for all names of a segment and one destination."""

    matching_rules: int | None
    """None: the source's rules were not read."""
    expected: bool | None
    required_by: str
    delete_replication: bool | None


def segments(names: Sequence[str], prefixes: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Cut sorted *names* into runs `[start, stop)` in which every name begins with the same of *prefixes*."""
    edges = {0, len(names)}
    for prefix in set(prefixes):
        edges.add(bisect_left(names, prefix))
        edges.add(bisect_left(names, prefix + _LAST))
    return pairwise(sorted(edges))


def cells(
    name: str, rules: Sequence[Rule] | None, applied_requirements: Sequence[AppliedRequirement], source: RegistryId
) -> dict[RegistryId, Cell]:
    """Destinations of the repository *name*, by rule or by requirement; *rules* None: they were not read."""
    hits = [rule for rule in rules or () if name.startswith(rule.prefixes)]
    asks = [applied for applied in applied_requirements if name.startswith(applied.prefixes)]
    found = {pair for rule in hits for pair in rule.destinations} | {pair for ask in asks for pair in ask.destinations}
    return {pair: _cell(pair, None if rules is None else hits, asks) for pair in sorted(found - {source})}


def _cell(destination: RegistryId, hits: Sequence[Rule] | None, asks: Sequence[AppliedRequirement]) -> Cell:
    asking = [ask for ask in asks if destination in ask.destinations]
    copying = None if hits is None else [rule for rule in hits if destination in rule.destinations]
    return Cell(
        matching_rules=None if copying is None else len(copying),
        expected=is_expected(asking),
        required_by=names_of(asking),
        delete_replication=None if copying is None else any(rule.delete_replication for rule in copying),
    )


def is_expected(asking: Sequence[AppliedRequirement]) -> bool | None:
    """Whether one of the requirements certainly applies; None where some may."""
    if any(ask.certain for ask in asking):
        return True
    return None if asking else False


def names_of(asking: Sequence[AppliedRequirement]) -> str:
    """Names of the requirements, a JSON array: those that certainly apply, or else those that may apply."""
    certain = [ask for ask in asking if ask.certain] or asking
    return compact(list(dict.fromkeys(ask.requirement.name for ask in certain)))


@dataclass(slots=True)
class _Columns:
    """Pieces of the arrays of `Pairs`, one per segment, until they are joined."""

    rows: list[Codes]
    destinations: list[Codes]
    matching_rules: list[Codes]
    flags: list[Flags]
    required_by: list[Codes]
    texts: dict[str, int]

    def add(self, start: int, stop: int, number: dict[RegistryId, int], found: dict[RegistryId, Cell]) -> None:
        """Append the rows `start:stop` of the repository index for every destination in *found*."""
        count = stop - start
        self.rows.append(np.repeat(np.arange(start, stop, dtype=np.int64), len(found)))
        self.destinations.append(np.tile(np.array([number[pair] for pair in found], dtype=np.int64), count))
        matching = [UNKNOWN if cell.matching_rules is None else cell.matching_rules for cell in found.values()]
        self.matching_rules.append(np.tile(np.array(matching, dtype=np.int64), count))
        flags = [(flag(cell.expected), flag(cell.delete_replication)) for cell in found.values()]
        self.flags.append(np.tile(np.array(flags, dtype=np.int8).T, count))
        texts = [self.texts.setdefault(cell.required_by, len(self.texts)) for cell in found.values()]
        self.required_by.append(np.tile(np.array(texts, dtype=np.int64), count))


def build_replicas(index: EvidenceIndex, repository_index: RepositoryIndex) -> Pairs:
    """All replicas of the registries in scope whose repositories were read."""
    number = {registry: at for at, registry in enumerate(index.universe)}
    held = _Columns([], [], [], [], [], {})
    for source in index.sources:
        _add_source(held, index, repository_index, source, number)
    empty = np.empty(0, dtype=np.int64)
    rows = np.concatenate([empty, *held.rows])
    destination = np.concatenate([empty, *held.destinations])
    matching = np.concatenate([empty, *held.matching_rules])
    flags = np.concatenate([np.empty((2, 0), dtype=np.int8), *held.flags], axis=1)
    found = repository_index.find(destination, repository_index.name[rows])
    return Pairs(
        source=repository_index.registry[rows],
        destination=destination,
        name=repository_index.name[rows],
        source_row=rows,
        destination_row=found,
        matched=np.sign(matching).astype(np.int8),
        matching_rules=matching,
        expected=flags[0],
        required_by=Categorical(np.concatenate([empty, *held.required_by]), list(held.texts)),
        delete_replication=flags[1],
        present=presence(repository_index, destination, found),
    )


def _add_source(
    held: _Columns,
    index: EvidenceIndex,
    repository_index: RepositoryIndex,
    source: RegistryId,
    number: dict[RegistryId, int],
) -> None:
    rules, applied_requirements = index.rules[source].value, index.applied_requirements[source]
    if not rules and not applied_requirements:
        return
    first, last = repository_index.range_of(number[source])
    names = [repository_index.names[at] for at in repository_index.name[first:last]]
    prefixes = [p for rule in rules or () for p in rule.prefixes] + [
        p for ask in applied_requirements for p in ask.prefixes
    ]
    for start, stop in segments(names, prefixes):
        found = cells(names[start], rules, applied_requirements, source)
        if found:
            held.add(first + start, first + stop, number, found)
