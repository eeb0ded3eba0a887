"""The structure of a table, and columns that several tables share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """Type of a column in pandas and Parquet."""

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
    """Format string over the columns: the name of a row in a report."""
    two_sided: bool = False
    """Whether rows have a source and a destination; a check then defines the side of its findings."""
    identity: tuple[str, ...] = ()
    """Columns whose values identify a row over runs, where the key has positions that can change; empty: the key.

    Rows that agree in all of them are distinguished by their order in the table.
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
    """A column of times, UTC."""
    return Column(name, Type.TIME, meaning)


ACCOUNT = text("account", "Account id, twelve digits")
REGION = text("region", "Region name")
LINK_KEY = (
    text("source_account", "Account whose registry replicates"),
    text("source_region", "Region whose registry replicates"),
    text("destination_account", "Account that receives the replicas"),
    text("destination_region", "Region that receives the replicas"),
)
