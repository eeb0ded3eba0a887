"""An older store brought up to date, in one transaction: whatever happens meanwhile, it is either old or new."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from audit.store import schema
from audit.store.connection import engine_of, migrations, place_of, refuse_unknown, revision_in, shown, sole_access
from audit.store.errors import StoreError, first_line, hint

_TABLES = ("about", "runs", "findings")
"""Of every revision."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did, or would do."""

    store: str
    """Its URL, without a password."""
    before: str
    """The schema's revision; empty: there is no store yet."""
    after: str

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return self.before not in ("", self.after)


def planned(url: str | None) -> Upgrade:
    """What `upgrade` would do; nothing is changed, and no store is begun. Raises StoreError where it cannot."""
    parsed, _ = place_of(url)
    name = shown(parsed)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return Upgrade(name, "", schema.REVISION)
    engine = engine_of(parsed)
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
    """Bring a store up to date. Several at once wait for each other; one that is killed has changed nothing.

    Raises StoreError for a schema that this program does not know, and where the database refuses.
    """
    plan = planned(url)
    if not plan.needed:
        return plan
    engine = engine_of(place_of(url)[0])
    try:
        with sole_access(engine) as connection:
            if revision_in(connection, plan.store) == schema.REVISION:  # another one was quicker
                return plan
            _complete(connection, plan.store)
            _migrate(connection)
    except sa.exc.SQLAlchemyError as error:
        said = f"{first_line(error)}{hint(error)}"
        raise StoreError(f"the store {plan.store} could not be upgraded, and is as it was: {said}") from error
    finally:
        engine.dispose()
    return plan


def _complete(connection: sa.Connection, name: str) -> None:
    """Refuse what is no store of any revision: the steps would fail half-way with words that help no one."""
    missing = sorted(set(_TABLES) - set(sa.inspect(connection).get_table_names()))
    if missing:
        raise StoreError(f"the store {name} is damaged: it has no table {missing[0]}; restore it from a backup")


def _migrate(connection: sa.Connection) -> None:
    from alembic import command

    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
