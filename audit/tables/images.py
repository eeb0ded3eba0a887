"""The `images` table: differences only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.coded import Coded, code
from audit.tables.frames import NO, UNKNOWN, YES, Flags, frame, integers
from audit.tables.image_differences import Difference, Differences
from audit.tables.image_stock import ImageStock
from audit.tables.image_tags import tag_columns
from audit.tables.known import Known
from audit.tables.link_backfills import RUNNING, newest_backfills
from audit.tables.pairs import Pairs
from audit.tables.places import account_texts, region_texts
from audit.tables.stock import Stock
from checks.replication_failures import meaning
from checks.tables import IMAGES


def images_frame(known: Known, stock: Stock, pairs: Pairs, images: ImageStock, found: Differences) -> pd.DataFrame:
    """One row an image that differs between the two sides of a replica."""
    present_side = np.where(found.source >= 0, found.source, found.destination)
    columns: dict[str, Any] = {
        "source_account": account_texts(known, pairs.source[found.pair]),
        "source_region": region_texts(known, pairs.source[found.pair]),
        "repository": Coded(pairs.name[found.pair], stock.names).texts(),
        "destination_account": account_texts(known, pairs.destination[found.pair]),
        "destination_region": region_texts(known, pairs.destination[found.pair]),
        "digest": Coded(images.digest[present_side], images.digests).texts(),
        "difference": Coded(found.kind.astype(np.int64), [kind.word for kind in Difference]).texts(),
        "source_tags": images.tags.take(found.source).texts(),
        "destination_tags": images.tags.take(found.destination).texts(),
        "pushed_at": images.pushed_at[present_side],
        "subject_digest": images.subject.take(present_side).texts(),
        "replication_status": found.status.texts(),
        "failure_code": found.failure_code.texts(),
        "sources": integers(found.sources.count[found.pair].astype(np.float64), np.ones(len(found.pair), np.bool_)),
        **_status_columns(known, pairs, found),
        **_ages(known, images.pushed_at[present_side]),
        **tag_columns(known, stock, pairs, images, found),
    }
    return frame(IMAGES, columns)


def _status_columns(known: Known, pairs: Pairs, found: Differences) -> dict[str, Any]:
    """The replication status, where it was read."""
    progressing = found.status.among("IN_PROGRESS")
    unanswered = found.asked & (found.status.codes < 0)
    lasting = np.where(progressing, _without_backfill(known, pairs, found, progressing), NO)
    return {
        "status_asked": found.asked.astype(np.int8),
        "failure_meaning": code(meaning(value) for value in found.failure_code.values)
        .take(found.failure_code.codes)
        .texts(),
        "replication_in_progress": np.where(unanswered, UNKNOWN, lasting).astype(np.int8),
    }


def _ages(known: Known, pushed_at: NDArray[np.float64]) -> dict[str, Any]:
    """Whole minutes between each push and the start of the audit, and how many a replication may take."""
    minutes = np.floor((known.evidence.started_at - pushed_at) / 60)
    allowed = np.full(len(pushed_at), float(known.baseline.replication_delay_minutes))
    return {
        "minutes_since_push": integers(minutes, ~np.isnan(minutes)),
        "replication_delay_minutes": integers(allowed, np.ones(len(allowed), np.bool_)),
    }


def _without_backfill(known: Known, pairs: Pairs, found: Differences, chosen: NDArray[np.bool_]) -> Flags:
    """For each difference, whether no backfill to its destination runs: one replicates old images as intended."""
    result = np.full(len(chosen), NO, dtype=np.int8)
    link = pairs.source[found.pair] * len(known.universe) + pairs.destination[found.pair]
    for number in np.unique(link[chosen]).tolist():
        source, destination = (known.universe[at] for at in divmod(number, len(known.universe)))
        newest = newest_backfills(known.parts[source].registry.backfills)
        last = newest.get(destination) if newest is not None else None
        verdict = UNKNOWN if newest is None else NO if last is not None and last.status in RUNNING else YES
        result[link == number] = verdict
    return result
