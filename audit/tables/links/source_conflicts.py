"""Columns of the `links` table about several sources of the same repository name in one destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.categorical import Codes
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import NO, YES, compact
from audit.tables.links.names import Link, LinkNames
from audit.tables.replication_graph import ReplicationGraph
from checks.baseline.requirements import shared_prefixes
from checks.model import RegistryId

LISTED = 20
"""Repositories that a row names."""


@dataclass(frozen=True, slots=True)
class SharedName:
    """What one link replicates and another source replicates to the same destination."""

    certain: bool
    """Whether the names certainly come from both sources and are not replicas of each other."""
    conflicts: frozenset[int]
    """The other sources, positions in `EvidenceIndex.universe`."""
    names: Codes
    """Positions in `RepositoryIndex.names`."""
    required_elsewhere: bool
    """Whether the baseline requires each of those names of every other source, and none of them of this one."""


@dataclass(frozen=True, slots=True)
class SourceConflicts:
    """The source conflicts of all links, and what is needed to exclude one."""

    index: EvidenceIndex
    names: LinkNames
    graph: ReplicationGraph
    shared_names: Mapping[Link, SharedName]
    incomplete: Mapping[RegistryId, Sequence[tuple[RegistryId, tuple[str, ...]]]]
    """Destination → sources that were not completely listed, with what they replicate there."""

    def columns(self, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
        """Which other sources replicate the repositories of *source* into *destination*."""
        shared = self.shared_names.get((source, destination))
        if shared is None:
            alone = self._is_alone(source, destination)
            return _columns(alone, (), (), required_elsewhere=False)
        names = [self.names.repository_index.names[at] for at in shared.names.tolist()]
        conflicts = sorted("/".join(self.index.universe[at]) for at in shared.conflicts)
        whole = len(names) == self._replicated(source, destination)
        return _columns(
            False if shared.certain else None,
            conflicts,
            names,
            required_elsewhere=shared.required_elsewhere and whole,
        )

    def _replicated(self, source: RegistryId, destination: RegistryId) -> int:
        replicated = (self.graph.out_of(source) or {}).get(destination, ())
        return sum(self.graph.names[source].count_under(prefix) for prefix in replicated)

    def _is_alone(self, source: RegistryId, destination: RegistryId) -> bool | None:
        """True where no other registry can replicate the same names; None where an unread one might."""
        outgoing = self.graph.out_of(source)
        if outgoing is None:
            return None
        replicated, own = outgoing.get(destination, ()), self.graph.names[source]
        others = [each for each, _ in self.incomplete.get(destination, ()) if each != source]
        if not own.complete:
            others = [each for each in self.index.sources if each != source]
        shared = [shared_prefixes(replicated, (self.graph.out_of(each) or {}).get(destination, ())) for each in others]
        if any(prefixes and own.exist_under(prefixes) is not False for prefixes in shared):
            return None
        possible_sources = [each for each in self.graph.unread.into(destination) if each != source]
        if possible_sources and not own.complete and replicated:
            return None
        unlisted = bool(replicated) and self.graph.unread.unlisted_into(destination)
        names = self.names.names_of_rules((source, destination)) if possible_sources or unlisted else ()
        if unlisted and (names or not own.complete):
            return None
        return None if any(self.graph.unread.may_send(name, destination) for name in names) else True


def _columns(
    alone: bool | None, conflicts: Sequence[str], names: Sequence[str], *, required_elsewhere: bool
) -> dict[str, Any]:
    return {
        "other_source_count": None if alone is None else len(conflicts),
        "other_sources": compact(list(conflicts)),
        "shared_repositories": compact(list(names[:LISTED])),
        "shared_repository_count": len(names),
        "other_sources_required": required_elsewhere,
    }


def find_source_conflicts(index: EvidenceIndex, names: LinkNames, graph: ReplicationGraph) -> SourceConflicts:
    """Group what is replicated by destination and name. Replicas with their own rules are not a second source."""
    incomplete: dict[RegistryId, list[tuple[RegistryId, tuple[str, ...]]]] = {}
    for source in index.sources:
        if not graph.names[source].complete:
            for destination, prefixes in (graph.out_of(source) or {}).items():
                incomplete.setdefault(destination, []).append((source, prefixes))
    return SourceConflicts(index, names, graph, _shared_names(index, names, graph), incomplete)


def _shared_names(index: EvidenceIndex, names: LinkNames, graph: ReplicationGraph) -> dict[Link, SharedName]:
    pairs, size = names.pairs, len(names.repository_index.names)
    rows = np.flatnonzero(pairs.matched == YES)
    arriving = pairs.destination[rows] * size + pairs.name[rows]
    rows = rows[~np.isin(pairs.source[rows] * size + pairs.name[rows], arriving)]
    place = pairs.destination[rows] * size + pairs.name[rows]
    _, group, counts = np.unique(place, return_inverse=True, return_counts=True)
    rows, group = rows[counts[group] > 1], group[counts[group] > 1]
    certain = ~_perhaps_replicas(index, names, graph, rows)
    required = pairs.expected[rows] == YES
    sources = _sources_of(group, pairs.source[rows])
    certain_in_group = np.bincount(group, weights=certain)
    others_required = np.bincount(group, weights=required)[group] - required == _counts(group) - 1
    settled = others_required & (pairs.expected[rows] == NO)
    conflicting = certain & (certain_in_group[group] > 1)
    return {
        link: SharedName(
            certain=bool(conflicting[at].any()),
            conflicts=frozenset().union(*{sources[each] for each in group[at].tolist()})
            - {int(pairs.source[rows[at[0]]])},
            names=np.sort(pairs.name[rows[at]]),
            required_elsewhere=bool(settled[at].all()),
        )
        for link, at in _by_link(index, pairs.source[rows], pairs.destination[rows])
    }


def _counts(group: Codes) -> Codes:
    """For each element the number of elements of its group."""
    counts: Codes = np.bincount(group)[group] if len(group) else group
    return counts


def _perhaps_replicas(
    index: EvidenceIndex, names: LinkNames, graph: ReplicationGraph, rows: Codes
) -> NDArray[np.bool_]:
    """Which source repositories may be replicas of a registry whose rules or repositories could not be read."""
    pairs = names.pairs
    sources = {at: index.universe[at] for at in np.unique(pairs.source[rows]).tolist()}
    arriving = {at: prefixes for at, source in sources.items() if (prefixes := graph.arriving_unlisted(source))}
    exposed = {at: source for at, source in sources.items() if graph.unread.into(source)}
    if not exposed and not arriving:
        return np.zeros(len(rows), dtype=np.bool_)

    def perhaps(at: int, name: str) -> bool:
        return name.startswith(arriving.get(at, ())) or (at in exposed and graph.unread.may_send(name, exposed[at]))

    texts = names.repository_index.names
    found = zip(pairs.source[rows].tolist(), pairs.name[rows].tolist(), strict=True)
    return np.array([perhaps(at, texts[name]) for at, name in found], dtype=np.bool_)


def _sources_of(group: Codes, source: Codes) -> dict[int, frozenset[int]]:
    """The sources of each group; equal sets are one object."""
    found: dict[int, list[int]] = {}
    for number, at in zip(group.tolist(), source.tolist(), strict=True):
        found.setdefault(number, []).append(at)
    shared: dict[frozenset[int], frozenset[int]] = {}
    return {number: shared.setdefault(one := frozenset(members), one) for number, members in found.items()}


def _by_link(index: EvidenceIndex, source: Codes, destination: Codes) -> Iterable[tuple[Link, Codes]]:
    """Positions of the elements of each link."""
    link = source * len(index.universe) + destination
    order = np.argsort(link, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(link[order])) + 1) if len(order) else ():
        yield (index.universe[source[at[0]]], index.universe[destination[at[0]]]), at
