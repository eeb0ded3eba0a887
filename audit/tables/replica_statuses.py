"""Replication statuses of the images that a replica lacks: columns of the `replicas` table."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.coded import code
from audit.tables.frames import NO, UNKNOWN, YES, integers
from audit.tables.image_differences import Differences, comparable
from audit.tables.image_stock import ImageStock
from audit.tables.pairs import Pairs
from audit.tables.replica_images import sampled_images
from checks.replication_failures import told


def status_columns(pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    """Columns of `replicas` about the replication status of missing images, which is asked for within bounds."""
    failed = found.asked & found.status.among("FAILED")
    refused = _per_pair(found, found.asked & (found.status.codes < 0), pairs)
    asked, failures = _per_pair(found, found.asked, pairs), _per_pair(found, failed, pairs)
    unanswered = (asked == 0) | (refused > 0)
    codes = _codes(found, failed)
    return {
        "statuses_asked": np.where(asked > 0, YES, np.where(_nothing_to_ask(pairs, images), NO, UNKNOWN)).astype(
            np.int8
        ),
        "statuses_refused": integers(refused, asked > 0),
        "replications_failed": integers(failures, (failures > 0) | ~unanswered),
        "failure_codes": _texts({pair: json.dumps(list(held)) for pair, held in codes.items()}, asked > 0, "[]"),
        "failure_meaning": _texts({pair: told(held) for pair, held in codes.items()}, asked > 0, ""),
        "replications_failed_sample": sampled_images(asked > 0, images, *_oldest_first(images, found, failed)),
    }


def _nothing_to_ask(pairs: Pairs, images: ImageStock) -> NDArray[np.bool_]:
    """Whether it is known which images a replica lacks, or that no rule replicates any there."""
    if not len(pairs):
        return np.empty(0, dtype=np.bool_)
    absent = (pairs.matched == YES) & (pairs.present == NO) & images.read[pairs.source_row]
    known: NDArray[np.bool_] = (pairs.matched == NO) | comparable(pairs, images) | absent
    return known


def _per_pair(found: Differences, chosen: NDArray[np.bool_], pairs: Pairs) -> NDArray[np.float64]:
    return np.bincount(found.pair[chosen], minlength=len(pairs)).astype(np.float64)


def _codes(found: Differences, failed: NDArray[np.bool_]) -> Mapping[int, Mapping[str, int]]:
    """For each replica with failures, how many have which code, the most frequent first; an empty one is no code."""
    held: defaultdict[int, Counter[str]] = defaultdict(Counter)
    rows = np.flatnonzero(failed)
    for pair, at in zip(found.pair[rows].tolist(), found.failure_code.codes[rows].tolist(), strict=True):
        held[pair][found.failure_code.values[at] if at >= 0 else ""] += 1
    return {
        pair: dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))) for pair, counts in held.items()
    }


def _texts(texts: Mapping[int, str], known: NDArray[np.bool_], otherwise: str) -> Any:
    return code(texts.get(at, otherwise) if asked else None for at, asked in enumerate(known.tolist())).texts()


def _oldest_first(images: ImageStock, found: Differences, chosen: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Replica and image of the *chosen* differences."""
    rows = np.flatnonzero(chosen)
    order = np.lexsort((images.pushed_at[found.source[rows]], found.pair[rows])) if len(rows) else rows
    rows = rows[order]
    return found.pair[rows], found.source[rows]
