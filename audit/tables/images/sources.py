"""The source repositories of each replica repository, and whether all of them are known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.categorical import Codes
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import UNKNOWN, YES
from audit.tables.replica_pairs import Pairs
from audit.tables.replication_graph import allowed_accounts
from audit.tables.repository_index import RepositoryIndex
from checks.model import RegistryId


@dataclass(frozen=True, slots=True)
class ReplicaSources:
    """Each array has one element per replica, about its replica repository and all sources that replicate into it."""

    repository: Codes
    """The same number for replicas with the same destination repository."""
    count: Codes
    """Number of source repositories that rules replicate into the replica repository."""
    first: NDArray[np.bool_]
    """Whether it is the first replica of a rule: findings about the replica repository are reported once, with it."""
    complete: NDArray[np.bool_]
    """Whether every registry that could replicate into the replica repository was read."""

    def counted(self, chosen: NDArray[np.bool_], pairs: Pairs) -> Codes:
        """For each replica, how many replicas of rules with the same replica repository are *chosen*."""
        counts = np.bincount(self.repository[chosen & (pairs.matched == YES)], minlength=len(self.repository))
        found: Codes = counts[self.repository]
        return found

    def all_of(self, chosen: NDArray[np.bool_], pairs: Pairs) -> NDArray[np.bool_]:
        """For each replica, whether all replicas of rules with the same replica repository are *chosen* and known."""
        result: NDArray[np.bool_] = self.complete & (self.counted(chosen, pairs) == self.count)
        return result


def replica_sources(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> ReplicaSources:
    """Group the replicas by replica repository."""
    repository = pd.factorize(pairs.destination * max(1, len(repository_index.names)) + pairs.name)[0].astype(np.int64)
    rows = np.flatnonzero(pairs.matched == YES)
    first = np.zeros(len(pairs), dtype=np.bool_)
    first[rows[np.unique(repository[rows], return_index=True)[1]]] = True
    doubtful = np.bincount(repository[pairs.matched == UNKNOWN], minlength=len(pairs))[repository] > 0
    return ReplicaSources(
        repository=repository,
        count=np.bincount(repository[rows], minlength=len(pairs))[repository],
        first=first,
        complete=_sources_known(index, pairs)[pairs.destination] & ~doubtful if len(pairs) else ~doubtful,
    )


def _sources_known(index: EvidenceIndex, pairs: Pairs) -> NDArray[np.bool_]:
    """For each registry of the universe that is a destination, whether all registries that could replicate into it were
    read."""
    regions: dict[str, list[RegistryId]] = defaultdict(list)
    for place, status in index.region_statuses.items():
        if status != "DISABLED":
            regions[place[0]].append(place)
    read = frozenset(account for account, places in regions.items() if all(_all_read(index, place) for place in places))
    # Only sources in scope have replicas in this table.
    elsewhere = {pair for key in index.rules if key not in index.in_scope for pair in index.replicates_to(key) or ()}
    result = np.zeros(len(index.universe), dtype=np.bool_)
    for at in np.unique(pairs.destination).tolist():
        registry = index.universe[at]
        allowed = allowed_accounts(index, registry)
        result[at] = allowed is not None and registry not in elsewhere and allowed <= read
    return result


def _all_read(index: EvidenceIndex, registry: RegistryId) -> bool:
    """Whether rules and repositories of *registry* are all known: an unread repository may be a source too."""
    part = index.parts.get(registry)
    return part is not None and part.registry.repositories_read and index.rules[registry].value is not None
