"""Images of both sides of each replica, compared by digest and tags.

Repositories whose fingerprints agree hold the same images; only the others are compared image by image, in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.coded import Coded, Codes, code
from audit.tables.frames import YES
from audit.tables.image_stock import ImageStock, expand
from audit.tables.known import Known
from audit.tables.pairs import Pairs
from audit.tables.stock import Stock

_BLOCK = 4_000_000
"""Images compared at once: about 200 MB of working memory."""


class Difference(IntEnum):
    """What is different about an image; the table's words are the names in lower case with dashes."""

    MISSING = 0
    MISSING_ARCHIVED = 1
    IN_FLIGHT = 2
    TAG_DIFFERS = 3
    UNTAGGED = 4
    ORPHAN = 5

    @property
    def word(self) -> str:
        """The word for it in the `images` table."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Differences:
    """One of each array a differing image, in the order of the replicas."""

    pair: Codes
    """Position in `Pairs`."""
    source: Codes
    """Image at the source, position in `ImageStock`; -1: none."""
    destination: Codes
    """Image at the destination; -1: none."""
    kind: NDArray[np.int8]
    status: Coded
    failure_code: Coded

    def count(self, kind: Difference, pairs: int) -> Codes:
        """How many differences of *kind* each of the *pairs* has."""
        return np.bincount(self.pair[self.kind == kind], minlength=pairs)


def comparable(pairs: Pairs, images: ImageStock) -> NDArray[np.bool_]:
    """Replicas that a rule copies, that exist on both sides, and whose images were read on both sides."""
    both_exist: NDArray[np.bool_] = (pairs.matched == YES) & (pairs.destination_row >= 0)
    if not len(images.read):
        return both_exist
    result: NDArray[np.bool_] = both_exist & images.read[pairs.source_row] & images.read[pairs.destination_row]
    return result


def settled(known: Known, images: ImageStock) -> NDArray[np.bool_]:
    """Images that are older than the baseline's replication delay, and so should have arrived."""
    delay_seconds = known.baseline.replication_delay_minutes * 60
    return ~(images.pushed_at > known.evidence.started_at - delay_seconds)


def compare(known: Known, stock: Stock, pairs: Pairs, images: ImageStock) -> Differences:
    """All differences between the two sides of the replicas that can be compared."""
    pair, source, destination, kind = _all_differences(pairs, images)
    digest = images.digest[np.where(source >= 0, source, destination)]
    status, failure = _statuses(known, stock, pairs, images).of(pairs, pair, digest)
    # An image that AWS is still copying is on its way, however old it is; so is one that is being restored.
    on_its_way = np.isin(status.codes, [at for at, value in enumerate(status.values) if value == "IN_PROGRESS"])
    restoring = ~images.active & ~images.archived
    kind = np.where((kind == Difference.MISSING) & images.archived[source], Difference.MISSING_ARCHIVED, kind)
    late = settled(known, images)[source] & ~on_its_way & ~restoring[source]
    kind = np.where((kind == Difference.MISSING) & ~late, Difference.IN_FLIGHT, kind)
    order = np.lexsort((_rank(images, digest), pair))
    return Differences(
        pair=pair[order],
        source=source[order],
        destination=destination[order],
        kind=kind[order].astype(np.int8),
        status=status.take(order),
        failure_code=failure.take(order),
    )


def _all_differences(pairs: Pairs, images: ImageStock) -> tuple[Codes, Codes, Codes, Codes]:
    """Replica, image at the source, image at the destination and raw kind of every difference."""
    rows = np.flatnonzero(comparable(pairs, images))
    here, there = pairs.source_row[rows], pairs.destination_row[rows]
    same = (images.fingerprint[here] == images.fingerprint[there]) & (images.counts[here] == images.counts[there])
    pieces = [_compare_block(block, pairs, images) for block in _blocks(rows[~same], pairs, images)]
    joined = [np.concatenate([np.empty(0, dtype=np.int64), *(piece[at] for piece in pieces)]) for at in range(4)]
    return joined[0], joined[1], joined[2], joined[3]


def _blocks(rows: Codes, pairs: Pairs, images: ImageStock) -> Iterator[Codes]:
    """*rows* in runs of about `_BLOCK` images."""
    if not len(rows):
        return
    sizes = images.counts[pairs.source_row[rows]] + images.counts[pairs.destination_row[rows]]
    yield from np.split(rows, np.flatnonzero(np.diff(np.cumsum(sizes) // _BLOCK)) + 1)


def _compare_block(rows: Codes, pairs: Pairs, images: ImageStock) -> tuple[Codes, Codes, Codes, Codes]:
    here_pair, here = expand(images, pairs.source_row[rows])
    there_pair, there = expand(images, pairs.destination_row[rows])
    # Images lie sorted by digest within their repository, so both lists of keys are sorted.
    here_key = here_pair * len(images.digests) + images.digest[here]
    there_key = there_pair * len(images.digests) + images.digest[there]
    twin = _twins(here_key, there_key)
    absent = twin < 0
    retagged = ~absent & (images.tags.codes[here] != images.tags.codes[there[twin]]) if len(there) else absent & False
    orphan = _twins(there_key, here_key) < 0
    untagged = np.isin(images.tags.codes, [at for at, value in enumerate(images.tags.values) if value == "[]"])
    other = there[twin[retagged]] if len(there) else there
    kinds = np.where(untagged[other], Difference.UNTAGGED, Difference.TAG_DIFFERS)
    none_here, none_there = np.full(orphan.sum(), -1), np.full(absent.sum(), -1)
    return (
        rows[np.concatenate([here_pair[absent], here_pair[retagged], there_pair[orphan]])],
        np.concatenate([here[absent], here[retagged], none_here]),
        np.concatenate([none_there, other, there[orphan]]),
        np.concatenate([np.full(absent.sum(), Difference.MISSING), kinds, np.full(orphan.sum(), Difference.ORPHAN)]),
    )


def _twins(keys: Codes, others: Codes) -> Codes:
    """For each of the sorted *keys* its position among the sorted *others*, or -1."""
    if not len(others):
        return np.full(len(keys), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    return np.where(others[at] == keys, at, -1)


def _rank(images: ImageStock, digest: Codes) -> Codes:
    """Numbers that sort as the texts of the digests do."""
    codes, distinct = pd.factorize(digest)
    order = sorted(range(len(distinct)), key=lambda at: images.digests[int(distinct[at])])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes]


@dataclass(frozen=True, slots=True)
class _Statuses:
    """Answers of DescribeImageReplicationStatus, to be found by source repository, destination and digest."""

    index: pd.Index
    status: Coded
    failure_code: Coded
    registries: int
    digests: int

    def of(self, pairs: Pairs, pair: Codes, digest: Codes) -> tuple[Coded, Coded]:
        """Status and failure code of images of replicas; null where nobody asked."""
        keys = (pairs.source_row[pair] * self.registries + pairs.destination[pair]) * self.digests + digest
        at = self.index.get_indexer(pd.Index(keys)).astype(np.int64)
        return self.status.take(at), self.failure_code.take(at)


def _statuses(known: Known, stock: Stock, pairs: Pairs, images: ImageStock) -> _Statuses:
    number = {registry: at for at, registry in enumerate(known.universe)}
    name = {text: at for at, text in enumerate(stock.names)}
    digest = {text: at for at, text in enumerate(images.digests)}
    found: dict[int, tuple[str, str]] = {}
    for key, part in known.parts.items():
        columns = part.statuses
        if not columns["digest"]:
            continue
        asked = zip(columns["repository"], columns["digest"], columns["destination_account"], strict=True)
        rest = zip(columns["destination_region"], columns["status"], columns["failure_code"], strict=True)
        rows = stock.find(
            np.full(len(columns["repository"]), number[key]),
            np.array([name.get(text, -1) for text in columns["repository"]], dtype=np.int64),
        )
        for row, (_, image, account), (region, status, failure) in zip(rows, asked, rest, strict=True):
            destination = number.get((account, region))
            if row >= 0 and image in digest and destination is not None:
                place = (int(row) * len(known.universe) + destination) * len(digest) + digest[image]
                found[place] = (status, failure or "")
    return _Statuses(
        index=pd.Index(list(found), dtype="int64"),
        status=code(status for status, _ in found.values()),
        failure_code=code(failure for _, failure in found.values()),
        registries=len(known.universe),
        digests=len(digest),
    )
