"""The repositories of each link, and which of them do not exist at its destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.tables.categorical import Codes
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import NO, YES
from audit.tables.replica_pairs import Pairs
from audit.tables.repository_index import RepositoryIndex
from checks.model import RegistryId

Link = tuple[RegistryId, RegistryId]
"""Source registry, destination registry."""


@dataclass(frozen=True, slots=True)
class LinkNames:
    """Replicas grouped by link."""

    repository_index: RepositoryIndex
    pairs: Pairs
    rows: Codes
    """Positions in `pairs`, link by link."""
    ranges: dict[Link, tuple[int, int]]
    """The range of a link's replicas in `rows`."""
    complete: frozenset[RegistryId]
    """Registries whose list of repositories is complete."""

    def names(self, link: Link) -> list[str]:
        """Repositories of the source that the link replicates, or is required to replicate, sorted."""
        return self._names(self._rows(link))

    def names_of_rules(self, link: Link) -> list[str]:
        """Those of them that its rules match, sorted."""
        rows = self._rows(link)
        return self._names(rows[self.pairs.matched[rows] == YES])

    def absent(self, link: Link) -> list[str]:
        """Repositories of `names` that were not found at the destination, sorted."""
        rows = self._rows(link)
        return self._names(rows[self.pairs.destination_row[rows] < 0])

    def policies_at_destination(self, link: Link) -> dict[str, list[str]]:
        """Repository policy text → names of the replica repositories that have it, sorted; without unread and empty
        policies."""
        rows = self._rows(link)
        rows = rows[self.pairs.destination_row[rows] >= 0]
        column = self.repository_index.columns["repository_policy"]
        codes = column.codes[self.pairs.destination_row[rows]]
        return {
            text: sorted(self._names(rows[codes == at]))
            for at in np.unique(codes[codes >= 0]).tolist()
            if (text := column.values[at])
        }

    def absence_is_known(self, link: Link) -> bool:
        """Whether both lists of repositories are complete, so that `absent` is certain."""
        return link[0] in self.complete and link[1] in self.complete

    def _rows(self, link: Link) -> Codes:
        start, stop = self.ranges.get(link, (0, 0))
        return self.rows[start:stop]

    def _names(self, rows: Codes) -> list[str]:
        return [self.repository_index.names[at] for at in self.pairs.name[rows].tolist()]


def group_by_link(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> LinkNames:
    """Group the replicas of a rule or of a requirement of the baseline."""
    rows = np.flatnonzero((pairs.matched == YES) | (pairs.expected != NO))
    link = pairs.source[rows] * len(index.universe) + pairs.destination[rows]
    order = np.argsort(link, kind="stable")
    rows, link = rows[order], link[order]
    starts: Sequence[int] = np.flatnonzero(np.diff(link, prepend=-1)).tolist()
    stops = [*starts[1:], len(rows)]
    ranges = {
        (index.universe[pairs.source[rows[start]]], index.universe[pairs.destination[rows[start]]]): (start, stop)
        for start, stop in zip(starts, stops, strict=False)
    }
    complete = frozenset(key for key, part in index.parts.items() if part.registry.repositories_read)
    return LinkNames(repository_index, pairs, rows, ranges, complete)
