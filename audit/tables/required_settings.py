"""What the baseline requires of many repositories, evaluated once for each range of names at each group of places."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from audit.tables.categorical import Categorical, Codes
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.replica_pairs import segments
from audit.tables.repository_index import RepositoryIndex
from checks.baseline.merged_settings import prefixes_of_settings, settings_group
from checks.baseline.schema import Baseline
from checks.baseline.sections import Settings
from checks.model import Place

Merge = Callable[[Baseline, str, Place], Settings]
"""`merged_settings` or `merged_source_settings`."""


def required_settings(
    index: EvidenceIndex,
    repository_index: RepositoryIndex,
    entries: Sequence[Settings],
    merge: Merge,
    registry: Codes,
    name: Codes,
) -> Categorical:
    """The merged *entries* for repositories, given as positions of their registry and of their name."""
    names = repository_index.names
    ranges = list(segments(names, prefixes_of_settings(entries)))
    places = [index.place(one) for one in index.universe]
    groups: dict[object, int] = {}
    group = np.array([groups.setdefault(settings_group(entries, one), len(groups)) for one in places], dtype=np.int64)
    number: dict[int, int] = {}
    values: list[Settings] = []
    codes = np.empty((len(groups), len(names)), dtype=np.int64)
    for at in range(len(groups)):
        place = places[int(np.argmax(group == at))]
        for start, stop in ranges:
            settings = merge(index.baseline, names[start], place) if names else Settings()
            if id(settings) not in number:
                number[id(settings)] = len(values)
                values.append(settings)
            codes[at, start:stop] = number[id(settings)]
    return Categorical(codes[group[registry], name], values)
