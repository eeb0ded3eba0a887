"""Errors of a store; their messages say what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

DatabaseError = sa.exc.SQLAlchemyError
"""The base class of database errors, for callers that must distinguish them from other errors."""


class StoreError(Exception):
    """The store cannot be opened, read or written; the message says what to do."""


class NoSuchRunError(StoreError):
    """There is no stored run with that id."""


@contextmanager
def translate_write_errors(folder: Path, what: str) -> Iterator[None]:
    """Raise StoreError, with the reason, where the disk or the database does not store *what* in *folder*."""
    try:
        yield
    except OSError as error:
        forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        advice = "make it writable" if forbidden else "free some disk space"
        raise StoreError(
            f"{what} could not be stored in {folder}: {error.strerror or error}; "
            f"{advice}, or choose another one with --store"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"{what} could not be stored: {first_line(error)}{hint(error)}") from error


@contextmanager
def translate_read_errors(name: str) -> Iterator[None]:
    """Raise StoreError where the database *name* does not answer, is damaged, or belongs to another program."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, ValueError, TypeError, KeyError, AttributeError) as error:
        if advice := hint(error):
            raise StoreError(f"the store {name} cannot be read: {first_line(error)}{advice}") from error
        advice = "restore it from a backup, or choose another one with --store"
        raise StoreError(f"the store {name} is damaged: {first_line(error)}; {advice}") from error


def first_line(error: Exception) -> str:
    """The first line of an error message: database drivers append the statement and its values."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


_SQLITE = {
    "SQLITE_BUSY": "another process has locked the database; try again",
    "SQLITE_LOCKED": "another process has locked the database; try again",
    "SQLITE_FULL": "free some disk space",
    "SQLITE_READONLY": "its folder and files must be writable, for reading too",
    "SQLITE_CORRUPT": "restore it from a backup, or choose another one with --store",
    "SQLITE_CANTOPEN": "its folder and files must be readable and writable",
}
"""What to do about SQLite's error codes (sqlite.org/rescode.html); extended codes start with the primary code."""


def hint(error: Exception) -> str:
    """Advice on an error of the database itself; empty where there is none."""
    if not isinstance(error, sa.exc.DBAPIError):
        return ""
    code = getattr(error.orig, "sqlite_errorname", None)
    if code is not None:
        return next((f"; {advice}" for name, advice in _SQLITE.items() if str(code).startswith(name)), "")
    if error.connection_invalidated or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return "; try again when the database server is available"
    return ""
