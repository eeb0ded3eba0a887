"""Account and Region columns of long tables, from positions in `Known.universe`."""

from __future__ import annotations

import pandas as pd

from audit.tables.coded import Codes, code
from audit.tables.known import Known


def account_texts(known: Known, registry: Codes) -> pd.Categorical:
    """Account ids of registries."""
    return code(account for account, _ in known.universe).take(registry).texts()


def region_texts(known: Known, registry: Codes) -> pd.Categorical:
    """Region names of registries."""
    return code(region for _, region in known.universe).take(registry).texts()


def partition_texts(known: Known, registry: Codes) -> pd.Categorical:
    """Partitions of registries that were read."""
    records = (known.registry(key) for key in known.universe)
    return code(record.partition if record else None for record in records).take(registry).texts()
