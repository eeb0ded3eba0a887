"""Every repository that was read, in long columns, and the repository names of each registry."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.evidence import REPOSITORY_COLUMNS
from audit.tables.categorical import Categorical, Codes, encode
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import UNKNOWN, Flags, flag
from checks.model import RegistryId

_CATEGORICAL = (
    "tag_mutability", "mutability_exclusions", "encryption_type", "kms_key", "repository_policy", "lifecycle_policy",
    "tags", "scan_frequency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RepositoryIndex:
    """Repositories sorted by registry and name. Positions are row numbers."""

    registry: Codes
    """Position in `EvidenceIndex.universe`."""
    name: Codes
    """Position in `names`."""
    names: Sequence[str]
    """Distinct repository names, sorted."""
    offsets: Codes
    """Repositories of registry *r* are the rows `offsets[r]:offsets[r + 1]`."""
    key: Codes
    """Registry and name as one number, ascending."""
    created_at: NDArray[np.float64]
    image_count: NDArray[np.float64]
    """ACTIVE images; NaN where images were not read."""
    detailed: Flags
    columns: dict[str, Categorical]
    """Text columns of the evidence by name."""
    listed: NDArray[np.bool_]
    """For each registry of the universe, whether its list of repositories is complete."""

    def range_of(self, registry: int) -> tuple[int, int]:
        """First and one-past-last row of a registry."""
        return int(self.offsets[registry]), int(self.offsets[registry + 1])

    def find(self, registry: Codes, name: Codes) -> Codes:
        """Rows of repositories by registry and name; -1 where absent or not read."""
        if not len(self.name):
            return np.full(len(name), -1, dtype=np.int64)
        wanted = np.where(name < 0, -1, registry * len(self.names) + name)
        at = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[at] == wanted, at, -1)


def index_repositories(index: EvidenceIndex) -> RepositoryIndex:
    """Collect the repositories of every registry that was read."""
    number = {registry: at for at, registry in enumerate(index.universe)}
    columns = {name: _gathered(index, name) for name in REPOSITORY_COLUMNS if name not in ("account", "region")}
    sizes = [len(part.repositories["repository"]) for part in index.parts.values()]
    registry = np.repeat(np.array([number[key] for key in index.parts], dtype=np.int64), sizes)
    name, names = _sorted_codes(columns["repository"])
    order = np.lexsort((name, registry))
    # A list that changes while its pages are read can contain a repository twice.
    again = (np.diff(registry[order], prepend=-1) == 0) & (np.diff(name[order], prepend=-1) == 0)
    order = order[~again]
    listed = [record.repositories_read if (record := index.registry(key)) else False for key in index.universe]
    return RepositoryIndex(
        registry=registry[order],
        name=name[order],
        key=registry[order] * len(names) + name[order],
        names=names,
        offsets=np.searchsorted(registry[order], np.arange(len(index.universe) + 1)),
        created_at=np.array(columns["created_at"], dtype=np.float64)[order],
        image_count=np.array(columns["image_count"], dtype=np.float64)[order],
        detailed=np.array([flag(value) for value in columns["detailed"]], dtype=np.int8)[order],
        columns={column: encode(columns[column]).take(order) for column in _CATEGORICAL},
        listed=np.array(listed, dtype=np.bool_),
    )


def _gathered(index: EvidenceIndex, column: str) -> list[Any]:
    return list(chain.from_iterable(part.repositories[column] for part in index.parts.values()))


def _sorted_codes(texts: list[str]) -> tuple[Codes, list[str]]:
    """Codes whose order is the order of the texts."""
    categorical = encode(texts)
    order = sorted(range(len(categorical.values)), key=categorical.values.__getitem__)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return (rank[categorical.codes] if len(order) else categorical.codes), [categorical.values[at] for at in order]


def presence(repository_index: RepositoryIndex, registry: Codes, position: Codes) -> Flags:
    """Whether repositories exist: found, or known to be absent because the registry's list is complete."""
    absent = np.where(repository_index.listed[registry], 0, UNKNOWN)
    return np.where(position >= 0, 1, absent).astype(np.int8)


_ALPHANUMERIC = (("0", ":"), ("a", "{"))
"""Digits and letters of repository names, each as the first and one past the last (ECR API reference,
Repository: lower case only)."""
_LAST = "\U0010ffff"
"""Sorts behind every character that a repository name can contain."""


@dataclass(frozen=True, slots=True)
class RepositoryNames:
    """Sorted names with binary search."""

    names: Sequence[str]
    complete: bool
    """Whether the registry's list of repositories was read completely."""

    def some_begin_with(self, prefix: str) -> bool:
        """Whether a name begins with *prefix*."""
        at = bisect_left(self.names, prefix)
        return at < len(self.names) and self.names[at].startswith(prefix)

    def count_under(self, prefix: str) -> int:
        """How many names begin with *prefix*."""
        return bisect_left(self.names, prefix + _LAST) - bisect_left(self.names, prefix)

    def exist_under(self, prefixes: Iterable[str]) -> bool | None:
        """Whether a name begins with one of *prefixes*; None where only unread names could."""
        if any(self.some_begin_with(prefix) for prefix in prefixes):
            return True
        return False if self.complete else None

    def has(self, name: str) -> bool:
        """Whether there is a repository *name*."""
        at = bisect_left(self.names, name)
        return at < len(self.names) and self.names[at] == name

    def running_on(self, prefix: str) -> Iterator[str]:
        """Names that continue with a letter or digit after *prefix*."""
        return chain.from_iterable(self._between(prefix + first, prefix + end) for first, end in _ALPHANUMERIC)

    def _between(self, first: str, end: str) -> Iterator[str]:
        return (self.names[at] for at in range(bisect_left(self.names, first), bisect_left(self.names, end)))


def repository_names(index: EvidenceIndex) -> Mapping[RegistryId, RepositoryNames]:
    """The names of every registry that was read."""
    return {
        key: RepositoryNames(sorted(set(part.repositories["repository"])), part.registry.repositories_read)
        for key, part in index.parts.items()
    }
