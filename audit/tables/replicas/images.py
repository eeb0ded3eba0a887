"""Columns of the `replicas` table about images: the comparison of both sides, and the replication status of
missing images.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.categorical import Categorical, Codes, encode
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import NO, UNKNOWN, YES, Flags, both, compact, integers
from audit.tables.image_index import ImageIndex
from audit.tables.images.differences import Difference, Differences, comparable, settled
from audit.tables.replica_pairs import Pairs
from audit.tables.repository_index import RepositoryIndex
from checks.replication_failures import failures_text

SAMPLE = 10
"""Images that a row names."""


def image_columns(
    index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex, found: Differences
) -> dict[str, Any]:
    """Columns of `replicas` about images.

    If the destination repository does not exist, every image is missing; they are counted, not listed.
    """
    counts = repository_index.image_count[pairs.source_row] if len(pairs) else np.empty(0)
    return {
        "source_has_images": _at_least_one(counts),
        "source_images": integers(counts, ~np.isnan(counts)),
        "replication_due": both(pairs.matched, _at_least_one(_of_source(_due(index, images), pairs, images))),
        "images_comparable": both(pairs.matched, pairs.present),
        **_counts(index, pairs, images, found),
        **_missing(pairs, images, found),
        **_referrers(pairs, images, found),
        **_orphans(pairs, images, found),
    }


def _at_least_one(counts: NDArray[np.float64]) -> Flags:
    return np.where(np.isnan(counts), UNKNOWN, counts > 0).astype(np.int8)


def _of_source(chosen: NDArray[np.bool_], pairs: Pairs, images: ImageIndex) -> NDArray[np.float64]:
    """How many *chosen* images the source repository of each replica has; NaN where they were not read."""
    if not len(pairs):
        return np.empty(0)
    return np.where(images.read, images.per_repository(chosen), np.nan)[pairs.source_row]


def _due(index: EvidenceIndex, images: ImageIndex) -> NDArray[np.bool_]:
    return images.active & settled(index, images)


def _counts(index: EvidenceIndex, pairs: Pairs, images: ImageIndex, found: Differences) -> dict[str, Any]:
    compared = comparable(pairs, images)
    nothing_there = (pairs.matched == YES) & (pairs.present == NO)
    young = ~images.archived & ~_due(index, images)
    columns = {
        "images_missing": (Difference.MISSING, _due(index, images)),
        "images_missing_archived": (Difference.MISSING_ARCHIVED, images.archived),
        "images_in_flight": (Difference.IN_FLIGHT, young),
    }
    result = {}
    for name, (kind, all_of_source) in columns.items():
        absent = _of_source(all_of_source, pairs, images)
        counts = np.where(compared, found.count(kind, len(pairs)), np.where(nothing_there, absent, np.nan))
        result[name] = integers(counts, ~np.isnan(counts))
    return result


def _missing(pairs: Pairs, images: ImageIndex, found: Differences) -> dict[str, Any]:
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


def _referrers(pairs: Pairs, images: ImageIndex, found: Differences) -> dict[str, Any]:
    """Missing images whose subject image exists at the destination."""
    missing = np.flatnonzero((found.kind == Difference.MISSING) & (pairs.destination_row[found.pair] >= 0))
    named = _subjects(images)[found.source[missing]] if len(images.digest) else found.source[missing]
    there = images.find(pairs.destination_row[found.pair[missing]], named)
    counts = np.bincount(found.pair[missing[there >= 0]], minlength=len(pairs)).astype(np.float64)
    return {"referrers_missing": integers(counts, comparable(pairs, images))}


def _subjects(images: ImageIndex) -> Codes:
    """For each image its subject image, as a position in `digests`; -1: none, or in no repository."""
    wanted = {text: at for at, text in enumerate(images.subject.values) if text}
    position = np.full(len(images.subject.values) + 1, -1, dtype=np.int64)
    for at, digest in enumerate(images.digests) if wanted else ():
        if digest in wanted:
            position[wanted[digest]] = at
    return position[images.subject.codes]  # the last element stands for null, whose code is -1


def _orphans(pairs: Pairs, images: ImageIndex, found: Differences) -> dict[str, Any]:
    """Images of a replica repository that none of its sources has: counted once, with the first of its replicas."""
    compared = comparable(pairs, images)
    compared_once = (found.sources.counted(compared, pairs) > 0) & ~found.doubtful
    chosen = np.flatnonzero(found.kind == Difference.ORPHAN)
    pair = found.pair[chosen]
    counts = np.bincount(pair, minlength=len(pairs)).astype(np.float64)
    return {
        "orphans_counted": np.where(
            found.sources.first | (pairs.matched == UNKNOWN), both(pairs.matched, pairs.present), NO
        ),
        "orphans": integers(counts, compared_once),
        "orphans_sample": sampled_images(compared_once, images, pair, found.destination[chosen]),
    }


def sampled_images(compared: NDArray[np.bool_], images: ImageIndex, pair: Codes, image: Codes) -> Any:
    """For each *compared* replica its first `SAMPLE` images as JSON, null for the others; *pair* ascends."""
    sampled = np.arange(len(pair)) - np.searchsorted(pair, pair) < SAMPLE
    pair, image = pair[sampled], image[sampled]
    texts: dict[int, list[str]] = {}
    for row, at in zip(pair.tolist(), image.tolist(), strict=True):
        tags = images.tags.values[images.tags.codes[at]] if images.tags.codes[at] >= 0 else "[]"
        digest = compact(images.digests[images.digest[at]])
        texts.setdefault(row, []).append(f'{{"digest":{digest},"tags":{tags}}}')
    categorical = encode(["[]", *(f"[{','.join(found)}]" for found in texts.values())])
    codes = np.where(compared, 0, -1)
    codes[np.fromiter(texts, dtype=np.int64, count=len(texts))] = categorical.codes[1:]
    return Categorical(codes, categorical.values).texts()


def status_columns(pairs: Pairs, images: ImageIndex, found: Differences) -> dict[str, Any]:
    """Columns of `replicas` about the replication status of missing images, which is read up to a limit."""
    failed = found.asked & found.status.among("FAILED")
    refused = _per_pair(found, found.asked & (found.status.codes < 0), pairs)
    asked, failures = _per_pair(found, found.asked, pairs), _per_pair(found, failed, pairs)
    left_out = _left_out(pairs, images, found, asked)
    unanswered = (asked == 0) | (refused > 0) | (left_out > 0)
    nothing_to_ask = _nothing_to_ask(pairs, images) & ((left_out == 0) | (pairs.matched == NO))
    codes = _codes(found, failed)
    code_lists = {pair: json.dumps(list(held)) for pair, held in codes.items()}
    return {
        "statuses_asked": np.where(asked > 0, YES, np.where(nothing_to_ask, NO, UNKNOWN)).astype(np.int8),
        "statuses_refused": integers(refused, asked > 0),
        "replications_failed": integers(failures, (failures > 0) | ~unanswered),
        "failure_codes": texts_of_pairs(code_lists, asked > 0, "[]"),
        "failure_meaning": texts_of_pairs({pair: failures_text(held) for pair, held in codes.items()}, asked > 0, ""),
        "replications_failed_sample": sampled_images(asked > 0, images, *_oldest_first(images, found, failed)),
    }


def _nothing_to_ask(pairs: Pairs, images: ImageIndex) -> NDArray[np.bool_]:
    """Whether it is known which images are missing, or that no rule replicates images there."""
    if not len(pairs):
        return np.empty(0, dtype=np.bool_)
    is_known: NDArray[np.bool_] = (pairs.matched == NO) | comparable(pairs, images) | _all_absent(pairs, images)
    return is_known


def _all_absent(pairs: Pairs, images: ImageIndex) -> NDArray[np.bool_]:
    """Whether the destination repository does not exist, so that every image of the source is missing."""
    absent: NDArray[np.bool_] = (pairs.matched == YES) & (pairs.present == NO) & images.read[pairs.source_row]
    return absent


def _left_out(pairs: Pairs, images: ImageIndex, found: Differences, asked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing images of each replica whose status was not requested: there is a limit for each pair of registries."""
    if not len(pairs):
        return np.empty(0)
    missing = np.isin(found.kind, (Difference.MISSING, Difference.IN_FLIGHT))
    listed = _per_pair(found, missing & ~found.asked, pairs)
    of_source = _of_source(~images.archived, pairs, images)
    return np.where(_all_absent(pairs, images), np.nan_to_num(of_source) - asked, listed)


def _per_pair(found: Differences, chosen: NDArray[np.bool_], pairs: Pairs) -> NDArray[np.float64]:
    return np.bincount(found.pair[chosen], minlength=len(pairs)).astype(np.float64)


def _codes(found: Differences, failed: NDArray[np.bool_]) -> Mapping[int, Mapping[str, int]]:
    """For each replica with failures, how many have which code, the most frequent first; empty: no code."""
    held: defaultdict[int, Counter[str]] = defaultdict(Counter)
    rows = np.flatnonzero(failed)
    for pair, at in zip(found.pair[rows].tolist(), found.failure_code.codes[rows].tolist(), strict=True):
        held[pair][found.failure_code.values[at] if at >= 0 else ""] += 1
    return {
        pair: dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))) for pair, counts in held.items()
    }


def texts_of_pairs(texts: Mapping[int, str], valid: NDArray[np.bool_], otherwise: str) -> Any:
    """For each *valid* replica its text, or *otherwise*; null for the others."""
    return encode(texts.get(at, otherwise) if asked else None for at, asked in enumerate(valid.tolist())).texts()


def _oldest_first(images: ImageIndex, found: Differences, chosen: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Replica and image of the *chosen* differences."""
    rows = np.flatnonzero(chosen)
    order = np.lexsort((images.pushed_at[found.source[rows]], found.pair[rows])) if len(rows) else rows
    rows = rows[order]
    return found.pair[rows], found.source[rows]
