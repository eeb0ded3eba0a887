"""Every image that was read, sorted so that the images of one repository are contiguous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.categorical import Categorical, Codes, encode
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.repository_index import RepositoryIndex

_MIX = np.uint64(0x9E3779B97F4A7C15)
_ACTIVE = ("ACTIVE", "")
"""An endpoint without image statuses lists active images only (ECR API reference, API_DescribeImages)."""


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """Images sorted by repository (a row of `RepositoryIndex`) and digest; each array has one element per image."""

    offsets: Codes
    """Images of repository *r* are `offsets[r]:offsets[r + 1]`."""
    digest: Codes
    """Position in `digests`."""
    digests: Sequence[str]
    tags: Categorical
    """JSON arrays, sorted by the inventory: equal text is equal tags."""
    subject: Categorical
    pushed_at: NDArray[np.float64]
    active: NDArray[np.bool_]
    archived: NDArray[np.bool_]
    read: NDArray[np.bool_]
    """For each repository, whether its list of images is complete."""
    fingerprint: NDArray[np.uint64]
    """For each repository: equal fingerprints and counts are equal digests and tags."""

    @property
    def counts(self) -> Codes:
        """Images of each repository, of any status."""
        return np.diff(self.offsets)

    def find(self, repository: Codes, digest: Codes) -> Codes:
        """Positions of the images with *digest* (positions in `digests`) in each *repository*; -1: absent.

        A *repository* of -1 is none, and has no images.
        """
        if not len(self.digest):
            return np.full(len(digest), -1, dtype=np.int64)
        keys = np.repeat(np.arange(len(self.counts)), self.counts) * len(self.digests) + self.digest
        wanted = np.where((repository < 0) | (digest < 0), -1, repository * len(self.digests) + digest)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)

    def per_repository(self, chosen: NDArray[np.bool_]) -> Codes:
        """How many of the *chosen* images each repository has."""
        total: Codes = np.concatenate([[0], np.cumsum(chosen, dtype=np.int64)])
        counted: Codes = total[self.offsets[1:]] - total[self.offsets[:-1]]
        return counted


def index_images(index: EvidenceIndex, repository_index: RepositoryIndex) -> ImageIndex:
    """Collect the images of every registry, except those of repositories that are not listed."""
    status, row = encode(_gathered(index, "status")), _repository_rows(index, repository_index)
    digest = encode(_gathered(index, "digest"))
    active = np.isin(status.codes, [at for at, value in enumerate(status.values) if value in _ACTIVE])
    archived = np.isin(status.codes, [at for at, value in enumerate(status.values) if value == "ARCHIVED"])
    counted = np.bincount(row[active & (row >= 0)], minlength=len(repository_index.name))
    kept = _order(row, digest.codes)
    tags = encode(_gathered(index, "tags")).take(kept)
    offsets = np.searchsorted(row[kept], np.arange(len(repository_index.name) + 1)).astype(np.int64)
    mixed = _mixed(digest.codes[kept], tags.codes)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    return ImageIndex(
        offsets=offsets,
        digest=digest.codes[kept],
        digests=digest.values,
        tags=tags,
        subject=encode(_gathered(index, "subject_digest")).take(kept),
        pushed_at=np.array(_gathered(index, "pushed_at"), dtype=np.float64)[kept],
        active=active[kept],
        archived=archived[kept],
        # A list that is shorter than its count is incomplete, and does not prove that images are absent.
        read=repository_index.image_count == counted,
        fingerprint=sums[offsets[1:]] - sums[offsets[:-1]],
    )


def _repository_rows(index: EvidenceIndex, repository_index: RepositoryIndex) -> Codes:
    """The repository of each image as a row of the repository index; -1 where it is not listed."""
    code_of = {name: at for at, name in enumerate(repository_index.names)}
    number = {registry: at for at, registry in enumerate(index.universe)}
    sizes = [len(part.images["digest"]) for part in index.parts.values()]
    registry = np.repeat(np.array([number[key] for key in index.parts], dtype=np.int64), sizes)
    repository = encode(_gathered(index, "repository"))
    names = np.array([code_of.get(name, -1) for name in repository.values], dtype=np.int64)
    return repository_index.find(registry, names[repository.codes]) if len(registry) else registry


def _order(row: Codes, digest: Codes) -> Codes:
    """Positions of the images by repository and digest, each digest once per repository."""
    order = np.lexsort((digest, row))
    order = order[(row[order] >= 0) & (digest[order] >= 0)]
    again = (np.diff(row[order]) == 0) & (np.diff(digest[order]) == 0)
    kept: Codes = order[np.concatenate([np.ones(min(1, len(order)), dtype=np.bool_), ~again])]
    return kept


def _gathered(index: EvidenceIndex, column: str) -> list[Any]:
    return list(chain.from_iterable(part.images[column] for part in index.parts.values()))


def _mixed(digest: Codes, tags: Codes) -> NDArray[np.uint64]:
    """One hash per image, so that sums of different sets of images differ."""
    mixed: NDArray[np.uint64] = (digest.astype(np.uint64) + np.uint64(1)) * _MIX ^ (
        tags.astype(np.uint64) + np.uint64(7)
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def expand(images: ImageIndex, repositories: Codes) -> tuple[Codes, Codes]:
    """All images of *repositories*: for each, its position in that list and its position among the images."""
    sizes = images.counts[repositories]
    owner = np.repeat(np.arange(len(repositories), dtype=np.int64), sizes)
    begin = np.repeat(images.offsets[repositories] - (np.cumsum(sizes) - sizes), sizes)
    return owner, np.arange(len(owner), dtype=np.int64) + begin
