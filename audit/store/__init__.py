"""Run history: a database row for each run, its evidence as files beside it or in a bucket.

A run is written whole or not at all: its files are completed under a temporary name and kept, and only then does its
row appear. It goes the other way round: first the row, then the files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from audit.model import Age, Run, RunSummary
from audit.store import cleanup, integrity, legal_hold, retention, schema
from audit.store.checkpoint import request_key
from audit.store.codec import UnreadableError, decode_run
from audit.store.connection import agreed_place, engine_of, place_of, prepare, shown
from audit.store.errors import NoSuchRunError, StoreError, first_line, hint, kept_in, read_from
from audit.store.evidence_store import EvidenceStore, StoredFiles
from audit.store.finding_age import Observation, ages, history, observations_over_time
from audit.store.integrity import SETTLED_SECONDS, Checked
from audit.store.legal_hold import Act, Hold
from audit.store.retention import Pruned
from audit.store.summary import RunListEntry, summarize
from audit.store.upgrading import Upgrade, planned, upgrade
from audit.store.writer import insert_rows, write_files

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Act",
    "Checked",
    "Hold",
    "NoSuchRunError",
    "Observation",
    "Pruned",
    "RunListEntry",
    "Store",
    "StoreError",
    "UnreadableError",
    "Upgrade",
    "open_store",
    "planned",
    "summarize",
    "upgrade",
]  # fmt: skip


def open_store(url: str | None = None, *, evidence: str = "") -> Store:
    """Open, or begin, a store.

    *url*: a folder, or the URL of an SQLite or PostgreSQL database; None is the user's data folder. *evidence*: where
    the files of runs lie, a folder or `s3://BUCKET/PREFIX`; it is remembered in the store, so that it need be said
    once, and empty means what was said then, or the folder, or that of the SQLite file, or the user's data folder.
    Raises StoreError with what to do.
    """
    parsed, folder = place_of(url)
    name = shown(parsed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        engine = engine_of(parsed)
        prepare(engine, name)
        return Store(engine, folder, agreed_place(engine, evidence, folder, name))
    except OSError as error:
        advice = "choose another with --store"
        raise StoreError(f"the store's folder {folder} cannot be used: {error.strerror}; {advice}") from error
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise StoreError(f"the store {name} cannot be opened: {first_line(error)}{hint(error)}") from error


@dataclass(frozen=True, slots=True)
class Store:
    """Runs by id, newest first."""

    engine: sa.Engine
    folder: Path
    """Local: what is under way and what was rendered; the evidence too, unless it was put elsewhere."""
    place: EvidenceStore
    """Where the evidence lies."""

    @property
    def name(self) -> str:
        """What messages call it, without a password."""
        return shown(self.engine.url)

    @property
    def collections(self) -> Path:
        """Folder of collections under way."""
        return self.folder / "collections"

    def at(self, run_id: str) -> str:
        """Path or address of a run's files."""
        return self.place.at(run_id)

    def save(self, run: Run, tables: Mapping[str, pd.DataFrame], *, job: str = "") -> None:
        """Keep a run and its evidence tables. After a crash it is there entirely, or not at all.

        *job*: the job that made it; a second run of one job raises StoreError.
        """
        if job and (earlier := self.run_of(job)) is not None:
            raise StoreError(f"job {job} has made run {earlier} already")
        if integrity.has_row(self.engine, run.id):
            raise StoreError(f"run {run.id} is kept already")
        partial = self.place.staging / f".{run.id}.{os.getpid()}.partial"
        try:
            with kept_in(self.place.staging, "the run"):
                files = write_files(partial, run, tables)
            self.place.keep(run.id, partial, files)
            with kept_in(self.folder, "the run"), self._discarding(run.id, files):
                insert_rows(self.engine, run, _question(run), files, job)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def _discarding(self, run_id: str, files: Mapping[str, str]) -> Iterator[None]:
        """Take the files away where the rows were refused for certain.

        A server that was lost in the middle may have written them all the same: then the files stay, and `verify`
        tells where no row names them.
        """
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            if self.engine.dialect.name == "sqlite" or isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
                with suppress(StoreError):  # the first error is the one to tell
                    if not integrity.has_row(self.engine, run_id):
                        self.place.remove(StoredFiles(run_id, self.at(run_id), frozenset(files), 0.0))
            raise

    def run_of(self, job: str) -> str | None:
        """The run that a job made; None while it has made none."""
        with read_from(self.name), self.engine.connect() as connection:
            return connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.job == job))

    def about(self) -> Mapping[str, str]:
        """What the database says of itself: `revision`, `identity`, `evidence`. Raises DatabaseError as it comes."""
        query = sa.select(schema.about.c.name, schema.about.c.value)
        with self.engine.connect() as connection:
            said = {row.name: row.value for row in connection.execute(query)}
            stamped = connection.scalars(sa.select(schema.revisions.c.version_num)).all()
        return {**said, "revision": ", ".join(stamped)}

    def list(self, limit: int | None = None, before: str = "") -> tuple[RunListEntry, ...]:
        """Summaries, newest first; *before*: only of runs older than this one."""
        query = sa.select(schema.runs.c.summary).order_by(schema.runs.c.id.desc()).limit(limit)
        if before:
            query = query.where(schema.runs.c.id < before)
        with read_from(self.name), self.engine.connect() as connection:
            return tuple(RunListEntry.from_document(row) for row in connection.scalars(query))

    def history(self, run: Run, limit: int = 12, *, against: str = "") -> tuple[RunSummary, ...]:
        """Earlier runs of the same organization and scope, newest first: what *run* can be compared with.

        The first of them is compared with: the one called *against*, or the one before it; without, the latest.
        """
        with read_from(self.name), self.engine.connect() as connection:
            return history(connection, run, _question(run), limit, against)

    def ages(self, run_id: str) -> dict[str, Age]:
        """How long each failure of a run has been there, by fingerprint."""
        with read_from(self.name), self.engine.connect() as connection:
            return ages(connection, run_id)

    def findings_over_time(self, run: Run, fingerprint: str, limit: int = 50) -> tuple[Observation, ...]:
        """What runs of the same organization and scope say of one finding, newest first."""
        with read_from(self.name), self.engine.connect() as connection:
            return observations_over_time(connection, _question(run), fingerprint, limit)

    def hold(self, run_id: str, reason: str, by: str, at: dt.datetime) -> None:
        """Put a run under legal hold: retention leaves it alone. Raises NoSuchRunError or StoreError."""
        with kept_in(self.folder, "the hold"), self.engine.begin() as connection:
            legal_hold.hold(connection, run_id, reason, by, at)

    def release(self, run_id: str, by: str, at: dt.datetime) -> None:
        """End the legal hold of a run. Raises StoreError where there is none."""
        with kept_in(self.folder, "the release"), self.engine.begin() as connection:
            legal_hold.release(connection, run_id, by, at)

    def holds(self) -> Mapping[str, Hold]:
        """Every legal hold, by run."""
        with read_from(self.name), self.engine.connect() as connection:
            return legal_hold.holds(connection)

    def act(self, by: str, act: str, subject: str, detail: Mapping[str, Any], at: dt.datetime) -> None:
        """Write down what a person did. *detail*: JSON values, without any secret."""
        with kept_in(self.folder, "the act"), self.engine.begin() as connection:
            legal_hold.record(connection, by, act, subject, detail, at)

    def acts(self, limit: int = 50) -> tuple[Act, ...]:
        """What people did, newest first."""
        with read_from(self.name), self.engine.connect() as connection:
            return legal_hold.acts(connection, limit)

    def resolve(self, name: str) -> str:
        """The full id for `latest`, `previous` (the one before), an id, or the beginning of exactly one id.

        Raises NoSuchRunError.
        """
        with read_from(self.name), self.engine.connect() as connection:
            newest_first = sa.select(schema.runs.c.id).order_by(schema.runs.c.id.desc())
            ids = [str(one) for one in connection.scalars(newest_first)]
        if name == "previous" and len(ids) == 1:
            raise NoSuchRunError("the store holds one run only: none was before it")
        if name in ("latest", "previous") and ids:
            return ids[name == "previous"]
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
        name = "run.json.gz"
        with read_from(self.name):
            expected = self.sums(run_id)[name]
        data = self._checked(run_id, name, expected)
        try:
            return decode_run(data, f"{self.at(run_id)}/{name}")
        except UnreadableError as error:
            raise StoreError(f"run {run_id} cannot be read: {error}") from error

    def evidence_sum(self, run_id: str) -> str:
        """SHA-256 over `SUM  NAME` lines of a run's kept files, by name: names the evidence in one line of a report."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.sums(run_id).items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def sums(self, run_id: str) -> dict[str, str]:
        """SHA-256 of each file of a run, by name. Raises NoSuchRunError."""
        with read_from(self.name), self.engine.connect() as connection:
            hashes = connection.scalar(sa.select(schema.runs.c.files).where(schema.runs.c.id == run_id))
            found = None if hashes is None else {str(name): str(digest) for name, digest in hashes.items()}
        if found is None:
            raise NoSuchRunError(f"no run is called {run_id!r}")
        return found

    def files(self, run_id: str) -> dict[str, bytes]:
        """Every file of a kept run by name, each checked against its hash. Raises NoSuchRunError or StoreError."""
        return {name: self._checked(run_id, name, expected) for name, expected in sorted(self.sums(run_id).items())}

    def _checked(self, run_id: str, name: str, expected: str) -> bytes:
        """A file of a kept run. Raises StoreError where it cannot be read, or its hash is not *expected*."""
        try:
            data = self.place.read(run_id, name)
        except FileNotFoundError as error:
            where = f"{self.at(run_id)}/{name} is not there"
            elsewhere = "" if self.engine.dialect.name == "sqlite" else "; was it kept on another machine?"
            raise StoreError(f"run {run_id} cannot be read: {where}{elsewhere}") from error
        if hashlib.sha256(data).hexdigest() != expected:
            raise StoreError(f"{self.at(run_id)}/{name} was altered since the run was kept")
        return data

    def table(self, run_id: str, name: str) -> pd.DataFrame:
        """One evidence table of a kept run. Raises StoreError where it is not there, or cannot be read."""
        import pandas as pd
        import pyarrow as pa

        file = f"{name}.parquet"
        expected = self.sums(run_id).get(file)
        if expected is None:
            raise StoreError(f"run {run_id} has no table {name}")
        try:
            return pd.read_parquet(io.BytesIO(self._checked(run_id, file, expected)))
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"run {run_id} cannot be read: {file}: {first_line(error)}") from error

    def has_tables(self, run_id: str, *names: str) -> bool:
        """Whether a kept run has every one of these evidence tables."""
        return {f"{name}.parquet" for name in names} <= self.sums(run_id).keys()

    def prune(
        self, days: int, runs: int, now: dt.datetime, *, dry: bool = False, by: str = "retention"
    ) -> tuple[Pruned, ...]:
        """Delete runs older than *days*, and more than *runs* of one organization and scope; 0: never for that reason.

        Never one under legal hold, nor the last good run of its organization and scope, nor what came after that. The
        outcome of jobs and their receipts stay. *dry*: only say which. Raises StoreError where a run's files cannot
        be deleted: its row is gone then, and `mend` deletes them later.
        """
        with read_from(self.name), self.engine.connect() as connection:
            held = legal_hold.holds(connection).keys()
            going = tuple(retention.dispensable(retention.kept_lines(connection), held, days=days, count=runs, now=now))
        if dry:
            return going
        return tuple(one for one in going if cleanup.delete(self, one, by, now))

    def verify(self, settled: float = SETTLED_SECONDS, *, hashes: bool = True) -> Iterator[Checked]:
        """Hold every kept file against its hash, and name whatever no row does.

        *settled*: seconds after which files without a row count as left behind; younger ones may be a run that is
        being kept. *hashes*: False leaves the files themselves unread. Raises StoreError where the store cannot be
        asked at all.
        """
        return integrity.verify(self.engine, self.name, self.place, settled, hashes=hashes)

    def repair(self, settled: float = SETTLED_SECONDS) -> tuple[Checked, ...]:
        """Delete what processes that died left behind; what was deleted."""
        return cleanup.repair(self, settled)


def _question(run: Run) -> str:
    return request_key(run.organization_id or run.caller_account, run.scope)
