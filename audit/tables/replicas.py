"""The `replicas` table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.tables.coded import Coded
from audit.tables.frames import UNKNOWN, frame, integers
from audit.tables.image_differences import Differences
from audit.tables.image_stock import ImageStock
from audit.tables.known import Known
from audit.tables.pairs import Pairs
from audit.tables.places import account_texts, partition_texts, region_texts
from audit.tables.replica_exposure import coded_texts, exposure_columns
from audit.tables.replica_images import image_columns
from audit.tables.replica_settings import setting_columns
from audit.tables.replica_statuses import status_columns
from audit.tables.stock import Stock
from checks.tables import REPLICAS


def replicas_frame(known: Known, stock: Stock, pairs: Pairs, images: ImageStock, found: Differences) -> pd.DataFrame:
    """One row a source repository and destination registry that a rule or the baseline brings together."""
    settings = setting_columns(known, stock, pairs)
    expected = coded_texts(settings["expected_repository_policy"])
    return frame(
        REPLICAS,
        {
            "source_account": account_texts(known, pairs.source),
            "source_region": region_texts(known, pairs.source),
            "repository": Coded(pairs.name, stock.names).texts(),
            "destination_account": account_texts(known, pairs.destination),
            "destination_region": region_texts(known, pairs.destination),
            "partition": partition_texts(known, pairs.source),
            "matched": pairs.matched,
            "matching_rules": integers(pairs.matching_rules.astype(np.float64), pairs.matching_rules != UNKNOWN),
            "expected": pairs.expected,
            "required_by": pairs.required_by.texts(),
            "delete_replication": pairs.delete_replication,
            "destination_present": pairs.present,
            **image_columns(known, stock, pairs, images, found),
            **status_columns(pairs, images, found),
            **settings,
            **exposure_columns(known, stock, pairs, expected),
        },
    )
