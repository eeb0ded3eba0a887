"""The location of a store, and the connection to its database after its schema was created or verified."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.errors import StoreError, translate_read_errors
from audit.store.evidence_store import EvidenceStore, open_evidence_store

if TYPE_CHECKING:
    from alembic.config import Config

CONNECT_SECONDS = 10
"""How long a database server may take to accept a connection."""
BUSY_SECONDS = 30
"""How long a writer waits for other writers."""
_ADVISORY = 0x6563722D61756469
"""Key of PostgreSQL's advisory lock for creating and changing tables: `ecr-audi`, as a number."""
_MIGRATIONS = Path(__file__).with_name("migrations")
_EVIDENCE = "evidence"
_LONGEST_LOCATION = 200
_DIALECTS = ("sqlite", "postgresql")


def default_folder() -> Path:
    """The platform's folder for this user's data (`~/.local/share/ecr-audit` on Linux)."""
    import platformdirs

    return Path(platformdirs.user_data_dir("ecr-audit", appauthor=False))


def database_and_folder(url: str | None) -> tuple[sa.URL, Path]:
    """The database URL and the folder of a store, for the argument of `open_store`.

    Raises StoreError for what is neither a folder nor a persistent database.
    """
    if not url or "://" not in url:
        folder = Path(url) if url else default_folder()
        return sa.URL.create("sqlite", database=str((folder / "ecr-audit.db").absolute())), folder
    parsed = _parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return parsed, default_folder()
    if not parsed.database or parsed.database == ":memory:" or "mode=memory" in url:
        raise StoreError("an in-memory SQLite database does not store anything; set --store to a folder")
    return parsed, Path(parsed.database).absolute().parent


def display_url(url: sa.URL) -> str:
    """*url* for messages: without a password, and without options, which may contain one."""
    return url.set(query={}).render_as_string(hide_password=True)


def open_engine(url: sa.URL) -> sa.Engine:
    """Connections to the database. Raises StoreError where its driver is not installed."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url)
        sa.event.listen(engine, "connect", _configure_sqlite)
        return engine
    settings: dict[str, Any] = {}
    if url.get_driver_name() == "psycopg":
        settings = {
            # No server-side prepared statements, so that a connection pooler can share connections.
            "prepare_threshold": None,
            # A lost server is detected within a minute, also while waiting for its response.
            "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
            "application_name": "ecr-audit", "connect_timeout": CONNECT_SECONDS,
        }  # fmt: skip
    settings = {name: value for name, value in settings.items() if name not in url.query}
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args=settings)
    except ModuleNotFoundError as error:
        advice = "install it with: pip install 'ecr-audit[postgres]'"
        raise StoreError(
            f"the store {display_url(url)} needs the driver {error.name}, which is not installed; {advice}"
        ) from error


def prepare(engine: sa.Engine, name: str) -> None:
    """Create the schema of the store *name* where it is new. Raises StoreError for another schema revision."""
    with engine.connect() as connection:
        revision = revision_in(connection, name)
    if revision is None:
        with sole_access(engine) as connection:
            revision = revision_in(connection, name) or _begin(connection)
    if revision != schema.REVISION:
        refuse_unknown(revision, name)
        raise StoreError(
            f"the store {name} was written by an older version of ecr-audit "
            f"(schema {revision}, now {schema.REVISION}); "
            f"`ecr-audit store upgrade` with the same --store upgrades it; no run is lost"
        )


def agreed_location(engine: sa.Engine, wanted: str, folder: Path, name: str) -> EvidenceStore:
    """The location of the evidence: the one that was recorded first.

    *wanted*: the requested location; empty: none. Raises StoreError where it differs from the recorded one.
    """
    with engine.connect() as connection:
        recorded = connection.scalar(_about_value(_EVIDENCE)) or ""
        begun = connection.scalar(sa.select(schema.runs.c.id).limit(1)) is not None
    identity = identity_of(engine)
    place = open_evidence_store(recorded or wanted, folder)
    if not wanted or recorded:
        if wanted and open_evidence_store(wanted, folder).name != place.name:
            raise _location_fixed(name, place.name)
        if not place.name.startswith("s3://"):  # a bucket was claimed when it was recorded
            place.claim(identity)
        return place
    if begun and place.name != open_evidence_store("", folder).name:
        raise _location_fixed(name, open_evidence_store("", folder).name)
    if len(place.name) > _LONGEST_LOCATION:
        raise StoreError(f"--evidence is longer than {_LONGEST_LOCATION} characters; choose a shorter one")
    place.claim(identity)
    try:
        with engine.begin() as connection:
            connection.execute(schema.about.insert().values(name=_EVIDENCE, value=place.name))
    except sa.exc.IntegrityError:  # another process recorded a location at the same moment
        return agreed_location(engine, wanted, folder, name)
    return place


def identity_of(engine: sa.Engine) -> str:
    """The store's random identity, which marks its evidence location."""
    with translate_read_errors(display_url(engine.url)), engine.connect() as connection:
        found: str = connection.execute(_about_value("identity")).scalar_one()
    return found


def _location_fixed(name: str, place: str) -> StoreError:
    return StoreError(
        f"the store {name} stores its evidence in {place}, and this cannot be changed; "
        "omit --evidence (ECR_AUDIT_EVIDENCE), or create another store with --store"
    )


def migrations() -> Config:
    """Alembic's configuration with the folder of the revisions."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def refuse_unknown(revision: str, name: str) -> None:
    """Raise StoreError for a *revision* that this program does not have."""
    from alembic.script import ScriptDirectory

    if revision not in {script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()}:
        raise StoreError(
            f"the store {name} has schema {revision[:40]!r}, which this version of ecr-audit does not support: "
            "a newer version wrote it; update ecr-audit, or choose another store with --store"
        )


@contextmanager
def sole_access(engine: sa.Engine) -> Iterator[sa.Connection]:
    """An exclusive transaction for creating and changing tables."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Python's driver does not start a transaction before CREATE TABLE.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
        yield connection


def _parse_url(url: str) -> sa.URL:
    """*url* with the bundled driver. Errors never quote it, because it may contain a password."""
    try:
        parsed = sa.make_url(url)
        # The names that PostgreSQL's tools and most platforms use.
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError("--store is neither a folder nor a valid database URL; see --help") from error
    if backend not in _DIALECTS:
        raise StoreError(f"--store cannot be {backend}://…: a store is a folder, or postgresql://USER@HOST/DATABASE")
    return parsed


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")


def revision_in(connection: sa.Connection, name: str) -> str | None:
    """The revision of the store *name*; None where there is no store yet.

    Raises StoreError where the tables belong to another program, or to a version before the first release.
    """
    present = set(sa.inspect(connection).get_table_names())
    ours = sorted(schema.metadata.tables.keys() & present)
    stamped = schema.revisions.name in present
    if stamped and schema.about.name in present:
        found = connection.scalars(sa.select(schema.revisions.c.version_num)).all()
        if len(found) != 1:
            raise StoreError(
                f"the store {name} is damaged: it has {len(found)} schema revisions; restore it from a backup"
            )
        return str(found[0])
    if ours or stamped:
        raise StoreError(
            f"the store {name} has tables named {', '.join(ours or [schema.revisions.name])} that "
            "no released version of ecr-audit created; choose a separate folder or database with --store"
        )
    return None


def _about_value(name: str) -> sa.Select[Any]:
    return sa.select(schema.about.c.value).where(schema.about.c.name == name)


def _begin(connection: sa.Connection) -> str:
    """Create a new database as Alembic recommends: the current tables, stamped with the newest revision."""
    schema.metadata.create_all(connection)
    schema.revisions.create(connection)
    connection.execute(schema.revisions.insert().values(version_num=schema.REVISION))
    connection.execute(schema.about.insert().values(name="identity", value=uuid.uuid4().hex))
    return schema.REVISION
