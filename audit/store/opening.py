"""Where a store lies, and its database once its tables exist and are those that this program knows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.errors import StoreError

_LOOKS = 20
"""How often a store is looked at while others begin it: each look finds at least one more table there."""


def default_folder() -> Path:
    """The platform's folder for this user's data (`~/.local/share/ecr-audit` on Linux)."""
    import platformdirs

    return Path(platformdirs.user_data_dir("ecr-audit", appauthor=False))


def place_of(url: str | None) -> tuple[str, Path]:
    """The database's URL and the folder of the files for what a user calls a store; as for `open_store`.

    Raises StoreError for what is neither a folder nor a database that keeps anything.
    """
    if url is None or "://" not in url:
        folder = Path(url) if url else default_folder()
        return f"sqlite:///{(folder / 'ecr-audit.db').absolute()}", folder
    return url, _folder_beside(url) or default_folder()


def without_password(url: str) -> str:
    """*url* as messages may show it."""
    return sa.make_url(url).render_as_string(hide_password=True)


def prepare(engine: sa.Engine, name: str) -> None:
    """Begin the store *name* where it is new. Raises StoreError where its schema is not this program's."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _careful_sqlite)
    version = _begun(engine)
    if not version.isdecimal():
        raise StoreError(f"the store {name} is damaged: its schema is {version!r}; choose another with --store")
    if int(version) > schema.VERSION:
        raise StoreError(f"the store was written by a newer ecr-audit (schema {version}); update this one")
    if int(version) < schema.VERSION:
        raise StoreError(
            f"the store {name} was written by an older ecr-audit (schema {version}); this one keeps "
            f"schema {schema.VERSION}: choose another with --store"
        )


def _folder_beside(url: str) -> Path | None:
    """Where an SQLite database lies; None for a server's. Never repeats *url*, which may hold a password."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError("--store is neither a folder nor a database URL that can be read; see --help") from error
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:" or "mode=memory" in url:
        raise StoreError("an SQLite database in memory keeps nothing; give --store a folder")
    return Path(parsed.database).absolute().parent


def _careful_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=10000")


def _begun(engine: sa.Engine) -> str:
    """The schema's version, once its tables exist. Several runs may begin one store at the same moment."""
    for _ in range(_LOOKS):
        try:
            return _begin(engine)
        except (sa.exc.OperationalError, sa.exc.ProgrammingError, sa.exc.IntegrityError):
            # Another one may have made a table between our look and our making: look again.
            time.sleep(0.01)
    # A true obstacle is still one, and is told.
    return _begin(engine)


def _begin(engine: sa.Engine) -> str:
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        version = connection.scalar(sa.select(schema.about.c.value).where(schema.about.c.name == "schema"))
        if version is None:
            connection.execute(schema.about.insert().values(name="schema", value=str(schema.VERSION)))
    return str(schema.VERSION) if version is None else str(version)
