"""Images of both sides of each replica, compared by digest and tags, with the replication status of those that
are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.categorical import Categorical, Codes, encode
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import NO, YES
from audit.tables.image_index import ImageIndex, expand
from audit.tables.images.sources import ReplicaSources, replica_sources
from audit.tables.replica_pairs import Pairs
from audit.tables.repository_index import RepositoryIndex
from checks.model import RegistryId


@dataclass(frozen=True, slots=True)
class ImageStatuses:
    """Replication statuses by source repository, destination and digest."""

    index: pd.Index
    status: Categorical
    """Null where the call failed."""
    failure_code: Categorical
    registries: int
    digests: int

    def of(self, pairs: Pairs, pair: Codes, digest: Codes) -> tuple[NDArray[np.bool_], Categorical, Categorical]:
        """For images of replicas: whether their status was read, the status and the failure code."""
        keys = (pairs.source_row[pair] * self.registries + pairs.destination[pair]) * self.digests + digest
        at = self.index.get_indexer(pd.Index(keys)).astype(np.int64)
        return at >= 0, self.status.take(at), self.failure_code.take(at)

    def at_absent_replicas(self, pairs: Pairs, images: ImageIndex) -> tuple[Codes, Codes]:
        """Replicas of a rule whose destination repository does not exist, each with an image whose status was read."""
        rows = np.flatnonzero((pairs.matched == YES) & (pairs.present == NO))
        links = pd.Index(pairs.source_row[rows] * self.registries + pairs.destination[rows])
        place, digest = np.divmod(self.index.to_numpy(dtype=np.int64), max(1, self.digests))
        at = links.get_indexer(pd.Index(place))
        place, digest, row = place[at >= 0], digest[at >= 0], rows[at[at >= 0]]
        image = images.find(pairs.source_row[row], digest)
        return row[image >= 0], image[image >= 0]


def read_statuses(
    evidence_index: EvidenceIndex, repository_index: RepositoryIndex, images: ImageIndex
) -> ImageStatuses:
    """Collect the replication statuses of every registry."""
    number = {registry: at for at, registry in enumerate(evidence_index.universe)}
    name = {text: at for at, text in enumerate(repository_index.names)}
    digest = {text: at for at, text in enumerate(images.digests)}
    found: dict[int, tuple[str | None, str]] = {}
    for key, part in evidence_index.parts.items():
        columns = part.statuses
        if not columns["digest"]:
            continue
        asked = zip(columns["repository"], columns["digest"], columns["destination_account"], strict=True)
        rest = zip(columns["destination_region"], columns["status"], columns["failure_code"], strict=True)
        rows = repository_index.find(
            np.full(len(columns["repository"]), number[key]),
            np.array([name.get(text, -1) for text in columns["repository"]], dtype=np.int64),
        )
        for row, (_, image, account), (region, status, failure) in zip(rows, asked, rest, strict=True):
            destination = number.get(RegistryId(account, region))
            if row >= 0 and image in digest and destination is not None:
                place = (int(row) * len(evidence_index.universe) + destination) * len(digest) + digest[image]
                found[place] = (status, failure or "")
    return ImageStatuses(
        index=pd.Index(list(found), dtype="int64"),
        status=encode(status for status, _ in found.values()),
        failure_code=encode(None if status is None else failure for status, failure in found.values()),
        registries=len(evidence_index.universe),
        digests=len(digest),
    )


_BLOCK = 4_000_000
"""Images compared at once: about 200 MB of working memory."""


class Difference(IntEnum):
    """What is different about an image; the table has the names in lower case with dashes."""

    MISSING = 0
    MISSING_ARCHIVED = 1
    IN_FLIGHT = 2
    TAG_DIFFERS = 3
    UNTAGGED = 4
    ORPHAN = 5

    @property
    def word(self) -> str:
        """Its value in the `images` table."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Differences:
    """Each array has one element per differing image, in the order of the replicas."""

    pair: Codes
    """Position in `Pairs`."""
    source: Codes
    """Image at the source, position in `ImageIndex`; -1: none."""
    destination: Codes
    """Image at the destination; -1: none."""
    kind: NDArray[np.int8]
    asked: NDArray[np.bool_]
    """Whether its replication status was read."""
    status: Categorical
    failure_code: Categorical
    sources: ReplicaSources
    doubtful: NDArray[np.bool_]
    """For each replica, whether its repository has images that no source which was read has, but another source may
    have."""

    def count(self, kind: Difference, pairs: int) -> Codes:
        """How many differences of *kind* each of the *pairs* has."""
        return np.bincount(self.pair[self.kind == kind], minlength=pairs)


def comparable(pairs: Pairs, images: ImageIndex) -> NDArray[np.bool_]:
    """Replicas of a rule that exist on both sides, and whose images were read on both sides."""
    both_exist: NDArray[np.bool_] = (pairs.matched == YES) & (pairs.destination_row >= 0)
    if not len(images.read):
        return both_exist
    result: NDArray[np.bool_] = both_exist & images.read[pairs.source_row] & images.read[pairs.destination_row]
    return result


def settled(index: EvidenceIndex, images: ImageIndex) -> NDArray[np.bool_]:
    """Images that are older than the baseline's replication delay, and so should have arrived."""
    delay_seconds = index.baseline.replication_delay_minutes * 60
    return ~(images.pushed_at > index.evidence.started_at - delay_seconds)


def compare(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex) -> Differences:
    """All differences between the two sides of the replicas that can be compared.

    If the destination repository does not exist: only the images whose replication status was read; others are counted.
    """
    statuses = read_statuses(index, repository_index, images)
    sources = replica_sources(index, repository_index, pairs)
    pair, source, destination, kind = _all_differences(pairs, images)
    orphan, doubtful = _in_no_source(index, pairs, images, sources, pair, destination, kind)
    kept = (kind != Difference.ORPHAN) | orphan
    asked_pair, asked_image = statuses.at_absent_replicas(pairs, images)
    none = np.full(len(asked_pair), -1)
    pair, source = np.concatenate([pair[kept], asked_pair]), np.concatenate([source[kept], asked_image])
    destination = np.concatenate([destination[kept], none])
    kind = np.concatenate([kind[kept], np.full(len(asked_pair), Difference.MISSING)])
    digest = images.digest[np.where(source >= 0, source, destination)]
    asked, status, failure = statuses.of(pairs, pair, digest)
    kind = np.where((kind == Difference.MISSING) & images.archived[source], Difference.MISSING_ARCHIVED, kind)
    # An image that is being restored from the archive is in flight, regardless of its age.
    restoring = ~images.active & ~images.archived
    late = settled(index, images)[source] & ~restoring[source]
    kind = np.where((kind == Difference.MISSING) & ~late, Difference.IN_FLIGHT, kind)
    order = np.lexsort((_rank(images, digest), pair))
    return Differences(
        pair=pair[order],
        source=source[order],
        destination=destination[order],
        kind=kind[order].astype(np.int8),
        asked=asked[order],
        status=status.take(order),
        failure_code=failure.take(order),
        sources=sources,
        doubtful=doubtful,
    )


def _in_no_source(
    index: EvidenceIndex,
    pairs: Pairs,
    images: ImageIndex,
    sources: ReplicaSources,
    pair: Codes,
    destination: Codes,
    kind: Codes,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(differences that are images of a replica repository which none of its sources has, replicas that may have such
    images).

    They are reported with the first replica of the replica repository. A source that was not read may have an image
    that the others lack. Images that arrived while the two sides were being read are left out.
    """
    mine = np.flatnonzero((kind == Difference.ORPHAN) & settled(index, images)[destination])
    lacking = np.bincount(destination[mine], minlength=len(images.digest))[destination[mine]]
    compared = comparable(pairs, images)
    mine = mine[lacking == sources.counted(compared, pairs)[pair[mine]]]
    certain = sources.all_of(compared, pairs)[pair[mine]]
    result = np.zeros(len(kind), dtype=np.bool_)
    result[mine[certain & sources.first[pair[mine]]]] = True
    doubtful = np.bincount(sources.repository[pair[mine[~certain]]], minlength=len(pairs)) > 0
    return result, doubtful[sources.repository] if len(pairs) else doubtful


def _all_differences(pairs: Pairs, images: ImageIndex) -> tuple[Codes, Codes, Codes, Codes]:
    """Replica, image at the source, image at the destination and raw kind of every difference."""
    rows = np.flatnonzero(comparable(pairs, images))
    here, there = pairs.source_row[rows], pairs.destination_row[rows]
    same = (images.fingerprint[here] == images.fingerprint[there]) & (images.counts[here] == images.counts[there])
    pieces = [_compare_block(block, pairs, images) for block in _blocks(rows[~same], pairs, images)]
    joined = [np.concatenate([np.empty(0, dtype=np.int64), *(piece[at] for piece in pieces)]) for at in range(4)]
    return joined[0], joined[1], joined[2], joined[3]


def _blocks(rows: Codes, pairs: Pairs, images: ImageIndex) -> Iterator[Codes]:
    """*rows* in runs of about `_BLOCK` images."""
    if not len(rows):
        return
    sizes = images.counts[pairs.source_row[rows]] + images.counts[pairs.destination_row[rows]]
    yield from np.split(rows, np.flatnonzero(np.diff(np.cumsum(sizes) // _BLOCK)) + 1)


def _compare_block(rows: Codes, pairs: Pairs, images: ImageIndex) -> tuple[Codes, Codes, Codes, Codes]:
    here_pair, here = expand(images, pairs.source_row[rows])
    there_pair, there = expand(images, pairs.destination_row[rows])
    # Images are sorted by digest within their repository, so both lists of keys are sorted.
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


def _rank(images: ImageIndex, digest: Codes) -> Codes:
    """The rank of each digest in the sort order of the digest texts."""
    codes, distinct = pd.factorize(digest)
    order = sorted(range(len(distinct)), key=lambda at: images.digests[int(distinct[at])])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes]
