"""Every repository that was read, in one set of long columns, and how to find one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.evidence import REPOSITORY_COLUMNS
from audit.tables.coded import Coded, Codes, code
from audit.tables.frames import UNKNOWN, Flags, flag
from audit.tables.known import Known

_CODED = (
    "tag_mutability", "mutability_exclusions", "encryption_type", "kms_key", "repository_policy", "lifecycle_policy",
    "tags", "scan_frequency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stock:
    """Repositories sorted by registry and name. A position is a row here."""

    registry: Codes
    """Position in `Known.universe`."""
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
    columns: dict[str, Coded]
    """Text columns of the evidence by name."""
    listed: NDArray[np.bool_]
    """For each registry of the universe, whether its list of repositories is complete."""

    def range_of(self, registry: int) -> tuple[int, int]:
        """First and one-past-last row of a registry."""
        return int(self.offsets[registry]), int(self.offsets[registry + 1])

    def find(self, registry: Codes, name: Codes) -> Codes:
        """Rows of repositories by registry and name; -1 where none was read."""
        if not len(self.name):
            return np.full(len(name), -1, dtype=np.int64)
        wanted = np.where(name < 0, -1, registry * len(self.names) + name)
        at = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[at] == wanted, at, -1)


def take_stock(known: Known) -> Stock:
    """Gather the repositories of every registry that was read."""
    number = {registry: at for at, registry in enumerate(known.universe)}
    columns = {name: _gathered(known, name) for name in REPOSITORY_COLUMNS if name not in ("account", "region")}
    sizes = [len(part.repositories["repository"]) for part in known.parts.values()]
    registry = np.repeat(np.array([number[key] for key in known.parts], dtype=np.int64), sizes)
    name, names = _sorted_codes(columns["repository"])
    order = np.lexsort((name, registry))
    # A list that changes while its pages are read can name a repository twice.
    again = (np.diff(registry[order], prepend=-1) == 0) & (np.diff(name[order], prepend=-1) == 0)
    order = order[~again]
    listed = [record.repositories_read if (record := known.registry(key)) else False for key in known.universe]
    return Stock(
        registry=registry[order],
        name=name[order],
        key=registry[order] * len(names) + name[order],
        names=names,
        offsets=np.searchsorted(registry[order], np.arange(len(known.universe) + 1)),
        created_at=np.array(columns["created_at"], dtype=np.float64)[order],
        image_count=np.array(columns["image_count"], dtype=np.float64)[order],
        detailed=np.array([flag(value) for value in columns["detailed"]], dtype=np.int8)[order],
        columns={column: code(columns[column]).take(order) for column in _CODED},
        listed=np.array(listed, dtype=np.bool_),
    )


def _gathered(known: Known, column: str) -> list[Any]:
    return list(chain.from_iterable(part.repositories[column] for part in known.parts.values()))


def _sorted_codes(texts: list[str]) -> tuple[Codes, list[str]]:
    """Codes whose order is the order of the texts."""
    coded = code(texts)
    order = sorted(range(len(coded.values)), key=coded.values.__getitem__)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return (rank[coded.codes] if len(order) else coded.codes), [coded.values[at] for at in order]


def presence(stock: Stock, registry: Codes, position: Codes) -> Flags:
    """Whether repositories exist: found, or known to be absent because the registry's list is complete."""
    absent = np.where(stock.listed[registry], 0, UNKNOWN)
    return np.where(position >= 0, 1, absent).astype(np.int8)
