"""The `images` table: differences only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.coded import Coded, code
from audit.tables.frames import NO, UNKNOWN, YES, Flags, frame, integers
from audit.tables.image_differences import Difference, Differences, settled
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
        **_status_columns(known, pairs, images, found),
        **tag_columns(known, stock, pairs, images, found),
    }
    return frame(IMAGES, columns)


def _status_columns(known: Known, pairs: Pairs, images: ImageStock, found: Differences) -> dict[str, Any]:
    """What became of the replication, as far as ECR was asked."""
    failed, progressing = found.status.among("FAILED"), found.status.among("IN_PROGRESS")
    unanswered = found.asked & (found.status.codes < 0)
    young = ~settled(known, images)[found.source] if len(images.digest) else np.zeros(0, dtype=np.bool_)
    judged = np.where(progressing, _without_backfill(known, pairs, found, progressing), NO)
    return {
        "status_asked": found.asked.astype(np.int8),
        "replication_succeeded": np.where(found.asked & ~unanswered, ~failed, UNKNOWN).astype(np.int8),
        "failure_meaning": code(meaning(value) for value in found.failure_code.values)
        .take(found.failure_code.codes)
        .texts(),
        "progress_judged": np.where(unanswered, UNKNOWN, judged).astype(np.int8),
        "progress_bounded": np.where(np.isnan(images.pushed_at[found.source]), UNKNOWN, young).astype(np.int8)
        if len(images.digest)
        else np.zeros(0, dtype=np.int8),
    }


def _without_backfill(known: Known, pairs: Pairs, found: Differences, chosen: NDArray[np.bool_]) -> Flags:
    """For each difference, whether no backfill to its destination runs: during one, old images are copied rightly."""
    result = np.full(len(chosen), NO, dtype=np.int8)
    link = pairs.source[found.pair] * len(known.universe) + pairs.destination[found.pair]
    for number in np.unique(link[chosen]).tolist():
        source, destination = (known.universe[at] for at in divmod(number, len(known.universe)))
        newest = newest_backfills(known.parts[source].registry.backfills)
        last = newest.get(destination) if newest is not None else None
        verdict = UNKNOWN if newest is None else NO if last is not None and last.status in RUNNING else YES
        result[link == number] = verdict
    return result
