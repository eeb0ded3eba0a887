"""The `images` table: differences only, and the tags that an image lacks at the destination."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.categorical import Categorical, encode
from audit.tables.evidence_index import EvidenceIndex, account_texts, region_texts
from audit.tables.frames import NO, UNKNOWN, YES, Flags, compact, frame, integers
from audit.tables.image_index import ImageIndex
from audit.tables.images.differences import Difference, Differences, settled
from audit.tables.links.backfills import RUNNING, newest_backfills
from audit.tables.replica_pairs import Pairs
from audit.tables.repository_index import RepositoryIndex
from checks.replication_failures import meaning
from checks.tables import IMAGES
from checks.wildcards import matches


def tag_columns(
    index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex, found: Differences
) -> dict[str, Any]:
    """Columns of `images` about tags: for active images that are old enough for their tags to have arrived."""
    differing = np.isin(found.kind, (Difference.TAG_DIFFERS, Difference.UNTAGGED))
    ready = settled(index, images)[found.source] & images.active[found.source] & images.active[found.destination]
    compared = differing & ready if len(images.digest) else differing
    missing, to_set = _lacking(repository_index, pairs, images, found, compared)
    return {
        "tags_differ": (compared & (found.kind == Difference.TAG_DIFFERS)).astype(np.int8),
        "untagged_at_destination": (compared & (found.kind == Difference.UNTAGGED)).astype(np.int8),
        "tags_missing": missing.texts(),
        "tags_to_set": to_set.texts(),
    }


def _lacking(
    repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex, found: Differences, compared: NDArray[np.bool_]
) -> tuple[Categorical, Categorical]:
    """The tags that are missing at the destination, and what is needed to set them there, as JSON."""
    names: list[str | None] = [None] * len(compared)
    texts: list[str | None] = [None] * len(compared)
    holders: dict[int, dict[str, str]] = {}
    for at in np.flatnonzero(compared).tolist():
        row = int(pairs.destination_row[found.pair[at]])
        there = _tags(images, int(found.destination[at]))
        wanted = [tag for tag in _tags(images, int(found.source[at])) if tag not in there]
        names[at] = compact(wanted)
        if wanted and row not in holders:
            holders[row] = _holders(images, row)
        texts[at] = compact([_entry(repository_index, row, tag, holders[row].get(tag, "")) for tag in wanted])
    return encode(names), encode(texts)


def _entry(repository_index: RepositoryIndex, row: int, tag: str, seen: str) -> dict[str, Any]:
    mode, filters = (
        column.values[column.codes[row]] if column.codes[row] >= 0 else None
        for column in (repository_index.columns["tag_mutability"], repository_index.columns["mutability_exclusions"])
    )
    return {"tag": tag, "seen": seen, "settable": True if not seen else _movable(tag, mode, filters)}


def _movable(tag: str, mode: str | None, filters: str | None) -> bool | None:
    """Whether *tag* can be moved to another image: ECR user guide, image-tag-mutability.html."""
    if mode in ("MUTABLE", "IMMUTABLE"):
        return mode == "MUTABLE"
    if mode not in ("MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION") or filters is None:
        return None
    return matches(tag, _parsed(filters)) is (mode == "IMMUTABLE_WITH_EXCLUSION")


def _holders(images: ImageIndex, row: int) -> dict[str, str]:
    """Tag → digest of the image that has it, in one repository."""
    held = range(int(images.offsets[row]), int(images.offsets[row + 1]))
    return {tag: images.digests[int(images.digest[at])] for at in held for tag in _tags(images, at)}


def _tags(images: ImageIndex, at: int) -> Sequence[str]:
    code = images.tags.codes[at]
    return _parsed(images.tags.values[code]) if code >= 0 else ()


@lru_cache(maxsize=65_536)
def _parsed(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def images_frame(
    index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex, found: Differences
) -> pd.DataFrame:
    """One row per image that differs between the two sides of a replica."""
    present_side = np.where(found.source >= 0, found.source, found.destination)
    columns: dict[str, Any] = {
        "source_account": account_texts(index, pairs.source[found.pair]),
        "source_region": region_texts(index, pairs.source[found.pair]),
        "repository": Categorical(pairs.name[found.pair], repository_index.names).texts(),
        "destination_account": account_texts(index, pairs.destination[found.pair]),
        "destination_region": region_texts(index, pairs.destination[found.pair]),
        "digest": Categorical(images.digest[present_side], images.digests).texts(),
        "difference": Categorical(found.kind.astype(np.int64), [kind.word for kind in Difference]).texts(),
        "source_tags": images.tags.take(found.source).texts(),
        "destination_tags": images.tags.take(found.destination).texts(),
        "pushed_at": images.pushed_at[present_side],
        "subject_digest": images.subject.take(present_side).texts(),
        "replication_status": found.status.texts(),
        "failure_code": found.failure_code.texts(),
        "sources": integers(found.sources.count[found.pair].astype(np.float64), np.ones(len(found.pair), np.bool_)),
        **_status_columns(index, pairs, found),
        **_ages(index, images.pushed_at[present_side]),
        **tag_columns(index, repository_index, pairs, images, found),
    }
    return frame(IMAGES, columns)


def _status_columns(index: EvidenceIndex, pairs: Pairs, found: Differences) -> dict[str, Any]:
    """The replication status, where it was read."""
    progressing = found.status.among("IN_PROGRESS")
    unanswered = found.asked & (found.status.codes < 0)
    lasting = np.where(progressing, _without_backfill(index, pairs, found, progressing), NO)
    return {
        "status_asked": found.asked.astype(np.int8),
        "failure_meaning": encode(meaning(value) for value in found.failure_code.values)
        .take(found.failure_code.codes)
        .texts(),
        "replication_in_progress": np.where(unanswered, UNKNOWN, lasting).astype(np.int8),
    }


def _ages(index: EvidenceIndex, pushed_at: NDArray[np.float64]) -> dict[str, Any]:
    """Whole minutes between each push and the start of the audit, and how long replication may take."""
    minutes = np.floor((index.evidence.started_at - pushed_at) / 60)
    allowed = np.full(len(pushed_at), float(index.baseline.replication_delay_minutes))
    return {
        "minutes_since_push": integers(minutes, ~np.isnan(minutes)),
        "replication_delay_minutes": integers(allowed, np.ones(len(allowed), np.bool_)),
    }


def _without_backfill(index: EvidenceIndex, pairs: Pairs, found: Differences, chosen: NDArray[np.bool_]) -> Flags:
    """For each difference, whether no backfill to its destination is running: a backfill replicates old images as
    intended."""
    result = np.full(len(chosen), NO, dtype=np.int8)
    link = pairs.source[found.pair] * len(index.universe) + pairs.destination[found.pair]
    for number in np.unique(link[chosen]).tolist():
        source, destination = (index.universe[at] for at in divmod(number, len(index.universe)))
        newest = newest_backfills(index.parts[source].registry.backfills)
        last = newest.get(destination) if newest is not None else None
        verdict = UNKNOWN if newest is None else NO if last is not None and last.status in RUNNING else YES
        result[link == number] = verdict
    return result
