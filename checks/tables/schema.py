"""What a table is made of, and the columns that several share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """How a column is held in pandas and Parquet."""

    TEXT = "text"
    """pandas string or category; null is missing."""
    BOOLEAN = "boolean"
    """pandas nullable boolean: three-valued."""
    INTEGER = "integer"
    """pandas nullable Int64."""
    TIME = "time"
    """datetime64[us, UTC]."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type and meaning."""

    name: str
    type: Type
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table. `key` is its grain: one row for each distinct key."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    label: str
    """Format string over the columns: how a row is called in a report."""
    two_sided: bool = False
    """Whether rows have a source and a destination; a check then says on which side its finding lies."""
    identity: tuple[str, ...] = ()
    """Columns whose values name a row over runs, where the key counts positions that move; empty: the key.

    Rows that agree in all of them are told apart by their order in the table.
    """

    def column(self, name: str) -> Column:
        """The column called *name*; KeyError if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)


def text(name: str, meaning: str) -> Column:
    """A column of text."""
    return Column(name, Type.TEXT, meaning)


def flag(name: str, meaning: str) -> Column:
    """A three-valued column."""
    return Column(name, Type.BOOLEAN, meaning)


def count(name: str, meaning: str) -> Column:
    """A column of whole numbers."""
    return Column(name, Type.INTEGER, meaning)


def time(name: str, meaning: str) -> Column:
    """A column of moments, UTC."""
    return Column(name, Type.TIME, meaning)


ACCOUNT = text("account", "Account id, twelve digits")
REGION = text("region", "Region name")
LINK_KEY = (
    text("source_account", "Account whose registry replicates"),
    text("source_region", "Region whose registry replicates"),
    text("destination_account", "Account that receives the copies"),
    text("destination_region", "Region that receives the copies"),
)
