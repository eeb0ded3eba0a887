"""Rows of a table as checks see them: Python values, made only for the rows and columns that somebody asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks.model import Row, utc_text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(slots=True)
class Rows:
    """The rows of *table* at *positions*; a column becomes Python values when it is first asked for."""

    table: pd.DataFrame
    positions: np.ndarray[Any, np.dtype[np.intp]]
    _columns: dict[str, list[Any]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Row]:
        return (_LazyRow(self, number) for number in range(len(self.positions)))

    def column(self, name: str) -> list[Any]:
        """Values of column *name* as JSON values; KeyError if the table has none."""
        if name not in self._columns:
            self._columns[name] = python_values(self.table[name].take(self.positions))
        return self._columns[name]


@dataclass(frozen=True, slots=True)
class _LazyRow(Mapping[str, Any]):
    rows: Rows
    number: int

    def __getitem__(self, name: str) -> Any:
        return self.rows.column(name)[self.number]

    def __iter__(self) -> Iterator[str]:
        return (str(name) for name in self.rows.table.columns)

    def __len__(self) -> int:
        return len(self.rows.table.columns)


def python_values(values: pd.Series[Any]) -> list[Any]:
    """JSON values of a column: None for every kind of null, ISO text for times, no numpy scalars."""
    import numpy as np

    plain = values.astype(object)
    times = values.dtype.kind == "M"
    return [
        None if null else utc_text(value) if times else value.item() if isinstance(value, np.generic) else value
        for value, null in zip(plain.tolist(), plain.isna().tolist(), strict=True)
    ]
