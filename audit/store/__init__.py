"""Run history: a database row for each run, its evidence as files beside it.

A run is written whole or not at all: its folder is completed under a temporary name and renamed,
and only then does its row appear.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from audit.model import Age, Run, RunSummary
from audit.store import schema
from audit.store.ages import aged
from audit.store.checkpoint import request_key
from audit.store.codec import UnreadableError, decode_run, encode_run
from audit.store.errors import NoSuchRunError, StoreError, first_line, kept_in, read_from
from audit.store.files import sha256, sync_folder
from audit.store.line import RunLine, summarize
from checks.model import Severity, Status

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NoSuchRunError", "RunLine", "Store", "StoreError", "UnreadableError", "open_store", "summarize"]


def default_folder() -> Path:
    """The platform's folder for this user's data (`~/.local/share/ecr-audit` on Linux)."""
    import platformdirs

    return Path(platformdirs.user_data_dir("ecr-audit", appauthor=False))


def open_store(url: str | None = None) -> Store:
    """Open, or begin, a store.

    *url*: an SQLAlchemy URL, or a folder; None is the user's data folder. Evidence files lie in the folder,
    or beside the SQLite file; for another database in the user's data folder.
    Raises StoreError with what to do.
    """
    folder = default_folder()
    if url is None or "://" not in url:
        folder = Path(url) if url else folder
        url = f"sqlite:///{(folder / 'ecr-audit.db').absolute()}"
    else:
        folder = _folder_beside(url) or folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url)
        return Store(engine, folder)
    except OSError as error:
        advice = "choose another with --store"
        raise StoreError(f"the store's folder {folder} cannot be used: {error.strerror}; {advice}") from error
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise StoreError(f"the store {_without_password(url)} cannot be opened: {first_line(error)}") from error


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


@dataclass(frozen=True, slots=True)
class Store:
    """Runs by id, newest first."""

    engine: sa.Engine
    folder: Path

    def __post_init__(self) -> None:
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _careful_sqlite)
        version = _begun(self.engine)
        if not version.isdecimal():
            raise StoreError(
                f"the store {self.name} is damaged: its schema is {version!r}; choose another with --store"
            )
        if int(version) > schema.VERSION:
            raise StoreError(f"the store was written by a newer ecr-audit (schema {version}); update this one")
        if int(version) < schema.VERSION:
            raise StoreError(
                f"the store {self.name} was written by an older ecr-audit (schema {version}); this one keeps "
                f"schema {schema.VERSION}: choose another with --store"
            )

    @property
    def name(self) -> str:
        """What messages call it, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def collections(self) -> Path:
        """Folder of collections under way."""
        return self.folder / "collections"

    def run_folder(self, run_id: str) -> Path:
        """Where the files of a run lie."""
        return self.folder / "runs" / run_id

    def save(self, run: Run, tables: Mapping[str, pd.DataFrame]) -> None:
        """Keep a run and its evidence tables. After a crash it is there entirely, or not at all."""
        final = self.run_folder(run.id)
        partial = final.with_name(f".{run.id}.{os.getpid()}.partial")
        try:
            with kept_in(self.folder, "the run"):
                partial.mkdir(parents=True)
                _write_files(partial, run, tables)
                files = {path.name: sha256(path) for path in sorted(partial.iterdir())}
                partial.rename(final)
                sync_folder(final.parent)
                self._insert(run, files)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _insert(self, run: Run, files: Mapping[str, str]) -> None:
        summary, question = summarize(run), _question(run)
        with self.engine.connect() as connection:
            ages = aged(connection, run, question)
        rows = {
            finding.fingerprint: {
                "run": run.id,
                "fingerprint": finding.fingerprint,
                "check": finding.check,
                "status": finding.status.value,
                "severity": finding.severity.value,
                "account": finding.account,
                "region": finding.region,
                "waived": finding.waiver is not None,
                "first_seen": ages[finding.fingerprint][0],
                "seen_runs": ages[finding.fingerprint][1],
            }
            for finding in run.findings
        }
        with self.engine.begin() as connection:
            connection.execute(
                schema.runs.insert().values(
                    id=run.id,
                    started_at=run.started_at.isoformat(),
                    finished_at=run.finished_at.isoformat(),
                    organization=run.organization_name or run.organization_id or run.caller_account,
                    question=question,
                    summary=summary.as_document(),
                    files=dict(files),
                )
            )
            if rows:
                connection.execute(schema.findings.insert(), list(rows.values()))

    def list(self, limit: int | None = None) -> tuple[RunLine, ...]:
        """Summaries, newest first."""
        query = sa.select(schema.runs.c.summary).order_by(schema.runs.c.id.desc()).limit(limit)
        with read_from(self.name), self.engine.connect() as connection:
            return tuple(RunLine.from_document(row) for row in connection.scalars(query))

    def history(self, run: Run, limit: int = 12) -> tuple[RunSummary, ...]:
        """Earlier runs of the same organization and scope, newest first: what *run* can be compared with."""
        query = (
            sa.select(schema.runs.c.id, schema.runs.c.summary)
            .where(schema.runs.c.question == _question(run), schema.runs.c.id < run.id)
            .order_by(schema.runs.c.id.desc())
            .limit(limit)
        )
        with read_from(self.name), self.engine.connect() as connection:
            lines = {row.id: RunLine.from_document(row.summary) for row in connection.execute(query)}
            open_failures: dict[str, dict[str, Severity]] = {identifier: {} for identifier in lines}
            kept = schema.findings.c
            failing = sa.select(kept.run, kept.fingerprint, kept.severity).where(
                kept.run.in_(lines), kept.status == Status.FAIL.value, kept.waived.is_(False)
            )
            for row in connection.execute(failing):
                open_failures[row.run][row.fingerprint] = Severity(row.severity)
        return tuple(line.as_summary(open_failures[identifier]) for identifier, line in lines.items())

    def ages(self, run_id: str) -> dict[str, Age]:
        """How long each failure of a run has been there, by fingerprint."""
        kept = schema.findings.c
        query = sa.select(kept.fingerprint, kept.first_seen, kept.seen_runs).where(
            kept.run == run_id, kept.status == Status.FAIL.value
        )
        with read_from(self.name), self.engine.connect() as connection:
            return {
                row.fingerprint: Age(dt.datetime.fromisoformat(row.first_seen), row.seen_runs)
                for row in connection.execute(query)
            }

    def resolve(self, name: str) -> str:
        """The full id for `latest`, an id, or the beginning of exactly one id. Raises NoSuchRunError."""
        ids = [summary.id for summary in self.list()]
        if name == "latest" and ids:
            return ids[0]
        matches = [name] if name in ids else [run for run in ids if name and run.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        if not ids:
            raise NoSuchRunError("the store holds no run yet; `ecr-audit run` makes one")
        if matches:
            raise NoSuchRunError(f"{name!r} is the beginning of {len(matches)} runs; give more of the id")
        raise NoSuchRunError(f"no run is called {name!r}; `ecr-audit runs list` shows those that are kept")

    def load(self, run_id: str) -> Run:
        """A kept run, checked against its hash. Raises NoSuchRunError or StoreError."""
        with read_from(self.name), self.engine.connect() as connection:
            files = connection.scalar(sa.select(schema.runs.c.files).where(schema.runs.c.id == run_id))
            expected = files["run.json.gz"] if files is not None else ""
        if files is None:
            raise NoSuchRunError(f"no run is called {run_id!r}")
        path = self.run_folder(run_id) / "run.json.gz"
        try:
            if sha256(path) != expected:
                raise StoreError(f"{path} was altered since the run was kept")
            return decode_run(path.read_bytes(), str(path))
        except (OSError, UnreadableError) as error:
            raise StoreError(f"run {run_id} cannot be read: {error}") from error

    def evidence_sum(self, run_id: str) -> str:
        """SHA-256 over `SUM  NAME` lines of a run's kept files, by name: names the evidence in one line of a report."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums(run_id).items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def _sums(self, run_id: str) -> dict[str, str]:
        with read_from(self.name), self.engine.connect() as connection:
            hashes = connection.scalar(sa.select(schema.runs.c.files).where(schema.runs.c.id == run_id))
        if hashes is None:
            raise NoSuchRunError(f"no run is called {run_id!r}")
        return dict(hashes)

    def files(self, run_id: str) -> dict[str, bytes]:
        """Every file of a kept run by name, each checked against its hash. Raises NoSuchRunError or StoreError."""
        found: dict[str, bytes] = {}
        for name, expected in sorted(self._sums(run_id).items()):
            path = self.run_folder(run_id) / name
            try:
                data = path.read_bytes()
            except OSError as error:
                raise StoreError(f"run {run_id} cannot be read: {error}") from error
            if hashlib.sha256(data).hexdigest() != expected:
                raise StoreError(f"{path} was altered since the run was kept")
            found[name] = data
        return found

    def table(self, run_id: str, name: str) -> pd.DataFrame:
        """One evidence table of a kept run. Raises StoreError where it is not there, or cannot be read."""
        import pandas as pd
        import pyarrow as pa

        path = self.run_folder(run_id) / f"{name}.parquet"
        try:
            return pd.read_parquet(path)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"run {run_id} cannot be read: {path}: {first_line(error)}") from error

    def has_tables(self, run_id: str, *names: str) -> bool:
        """Whether a kept run has every one of these evidence tables."""
        return {f"{name}.parquet" for name in names} <= self._sums(run_id).keys()


def _question(run: Run) -> str:
    return request_key(run.organization_id or run.caller_account, run.scope)


def _write_files(folder: Path, run: Run, tables: Mapping[str, pd.DataFrame]) -> None:
    (folder / "run.json.gz").write_bytes(encode_run(run))
    (folder / "validations.json").write_text(json.dumps(run.validations, indent=1, default=str), encoding="utf-8")
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _careful_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=10000")


_LOOKS = 20
"""How often a store is looked at while others begin it: each look finds at least one more table there."""


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


def _without_password(url: str) -> str:
    return sa.make_url(url).render_as_string(hide_password=True)
