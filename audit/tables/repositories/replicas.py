"""Columns of the `repositories` table about replicas: the number of replicas of a repository, and whether it is one
itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.categorical import Categorical
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import NO, UNKNOWN, YES, Flags, compact, integers
from audit.tables.links.chains import grant_word
from audit.tables.links.endpoints import can_receive, may_copy
from audit.tables.replica_pairs import Pairs, segments
from audit.tables.replication_graph import ReplicationGraph
from audit.tables.repository_index import RepositoryIndex
from checks.baseline.places import applies_to
from checks.baseline.requirements import minimal_prefixes, prefixes_of
from checks.baseline.sections import Resilience
from checks.model import RegistryId

Apart = Callable[[RegistryId, RegistryId], bool]
_KINDS: dict[str, tuple[str, Apart]] = {
    "another_region": ("replicas_in_other_regions", lambda source, destination: source[1] != destination[1]),
    "another_account": ("replicas_in_other_accounts", lambda source, destination: source[0] != destination[0]),
}
"""Field of a resilience requirement, the column that counts its replicas, and when a replica counts."""


_TEXTS = ("required_by", "prefixes", "candidates")
"""Columns of JSON arrays behind each field, empty where nothing is required."""


class _Texts:
    """A long column with few distinct texts, written range by range."""

    def __init__(self, length: int) -> None:
        self._codes = np.zeros(length, dtype=np.int64)
        self._number = {"[]": 0}

    def put(self, run: slice, value: str) -> None:
        self._codes[run] = self._number.setdefault(value, len(self._number))

    def categorical(self) -> Categorical:
        return Categorical(self._codes, list(self._number))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the baseline requires of a range of repositories."""

    start: int
    stop: int
    """Rows of the repository index."""
    certain: bool
    names: tuple[str, ...]
    prefixes: tuple[str, ...]


def replica_columns(
    evidence_index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, graph: ReplicationGraph
) -> dict[str, Any]:
    """Whether each repository is a replica, and how many replicas it has of those that the baseline requires."""
    received = _received(evidence_index, repository_index, pairs, graph)
    columns: dict[str, Any] = {"receives_replicas": received}
    for field, (counted, apart) in _KINDS.items():
        replicas = _replica_counts(evidence_index, repository_index, pairs, apart)
        columns[counted] = integers(replicas, ~np.isnan(replicas))
        columns |= _resilience(evidence_index, repository_index, graph, field, replicas, received)
    return columns


def _received(
    evidence_index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, graph: ReplicationGraph
) -> Flags:
    """Whether a rule replicates a repository of the same name there."""
    received = np.full(len(repository_index.name), NO, dtype=np.int8)
    for at, registry in enumerate(evidence_index.universe):
        first, last = repository_index.range_of(at)
        if first < last:
            received[first:last] = _perhaps_received(repository_index, graph, registry, first, last)
    rows = pairs.destination_row[(pairs.matched == YES) & (pairs.destination_row >= 0)]
    received[rows] = YES
    return received


def _perhaps_received(
    repository_index: RepositoryIndex, graph: ReplicationGraph, registry: RegistryId, first: int, last: int
) -> Flags:
    """UNKNOWN where a registry that was not read completely, or an unknown account, might replicate the name there."""
    found = np.full(last - first, UNKNOWN if graph.unread.unlisted_into(registry) else NO, dtype=np.int8)
    possible_sources, open_prefixes = graph.unread.into(registry), graph.arriving_unlisted(registry)
    names = (
        [repository_index.names[at] for at in repository_index.name[first:last]]
        if possible_sources or open_prefixes
        else []
    )
    if possible_sources:
        found[np.array([graph.unread.may_send(name, registry) for name in names], dtype=np.bool_)] = UNKNOWN
    if open_prefixes:
        found[np.array([name.startswith(open_prefixes) for name in names], dtype=np.bool_)] = UNKNOWN
    return found


def _replica_counts(
    evidence_index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, apart: Apart
) -> NDArray[np.float64]:
    """Number of registries that rules replicate each repository to, that can receive it, and that meet *apart*.

    NaN where the number is 0 and the rules were not read.
    """
    unread = [
        evidence_index.rules[key].value is None if key in evidence_index.rules else True
        for key in evidence_index.universe
    ]
    rows = np.flatnonzero(pairs.matched == YES)
    link, case = np.unique(
        pairs.source[rows] * len(evidence_index.universe) + pairs.destination[rows], return_inverse=True
    )
    ends = [
        (
            evidence_index.universe[each // len(evidence_index.universe)],
            evidence_index.universe[each % len(evidence_index.universe)],
        )
        for each in link
    ]
    useful = np.array([apart(*each) and can_receive(evidence_index, *each) for each in ends], dtype=np.bool_)
    sources = pairs.source_row[rows[useful[case]]] if len(rows) else rows
    counts = np.bincount(sources, minlength=len(repository_index.name)).astype(np.float64)
    counts[(counts == 0) & np.array(unread, dtype=np.bool_)[repository_index.registry]] = np.nan
    return counts


def _resilience(
    evidence_index: EvidenceIndex,
    repository_index: RepositoryIndex,
    graph: ReplicationGraph,
    field: str,
    replicas: NDArray[np.float64],
    received: Flags,
) -> dict[str, Any]:
    """What the baseline requires of each repository by *field*; *replicas*: those that count, NaN where unknown."""
    required = np.full(len(repository_index.name), NO, dtype=np.int8)
    texts = {name: _Texts(len(repository_index.name)) for name in _TEXTS}
    for source in evidence_index.sources:
        for asked in _asked(
            evidence_index,
            repository_index,
            source,
            [each for each in evidence_index.baseline.resilience if getattr(each, field)],
        ):
            run = slice(asked.start, asked.stop)
            required[run] = YES if asked.certain else UNKNOWN
            texts["required_by"].put(run, compact(asked.names))
            texts["prefixes"].put(run, compact(asked.prefixes))
            if (replicas[run] == 0).any():
                found = _candidates(evidence_index, graph, source, asked.prefixes, _KINDS[field][1])
                texts["candidates"].put(run, compact(found))
    # A repository that is a replica itself is exempt: the requirement applies to its source.
    replica = (required != NO) & ~(replicas > 0)
    required[replica & (received == YES)] = NO
    required[replica & (received == UNKNOWN)] = UNKNOWN
    shown = {f"{field}_{name}": column.categorical().texts() for name, column in texts.items()}
    return {f"{field}_required": required, **shown}


def _asked(
    evidence_index: EvidenceIndex, repository_index: RepositoryIndex, source: RegistryId, entries: Sequence[Resilience]
) -> Iterator[_Asked]:
    """The repositories of *source* to which *entries* apply, range by range."""
    place = evidence_index.place(source)
    verdicts = [(each, applies_to(each.sources, place)) for each in entries]
    asking = [(each, verdict is True, prefixes_of(each.sources)) for each, verdict in verdicts if verdict is not False]
    if not asking:
        return
    first, last = repository_index.range_of(evidence_index.universe.index(source))
    names = [repository_index.names[at] for at in repository_index.name[first:last]]
    for start, stop in segments(names, [prefix for *_, prefixes in asking for prefix in prefixes]):
        here = [one for one in asking if names[start].startswith(one[2])]
        here = [one for one in here if one[1]] or here
        if here:
            wanted = minimal_prefixes(p for *_, prefixes in here for p in prefixes if names[start].startswith(p))
            yield _Asked(first + start, first + stop, here[0][1], tuple(each.name for each, *_ in here), wanted)


def _candidates(
    evidence_index: EvidenceIndex, graph: ReplicationGraph, source: RegistryId, prefixes: tuple[str, ...], apart: Apart
) -> list[dict[str, str]]:
    """Current destinations of *source* that would meet the requirement and that the baseline allows."""
    return [
        {"account": end[0], "region": end[1], "grant": grant_word(evidence_index, source, end, prefixes)}
        for end in sorted(graph.out_of(source) or ())
        if apart(source, end) and can_receive(evidence_index, source, end) and may_copy(evidence_index, source, end)
    ]
