"""Frames of declared tables for tests: the columns that a test names, the declared type and null for all others."""

from __future__ import annotations

import pandas as pd

from checks.tables import Table, Type

DTYPES = {Type.TEXT: "string", Type.BOOLEAN: "boolean", Type.INTEGER: "Int64", Type.TIME: "datetime64[us, UTC]"}

KEYS = {
    "account": "111111111111",
    "region": "eu-west-1",
    "source_account": "111111111111",
    "source_region": "eu-west-1",
    "destination_account": "222222222222",
    "destination_region": "eu-central-1",
    "repository": "team-a/app",
    "rule": 1,
    "statement": 1,
    "prefix": "team-a",
    "digest": "sha256:0",
    "gap": 1,
    "file": "waivers.yaml",
    "waiver": 1,
}


def frame(table: Table, rows: list[dict]) -> pd.DataFrame:
    """Rows of *table*; what a row does not say is its key's usual value, or null."""
    unknown = {name for row in rows for name in row} - set(table.names)
    if unknown:
        raise ValueError(f"table {table.name} has no column {', '.join(sorted(unknown))}")
    filled = [{**{name: KEYS[name] for name in table.key if name in KEYS}, **row} for row in rows]
    return pd.DataFrame(
        {
            column.name: pd.Series([row.get(column.name) for row in filled], dtype=DTYPES[column.type])
            for column in table.columns
        }
    )
