"""What the comparison of images says about each replica: columns of the `replicas` table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.coded import Coded, Codes, code
from audit.tables.frames import NO, UNKNOWN, YES, Flags, both, compact, integers
from audit.tables.image_differences import Difference, Differences, comparable, settled
from audit.tables.image_stock import ImageStock
from audit.tables.known import Known
from audit.tables.pairs import Pairs
from audit.tables.stock import Stock

SAMPLE = 10
"""Images that a row names."""


def image_columns(known: Known, stock: Stock, pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    """Columns of `replicas` about images.

    At a destination repository that does not exist every image is missing; they are counted, not listed.
    """
    counts = stock.image_count[pairs.source_row] if len(pairs) else np.empty(0)
    return {
        "source_has_images": _at_least_one(counts),
        "source_images": integers(counts, ~np.isnan(counts)),
        "replication_due": both(pairs.matched, _at_least_one(_of_source(_due(known, images), pairs, images))),
        "images_comparable": both(pairs.matched, pairs.present),
        **_counts(known, pairs, images, found),
        **_missing(pairs, images, found),
        **_referrers(pairs, images, found),
        **_orphans(pairs, images, found),
    }


def _at_least_one(counts: NDArray[np.float64]) -> Flags:
    return np.where(np.isnan(counts), UNKNOWN, counts > 0).astype(np.int8)


def _of_source(chosen: NDArray[np.bool_], pairs: Pairs, images: ImageStock) -> NDArray[np.float64]:
    """How many *chosen* images the source repository of each replica has; NaN where they were not read."""
    if not len(pairs):
        return np.empty(0)
    return np.where(images.read, images.per_repository(chosen), np.nan)[pairs.source_row]


def _due(known: Known, images: ImageStock) -> NDArray[np.bool_]:
    return images.active & settled(known, images)


def _counts(known: Known, pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    compared = comparable(pairs, images)
    nothing_there = (pairs.matched == YES) & (pairs.present == NO)
    young = ~images.archived & ~_due(known, images)
    columns = {
        "images_missing": (Difference.MISSING, _due(known, images)),
        "images_missing_archived": (Difference.MISSING_ARCHIVED, images.archived),
        "images_in_flight": (Difference.IN_FLIGHT, young),
    }
    result = {}
    for name, (kind, all_of_source) in columns.items():
        absent = _of_source(all_of_source, pairs, images)
        counts = np.where(compared, found.count(kind, len(pairs)), np.where(nothing_there, absent, np.nan))
        result[name] = integers(counts, ~np.isnan(counts))
    return result


def _missing(pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    """Oldest missing image of each replica, and a sample, oldest first."""
    chosen = np.flatnonzero((found.kind == Difference.MISSING) & comparable(pairs, images)[found.pair])
    pushed_at = images.pushed_at[found.source[chosen]]
    order = np.lexsort((pushed_at, found.pair[chosen]))
    chosen, pair = chosen[order], found.pair[chosen][order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    oldest = np.full(len(pairs), np.nan)
    oldest[pair[first]] = pushed_at[order][first]
    return {
        "oldest_missing_pushed_at": oldest,
        "images_missing_sample": sampled_images(comparable(pairs, images), images, pair, found.source[chosen]),
    }


def _referrers(pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    """Missing images that refer to an image which the destination has."""
    missing = np.flatnonzero((found.kind == Difference.MISSING) & (pairs.destination_row[found.pair] >= 0))
    named = _subjects(images)[found.source[missing]] if len(images.digest) else found.source[missing]
    there = images.find(pairs.destination_row[found.pair[missing]], named)
    counts = np.bincount(found.pair[missing[there >= 0]], minlength=len(pairs)).astype(np.float64)
    return {"referrers_missing": integers(counts, comparable(pairs, images))}


def _subjects(images: ImageStock) -> Codes:
    """For each image the one that it refers to, as a position in `digests`; -1: none, or one that no repository has."""
    wanted = {text: at for at, text in enumerate(images.subject.values) if text}
    position = np.full(len(images.subject.values) + 1, -1, dtype=np.int64)
    for at, digest in enumerate(images.digests) if wanted else ():
        if digest in wanted:
            position[wanted[digest]] = at
    return position[images.subject.codes]  # the last element stands for null, whose code is -1


def _orphans(pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    """Images of a replica repository that none of its sources has: counted once, with the first of its replicas."""
    compared = comparable(pairs, images)
    known = (found.sources.counted(compared, pairs) > 0) & ~found.doubtful
    chosen = np.flatnonzero(found.kind == Difference.ORPHAN)
    pair = found.pair[chosen]
    counts = np.bincount(pair, minlength=len(pairs)).astype(np.float64)
    return {
        "orphans_counted": np.where(
            found.sources.first | (pairs.matched == UNKNOWN), both(pairs.matched, pairs.present), NO
        ),
        "orphans": integers(counts, known),
        "orphans_sample": sampled_images(known, images, pair, found.destination[chosen]),
    }


def sampled_images(compared: NDArray[np.bool_], images: ImageStock, pair: Codes, image: Codes) -> Any:
    """For each *compared* replica its first `SAMPLE` images as JSON, null for the others; *pair* ascends."""
    sampled = np.arange(len(pair)) - np.searchsorted(pair, pair) < SAMPLE
    pair, image = pair[sampled], image[sampled]
    texts: dict[int, list[str]] = {}
    for row, at in zip(pair.tolist(), image.tolist(), strict=True):
        tags = images.tags.values[images.tags.codes[at]] if images.tags.codes[at] >= 0 else "[]"
        digest = compact(images.digests[images.digest[at]])
        texts.setdefault(row, []).append(f'{{"digest":{digest},"tags":{tags}}}')
    coded = code(["[]", *(f"[{','.join(found)}]" for found in texts.values())])
    codes = np.where(compared, 0, -1)
    codes[np.fromiter(texts, dtype=np.int64, count=len(texts))] = coded.codes[1:]
    return Coded(codes, coded.values).texts()
