"""Columns in their declared types: the last step of every table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from checks.tables import Table, Type

Flags = NDArray[np.int8]
"""Three-valued truth, one a row: `YES`, `NO` or `UNKNOWN`."""
YES, NO, UNKNOWN = 1, 0, -1


def flag(value: bool | None) -> int:
    """*value* as one element of `Flags`."""
    return UNKNOWN if value is None else int(value)


def both(left: Flags, right: Flags) -> Flags:
    """Three-valued *and*, row by row: NO if either side is NO."""
    result = np.full(len(left), UNKNOWN, dtype=np.int8)
    result[(left == YES) & (right == YES)] = YES
    result[(left == NO) | (right == NO)] = NO
    return result


def compact(value: object) -> str:
    """*value* as compact JSON text, the form of every list and document in the tables."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def frame(table: Table, columns: Mapping[str, Any]) -> pd.DataFrame:
    """A frame with exactly the declared columns of *table*, in order, in their declared types.

    A column is a list with None for unknown values, `Flags` for a flag, seconds since the epoch for a time, or
    already a pandas array. Raises ValueError when *columns* are not those that *table* declares.
    """
    if set(columns) != set(table.names):
        raise ValueError(f"columns of {table.name} differ from its declaration: {set(columns) ^ set(table.names)}")
    return pd.DataFrame(
        {column.name: _typed(column.type, columns[column.name]) for column in table.columns}, copy=False
    )


def frame_of_rows(table: Table, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """As `frame`, from one mapping a row: for small tables. KeyError where a row lacks a column."""
    held = list(rows)
    return frame(table, {name: [row[name] for row in held] for name in table.names})


def integers(numbers: NDArray[np.float64], valid: NDArray[np.bool_]) -> pd.arrays.IntegerArray:
    """Whole *numbers* as nullable integers, null where *valid* is false."""
    return pd.arrays.IntegerArray(np.where(valid, numbers, 0).astype(np.int64), ~valid)


def times(seconds: Sequence[float | None] | NDArray[np.float64]) -> pd.Series:
    """Seconds since the epoch, None or NaN where unknown, as `datetime64[us, UTC]`."""
    numbers = np.asarray(seconds, dtype="float64")
    valid = ~np.isnan(numbers)
    micros = np.full(len(numbers), np.iinfo("int64").min, dtype="int64")
    micros[valid] = np.round(numbers[valid] * 1e6).astype("int64")
    return pd.Series(micros.view("datetime64[us]")).dt.tz_localize("UTC")


def _typed(kind: Type, values: Any) -> Any:
    if isinstance(values, pd.api.extensions.ExtensionArray | pd.Series):
        return values
    if kind is Type.TEXT:
        return pd.array(values, dtype="str")
    if kind is Type.TIME:
        return times(values)
    if kind is Type.INTEGER:
        return pd.array(values, dtype="Int64")
    if isinstance(values, np.ndarray):
        return pd.arrays.BooleanArray(values == YES, values == UNKNOWN)
    return pd.array(values, dtype="boolean")
