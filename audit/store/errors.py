"""What can go wrong with a store, in words that say what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

DatabaseError = sa.exc.SQLAlchemyError
"""What the driver of the database raises, for callers that must tell it from other errors."""


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
        forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        advice = "let it be written there" if forbidden else "make room there"
        raise StoreError(
            f"{what} could not be kept in {folder}: {error.strerror or error}; {advice}, or choose another with --store"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"{what} could not be kept: {first_line(error)}{hint(error)}") from error


@contextmanager
def read_from(name: str) -> Iterator[None]:
    """Say that the database *name* does not answer, is damaged, or is somebody else's."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, ValueError, TypeError, KeyError, AttributeError) as error:
        if advice := hint(error):
            raise StoreError(f"the store {name} cannot be read: {first_line(error)}{advice}") from error
        advice = "restore it from a backup, or choose another with --store"
        raise StoreError(f"the store {name} is damaged: {first_line(error)}; {advice}") from error


def first_line(error: Exception) -> str:
    """The first line of an error's words: database drivers add the statement and its values below."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


_SQLITE = {
    "SQLITE_BUSY": "another process has been writing for long; try again",
    "SQLITE_LOCKED": "another process has been writing for long; try again",
    "SQLITE_FULL": "make room there",
    "SQLITE_READONLY": "its folder and files must be writable, for reading too",
    "SQLITE_CANTOPEN": "its folder and files must be readable and writable",
}
"""What to do about what SQLite answers (sqlite.org/rescode.html); a longer code begins with the name of its kind."""


def hint(error: Exception) -> str:
    """What to do where a database is whole but does not do as told; empty where nothing is known."""
    if not isinstance(error, sa.exc.DBAPIError):
        return ""
    code = getattr(error.orig, "sqlite_errorname", None)
    if code is not None:
        return next((f"; {advice}" for name, advice in _SQLITE.items() if str(code).startswith(name)), "")
    if error.connection_invalidated or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return "; try again when the server answers"
    return ""
