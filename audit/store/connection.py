"""Where a store lies, and its database once its tables exist and are those that this program knows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.errors import StoreError, read_from
from audit.store.evidence_store import EvidenceStore, open_evidence_store

if TYPE_CHECKING:
    from alembic.config import Config

CONNECT_SECONDS = 10
"""How long a database server may take to answer at all."""
BUSY_SECONDS = 30
"""How long a writer waits for others."""
_ADVISORY = 0x6563722D61756469
"""Name of PostgreSQL's advisory lock for making and changing tables: `ecr-audi`, as a number."""
_MIGRATIONS = Path(__file__).with_name("migrations")
_EVIDENCE = "evidence"
_LONGEST = 200
_DIALECTS = ("sqlite", "postgresql")


def default_folder() -> Path:
    """The platform's folder for this user's data (`~/.local/share/ecr-audit` on Linux)."""
    import platformdirs

    return Path(platformdirs.user_data_dir("ecr-audit", appauthor=False))


def place_of(url: str | None) -> tuple[sa.URL, Path]:
    """The database's URL and the folder of the files for what a user calls a store; as for `open_store`.

    Raises StoreError for what is neither a folder nor a database that keeps anything.
    """
    if not url or "://" not in url:
        folder = Path(url) if url else default_folder()
        return sa.URL.create("sqlite", database=str((folder / "ecr-audit.db").absolute())), folder
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return parsed, default_folder()
    if not parsed.database or parsed.database == ":memory:" or "mode=memory" in url:
        raise StoreError("an SQLite database in memory keeps nothing; give --store a folder")
    return parsed, Path(parsed.database).absolute().parent


def shown(url: sa.URL) -> str:
    """*url* as messages may show it: without a password, and without options, which may hold one too."""
    return url.set(query={}).render_as_string(hide_password=True)


def engine_of(url: sa.URL) -> sa.Engine:
    """Connections to the database. Raises StoreError where its driver is not installed."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url)
        sa.event.listen(engine, "connect", _careful_sqlite)
        return engine
    settings: dict[str, Any] = {}
    if url.get_driver_name() == "psycopg":
        settings = {
            # No statement is prepared on the server, so that a pooler between may hand on connections.
            "prepare_threshold": None,
            # A server that vanished is noticed within a minute, also while its answer is waited for.
            "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
            "application_name": "ecr-audit", "connect_timeout": CONNECT_SECONDS,
        }  # fmt: skip
    settings = {name: value for name, value in settings.items() if name not in url.query}
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args=settings)
    except ModuleNotFoundError as error:
        advice = "install it with: pip install 'ecr-audit[postgres]'"
        raise StoreError(f"the store {shown(url)} needs the driver {error.name}, which is missing; {advice}") from error


def prepare(engine: sa.Engine, name: str) -> None:
    """Begin the store *name* where it is new. Raises StoreError where its schema is not this program's."""
    with engine.connect() as connection:
        revision = revision_in(connection, name)
    if revision is None:
        with sole_access(engine) as connection:
            revision = revision_in(connection, name) or _begin(connection)
    if revision != schema.REVISION:
        refuse_unknown(revision, name)
        raise StoreError(
            f"the store {name} was written by an older ecr-audit (schema {revision}, now {schema.REVISION}); "
            f"`ecr-audit store upgrade` with the same --store brings it up to date; no run is lost"
        )


def agreed_place(engine: sa.Engine, wanted: str, folder: Path, name: str) -> EvidenceStore:
    """Where the evidence lies: as it was said first, for everybody who opens the store.

    *wanted*: what is said now; empty: nothing. Raises StoreError where that is another place.
    """
    with engine.connect() as connection:
        remembered = connection.scalar(_said(_EVIDENCE)) or ""
        begun = connection.scalar(sa.select(schema.runs.c.id).limit(1)) is not None
    identity = identity_of(engine)
    place = open_evidence_store(remembered or wanted, folder)
    if not wanted or remembered:
        if wanted and open_evidence_store(wanted, folder).name != place.name:
            raise _elsewhere(name, place.name)
        if not place.name.startswith("s3://"):  # a bucket was asked when it was named first
            place.claim(identity)
        return place
    if begun and place.name != open_evidence_store("", folder).name:
        raise _elsewhere(name, open_evidence_store("", folder).name)
    if len(place.name) > _LONGEST:
        raise StoreError(f"--evidence is longer than {_LONGEST} characters; choose a shorter one")
    place.claim(identity)
    try:
        with engine.begin() as connection:
            connection.execute(schema.about.insert().values(name=_EVIDENCE, value=place.name))
    except sa.exc.IntegrityError:  # another one said it at the same moment, perhaps the same
        return agreed_place(engine, wanted, folder, name)
    return place


def identity_of(engine: sa.Engine) -> str:
    """The store's random name, by which places know it."""
    with read_from(shown(engine.url)), engine.connect() as connection:
        found: str = connection.execute(_said("identity")).scalar_one()
    return found


def _elsewhere(name: str, place: str) -> StoreError:
    return StoreError(
        f"the store {name} keeps its evidence in {place}, and that cannot be changed; "
        "leave --evidence (ECR_AUDIT_EVIDENCE) out, or begin another store with --store"
    )


def migrations() -> Config:
    """Alembic's configuration: where the revisions lie."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def refuse_unknown(revision: str, name: str) -> None:
    """Raise StoreError for a *revision* of which this program has no file."""
    from alembic.script import ScriptDirectory

    if revision not in {script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()}:
        raise StoreError(
            f"the store {name} has schema {revision[:40]!r}, which this ecr-audit does not know: a newer one wrote it; "
            "update this one, or choose another store with --store"
        )


@contextmanager
def sole_access(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction, tables included, that no other one of these runs beside."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Python's driver begins no transaction before CREATE TABLE by itself.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
        yield connection


def _parsed(url: str) -> sa.URL:
    """*url* with the driver that we bring. Never repeats it, for it may hold a password."""
    try:
        parsed = sa.make_url(url)
        # What the server's own tools and most platforms call it.
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError("--store is neither a folder nor a database URL that can be read; see --help") from error
    if backend not in _DIALECTS:
        raise StoreError(f"--store cannot be {backend}://…: a store is a folder, or postgresql://USER@HOST/DATABASE")
    return parsed


def _careful_sqlite(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")


def revision_in(connection: sa.Connection, name: str) -> str | None:
    """The revision of the store *name*; None where there is no store yet.

    Raises StoreError where the tables are another program's, or of an ecr-audit before the first release.
    """
    present = set(sa.inspect(connection).get_table_names())
    ours = sorted(schema.metadata.tables.keys() & present)
    stamped = schema.revisions.name in present
    if stamped and schema.about.name in present:
        found = connection.scalars(sa.select(schema.revisions.c.version_num)).all()
        if len(found) != 1:
            raise StoreError(f"the store {name} is damaged: it names {len(found)} schemas; restore it from a backup")
        return str(found[0])
    if ours or stamped:
        raise StoreError(
            f"the store {name} holds tables called {', '.join(ours or [schema.revisions.name])} and does not say that "
            "a released ecr-audit made them; give ecr-audit a folder or a database of its own with --store"
        )
    return None


def _said(name: str) -> sa.Select[Any]:
    return sa.select(schema.about.c.value).where(schema.about.c.name == name)


def _begin(connection: sa.Connection) -> str:
    """Alembic's recipe for a new database: the tables of today, stamped with the newest revision."""
    schema.metadata.create_all(connection)
    schema.revisions.create(connection)
    connection.execute(schema.revisions.insert().values(version_num=schema.REVISION))
    connection.execute(schema.about.insert().values(name="identity", value=uuid.uuid4().hex))
    return schema.REVISION
