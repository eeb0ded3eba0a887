"""An older store brought up to date, in one transaction: whatever happens meanwhile, it is either old or new."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from audit.store import schema
from audit.store.errors import StoreError, first_line, hint
from audit.store.opening import engine_of, place_of, refuse_newer, shown, sole_access, version_in, version_of

_TABLES = ("about", "runs", "findings")
_QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did, or would do."""

    store: str
    """Its URL, without a password."""
    before: int
    """The schema's version; 0: there is no store yet."""
    after: int

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return 0 < self.before < self.after


def planned(url: str | None) -> Upgrade:
    """What `upgrade` would do; nothing is changed, and no store is begun. Raises StoreError where it cannot."""
    parsed, _ = place_of(url)
    name = shown(parsed)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return Upgrade(name, 0, schema.VERSION)
    engine = engine_of(parsed)
    try:
        version = version_of(engine)
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the store {name} cannot be read: {first_line(error)}{hint(error)}") from error
    finally:
        engine.dispose()
    if version is None:
        return Upgrade(name, 0, schema.VERSION)
    refuse_newer(version, name)
    return Upgrade(name, int(version), schema.VERSION)


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
            version = version_in(connection)
            if version == str(schema.VERSION):  # another one was quicker
                return plan
            _complete(connection, plan.store)
            _migrate(connection, str(version))
            connection.execute(_set_schema())
    except sa.exc.SQLAlchemyError as error:
        said = f"{first_line(error)}{hint(error)}"
        raise StoreError(f"the store {plan.store} could not be upgraded, and is as it was: {said}") from error
    finally:
        engine.dispose()
    return plan


def _set_schema() -> sa.Update:
    return schema.about.update().where(schema.about.c.name == "schema").values(value=str(schema.VERSION))


def _complete(connection: sa.Connection, name: str) -> None:
    """Refuse what is no store of any version: the steps would fail half-way with words that help nobody."""
    inspector = sa.inspect(connection)
    missing = sorted(set(_TABLES) - set(inspector.get_table_names()))
    if missing:
        raise StoreError(f"the store {name} is damaged: it has no table {missing[0]}; restore it from a backup")
    if _QUESTION not in {column["name"] for column in inspector.get_columns("runs")}:
        raise StoreError(
            f"the store {name} was written by an ecr-audit before the first release, and cannot be upgraded; "
            "begin a new one with --store"
        )


def _migrate(connection: sa.Connection, version: str) -> None:
    """Carry out Alembic's steps from *version* on. `about` tells the version, so Alembic's own table does not stay."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    MigrationContext.configure(connection).stamp(ScriptDirectory.from_config(config), version)
    command.upgrade(config, "head")
    connection.exec_driver_sql("DROP TABLE alembic_version")
