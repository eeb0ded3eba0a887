"""Rows of a table for checks: Python values, made only for the rows and columns that are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.model import Row, utc_text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class Columns(dict[str, list[Any]]):
    """Columns of *table* at *positions* as JSON values, by name; each is made at its first use.

    Raises KeyError for a column that the table does not have.
    """

    def __init__(self, table: pd.DataFrame, positions: np.ndarray[Any, np.dtype[np.intp]]) -> None:
        super().__init__()
        self.table = table
        self.positions = positions

    def __missing__(self, name: str) -> list[Any]:
        values = self[name] = python_values(self.table[name].take(self.positions))
        return values


def rows_at(table: pd.DataFrame, positions: np.ndarray[Any, np.dtype[np.intp]]) -> Iterator[Row]:
    """The rows of *table* at *positions*; a column becomes Python values at its first use."""
    columns = Columns(table, positions)
    return (_LazyRow(columns, number) for number in range(len(positions)))


@dataclass(frozen=True, slots=True)
class _LazyRow(Mapping[str, Any]):
    columns: Columns
    number: int

    def __getitem__(self, name: str) -> Any:
        return self.columns[name][self.number]

    def __iter__(self) -> Iterator[str]:
        return (str(name) for name in self.columns.table.columns)

    def __len__(self) -> int:
        return len(self.columns.table.columns)


def occurrences(
    table: pd.DataFrame, identity: Sequence[str], positions: np.ndarray[Any, np.dtype[np.intp]]
) -> list[int]:
    """For each of *positions*: 1 where the row is the first of *table* with its *identity*, 2 for the second …

    Without an *identity* every row is the first, because its key identifies it, and keys are unique.
    """
    if not identity or not len(positions):
        return [1] * len(positions)
    before = table.groupby(list(identity), sort=False, dropna=False, observed=True).cumcount()
    return [int(number) + 1 for number in before.to_numpy()[positions]]


def python_values(values: pd.Series[Any]) -> list[Any]:
    """JSON values of a column: None for every kind of null, ISO text for times, no numpy scalars."""
    import numpy as np

    plain = values.astype(object)
    times = values.dtype.kind == "M"
    return [
        None if null else utc_text(value) if times else value.item() if isinstance(value, np.generic) else value
        for value, null in zip(plain.tolist(), plain.isna().tolist(), strict=True)
    ]


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Every row of *table* by column name, None for every kind of null; for tables of a few thousand rows."""
    plain = table.astype(object)
    records = plain.where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in records]
