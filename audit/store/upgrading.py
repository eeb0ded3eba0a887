"""Upgrades an older store in one transaction: if it fails, the store is unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from audit.store import schema
from audit.store.connection import (
    database_and_folder,
    display_url,
    migrations,
    open_engine,
    refuse_unknown,
    revision_in,
    sole_access,
)
from audit.store.errors import StoreError, first_line, hint

_TABLES = ("about", "runs", "findings")
"""Of every revision."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The result or the plan of an upgrade."""

    store: str
    """Its URL, without a password."""
    before: str
    """The schema's revision; empty: there is no store yet."""
    after: str

    @property
    def needed(self) -> bool:
        """Whether an upgrade is needed."""
        return self.before not in ("", self.after)


def planned(url: str | None) -> Upgrade:
    """What `upgrade` would do; nothing is changed or created. Raises StoreError where the store cannot be upgraded."""
    parsed, _ = database_and_folder(url)
    name = display_url(parsed)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return Upgrade(name, "", schema.REVISION)
    engine = open_engine(parsed)
    try:
        with engine.connect() as connection:
            revision = revision_in(connection, name)
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the store {name} cannot be read: {first_line(error)}{hint(error)}") from error
    finally:
        engine.dispose()
    if revision is None:
        return Upgrade(name, "", schema.REVISION)
    if revision != schema.REVISION:
        refuse_unknown(revision, name)
    return Upgrade(name, revision, schema.REVISION)


def upgrade(url: str | None) -> Upgrade:
    """Upgrade a store. Concurrent upgrades wait for each other; one that is killed has changed nothing.

    Raises StoreError for an unknown schema, and where the database reports an error.
    """
    plan = planned(url)
    if not plan.needed:
        return plan
    engine = open_engine(database_and_folder(url)[0])
    try:
        with sole_access(engine) as connection:
            if revision_in(connection, plan.store) == schema.REVISION:  # another process upgraded it meanwhile
                return plan
            _require_tables(connection, plan.store)
            _migrate(connection)
    except sa.exc.SQLAlchemyError as error:
        message = f"{first_line(error)}{hint(error)}"
        raise StoreError(f"the store {plan.store} could not be upgraded and is unchanged: {message}") from error
    finally:
        engine.dispose()
    return plan


def _require_tables(connection: sa.Connection, name: str) -> None:
    """Raise StoreError where tables of every revision are missing: migrations would fail with an unclear message."""
    missing = sorted(set(_TABLES) - set(sa.inspect(connection).get_table_names()))
    if missing:
        raise StoreError(f"the store {name} is damaged: it has no table {missing[0]}; restore it from a backup")


def _migrate(connection: sa.Connection) -> None:
    from alembic import command

    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
