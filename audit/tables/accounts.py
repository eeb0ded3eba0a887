"""The `accounts` and `regions` tables."""

from __future__ import annotations

import pandas as pd

from audit.tables.frames import frame_of_rows
from audit.tables.known import Known
from checks.tables import ACCOUNTS, REGIONS

_USABLE = ("ENABLED", "ENABLED_BY_DEFAULT")
"""Account Management API reference, Region: in every other status requests may fail."""


def accounts_frame(known: Known) -> pd.DataFrame:
    """One row an account of the organization."""
    rows = [{name: getattr(record, name) for name in ACCOUNTS.names} for record in known.accounts.values()]
    return frame_of_rows(ACCOUNTS, rows)


def regions_frame(known: Known) -> pd.DataFrame:
    """One row a Region of an account."""
    records = sorted(known.evidence.regions, key=lambda record: (record.account, record.region))
    rows = [
        {
            "account": record.account,
            "region": record.region,
            "status": record.status,
            "enabled": None if record.status is None else record.status in _USABLE,
            "in_scope": record.in_scope,
        }
        for record in records
    ]
    return frame_of_rows(REGIONS, rows)
