"""The `images` table: differences only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audit.tables.coded import Coded
from audit.tables.frames import frame
from audit.tables.image_differences import Difference, Differences
from audit.tables.image_stock import ImageStock
from audit.tables.known import Known
from audit.tables.pairs import Pairs
from audit.tables.places import account_texts, region_texts
from audit.tables.stock import Stock
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
    }
    return frame(IMAGES, columns)
