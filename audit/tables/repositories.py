"""The `repositories` table."""

from __future__ import annotations

import pandas as pd

from audit.tables.coded import Coded, code
from audit.tables.documents import parse_object
from audit.tables.flows import Flows
from audit.tables.frames import frame, integers
from audit.tables.image_stock import ImageStock
from audit.tables.known import Known
from audit.tables.pairs import Pairs
from audit.tables.places import account_texts, region_texts
from audit.tables.repository_copies import copy_columns
from audit.tables.repository_limits import image_limit_columns
from audit.tables.stock import Stock
from checks.tables import REPOSITORIES


def repositories_frame(known: Known, stock: Stock, pairs: Pairs, images: ImageStock, flows: Flows) -> pd.DataFrame:
    """One row a repository that was read."""
    texts = {name: column.texts() for name, column in stock.columns.items()}
    return frame(
        REPOSITORIES,
        {
            "account": account_texts(known, stock.registry),
            "region": region_texts(known, stock.registry),
            "repository": Coded(stock.name, stock.names).texts(),
            "created_at": stock.created_at,
            "detailed": stock.detailed,
            "scan_type": scan_types(known).take(stock.registry).texts(),
            "image_count": integers(stock.image_count, stock.image_count >= 0),
            **texts,
            **image_limit_columns(known, stock, images),
            **copy_columns(known, stock, pairs, flows),
        },
    )


def scan_types(known: Known) -> Coded:
    """Scan type of every registry of the universe; empty where its Region has no scanning configuration."""
    types: list[str | None] = []
    for registry in known.universe:
        record = known.registry(registry)
        text = record.scanning_configuration if record else None
        document = parse_object(text, "the scanning configuration").value
        found = None if document is None else document.get("scanType", "")
        types.append(found if isinstance(found, str) else None)
    return code(types)
