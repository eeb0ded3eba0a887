"""What can go wrong with a store, in words that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


class StoreError(Exception):
    """The store cannot be opened, read or written; the message says what to do."""


class NoSuchRunError(StoreError):
    """No stored run has that id."""


@contextmanager
def kept_in(folder: Path, what: str) -> Iterator[None]:
    """Say *what* could not be kept in *folder*, and why, where the disk or the database refuses."""
    try:
        yield
    except OSError as error:
        advice = "make room there, or choose another with --store"
        raise StoreError(f"{what} could not be kept in {folder}: {error.strerror or error}; {advice}") from error
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"{what} could not be kept: {first_line(error)}") from error


@contextmanager
def read_from(name: str) -> Iterator[None]:
    """Say that the database *name* is damaged, or somebody else's, where its rows are not what was written."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, ValueError, TypeError, KeyError, AttributeError) as error:
        advice = "restore it from a backup, or choose another with --store"
        raise StoreError(f"the store {name} is damaged: {first_line(error)}; {advice}") from error


def first_line(error: Exception) -> str:
    """The first line of an error's words: database drivers add the statement and its values below."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
