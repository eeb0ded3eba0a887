"""Run history: a database row for each run, and its evidence as files in a folder or an S3 bucket.

A run is stored completely or not at all: its files are written under a temporary name and moved to their place, and
only then is its row inserted. Deletion is the other way round: first the row, then the files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from audit.model import Age, Run, RunSummary
from audit.store import cleanup, integrity, legal_hold, retention, schema
from audit.store.checkpoint import request_key
from audit.store.codec import UnreadableError, decode_run
from audit.store.connection import agreed_location, database_and_folder, display_url, open_engine, prepare
from audit.store.errors import (
    NoSuchRunError,
    StoreError,
    first_line,
    hint,
    translate_read_errors,
    translate_write_errors,
)
from audit.store.evidence_store import EvidenceStore, StoredFiles
from audit.store.finding_age import (
    Observation,
    RunBefore,
    ages,
    dropped_since,
    history,
    observations_over_time,
    run_before,
)
from audit.store.integrity import SETTLED_SECONDS, Checked
from audit.store.legal_hold import Hold, LogEntry
from audit.store.retention import Pruned
from audit.store.summary import RunListEntry, summarize
from audit.store.upgrading import Upgrade, planned, upgrade
from audit.store.writer import insert_rows, write_files

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Checked",
    "Hold",
    "LogEntry",
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
    """Open a store, or create it.

    *url*: a folder, or the URL of an SQLite or PostgreSQL database; None is the user's data folder. *evidence*: where
    the files of runs are stored, a folder or `s3://BUCKET/PREFIX`; the store records it, so it need be given once.
    Empty: the recorded location, or else the folder, or that of the SQLite file, or the user's data folder.
    Raises StoreError with what to do.
    """
    parsed, folder = database_and_folder(url)
    name = display_url(parsed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        engine = open_engine(parsed)
        prepare(engine, name)
        return Store(engine, folder, agreed_location(engine, evidence, folder, name))
    except OSError as error:
        advice = "choose another one with --store"
        raise StoreError(f"the store's folder {folder} cannot be used: {error.strerror}; {advice}") from error
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise StoreError(f"the store {name} cannot be opened: {first_line(error)}{hint(error)}") from error


@dataclass(frozen=True, slots=True)
class Store:
    """Runs by id, newest first."""

    engine: sa.Engine
    folder: Path
    """Local folder of unfinished collections and rendered reports, and of evidence without another location."""
    evidence_store: EvidenceStore
    """Where the evidence is stored."""

    @property
    def name(self) -> str:
        """Its URL in messages, without a password."""
        return display_url(self.engine.url)

    @property
    def collections(self) -> Path:
        """Folder of unfinished collections."""
        return self.folder / "collections"

    def at(self, run_id: str) -> str:
        """Path or address of a run's files."""
        return self.evidence_store.at(run_id)

    def save(self, run: Run, tables: Mapping[str, pd.DataFrame], *, job: str = "") -> None:
        """Store a run and its evidence tables. After a crash it is stored completely, or not at all.

        *job*: the job that produced it; a second run of one job raises StoreError.
        """
        if job and (earlier := self.run_of(job)) is not None:
            raise StoreError(f"job {job} has already produced run {earlier}")
        if integrity.has_row(self.engine, run.id):
            raise StoreError(f"run {run.id} is already stored")
        partial = self.evidence_store.staging / f".{run.id}.{os.getpid()}.partial"
        try:
            with translate_write_errors(self.evidence_store.staging, "the run"):
                files = write_files(partial, run, tables)
            self.evidence_store.add(run.id, partial, files)
            with translate_write_errors(self.folder, "the run"), self._discarding(run.id, files):
                insert_rows(self.engine, run, _question_of(run), files, job)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def _discarding(self, run_id: str, files: Mapping[str, str]) -> Iterator[None]:
        """Delete the files where the rows were certainly not written.

        A database server whose connection broke may have written them nevertheless: then the files stay, and `verify`
        reports those without a row.
        """
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            if self.engine.dialect.name == "sqlite" or isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
                with suppress(StoreError):  # the first error is the one to report
                    if not integrity.has_row(self.engine, run_id):
                        self.evidence_store.remove(StoredFiles(run_id, self.at(run_id), frozenset(files), 0.0))
            raise

    def run_of(self, job: str) -> str | None:
        """The run of a job; None while it has none."""
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.job == job))

    def about(self) -> Mapping[str, str]:
        """The database's `revision`, `identity` and `evidence`. Raises DatabaseError."""
        query = sa.select(schema.about.c.name, schema.about.c.value)
        with self.engine.connect() as connection:
            values = {row.name: row.value for row in connection.execute(query)}
            stamped = connection.scalars(sa.select(schema.revisions.c.version_num)).all()
        return {**values, "revision": ", ".join(stamped)}

    def list(self, limit: int | None = None, before: str = "") -> tuple[RunListEntry, ...]:
        """Summaries, newest first; *before*: only of runs older than this one."""
        query = sa.select(schema.runs.c.summary).order_by(schema.runs.c.id.desc()).limit(limit)
        if before:
            query = query.where(schema.runs.c.id < before)
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return tuple(RunListEntry.from_document(row) for row in connection.scalars(query))

    def history(self, run: Run, limit: int = 12, *, against: str = "") -> tuple[RunSummary, ...]:
        """Earlier runs of the same organization and scope, newest first: the runs that *run* can be compared with.

        The first one is the one to compare with: *against*, or the one before it; without *against*, the latest.
        """
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return history(connection, run, _question_of(run), limit, against)

    def before(self, run: Run) -> RunBefore | None:
        """The last run before *run* that asked about the same organization, scope and checks; None: it is the first."""
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return run_before(connection, run, _question_of(run))

    def dropped(self, before: Run, after: Run) -> frozenset[str] | None:
        """Fingerprints of *before* whose requirement was gone or changed when *after* was made.

        None where the store does not know: they asked about another organization, scope or checks, or runs between
        them are deleted.
        """
        if _question_of(before) != _question_of(after) or before.id >= after.id:
            return None
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return dropped_since(connection, after, _question_of(after), summarize(before))

    def ages(self, run_id: str) -> dict[str, Age]:
        """How long each failure of a run has existed, by fingerprint."""
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return ages(connection, run_id)

    def findings_over_time(self, run: Run, fingerprint: str, limit: int = 50) -> tuple[Observation, ...]:
        """The history of one finding in runs of the same organization and scope, newest first."""
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return observations_over_time(connection, _question_of(run), fingerprint, limit)

    def hold(self, run_id: str, reason: str, by: str, at: dt.datetime) -> None:
        """Put a run under legal hold: retention does not delete it. Raises NoSuchRunError or StoreError."""
        with translate_write_errors(self.folder, "the hold"), self.engine.begin() as connection:
            legal_hold.hold(connection, run_id, reason, by, at)

    def release(self, run_id: str, by: str, at: dt.datetime) -> None:
        """End the legal hold of a run. Raises StoreError where there is none."""
        with translate_write_errors(self.folder, "the release"), self.engine.begin() as connection:
            legal_hold.release(connection, run_id, by, at)

    def holds(self) -> Mapping[str, Hold]:
        """Every legal hold, by run."""
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return legal_hold.holds(connection)

    def act(self, by: str, act: str, subject: str, detail: Mapping[str, Any], at: dt.datetime) -> None:
        """Record an action of a user. *detail*: JSON values, without secrets."""
        with translate_write_errors(self.folder, "the action"), self.engine.begin() as connection:
            legal_hold.record(connection, by, act, subject, detail, at)

    def audit_log(self, limit: int = 50) -> tuple[LogEntry, ...]:
        """Recorded actions of users, newest first."""
        with translate_read_errors(self.name), self.engine.connect() as connection:
            return legal_hold.audit_log(connection, limit)

    def resolve(self, name: str) -> str:
        """The full id for `latest`, `previous` (the one before), an id, or a unique prefix of an id.

        A run that was narrowed to some of the checks is neither `latest` nor `previous`. Raises NoSuchRunError.
        """
        with translate_read_errors(self.name), self.engine.connect() as connection:
            newest_first = sa.select(schema.runs.c.id, _NARROWED).order_by(schema.runs.c.id.desc())
            narrowed = {str(run): bool(by) for run, by in connection.execute(newest_first)}
        ids = list(narrowed)
        if name in ("latest", "previous") and ids:
            return _whole_run(name, [run for run in ids if not narrowed[run]])
        matches = [name] if name in ids else [run for run in ids if name and run.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        if not ids:
            raise NoSuchRunError("the store has no run yet; `ecr-audit run` creates one")
        if matches:
            raise NoSuchRunError(f"{name!r} matches {len(matches)} runs; give more of the id")
        raise NoSuchRunError(f"there is no run {name!r}; `ecr-audit runs list` shows the stored runs")

    def resolve_pair(self, before: str, after: str) -> tuple[str, str]:
        """The full ids of two runs to compare, as `resolve` takes them.

        Beside an id, or its beginning, `latest` and `previous` mean runs of the same organization, scope and checks as
        that run. `previous` is the run before the other one. Raises NoSuchRunError.
        """
        words = ("latest", "previous")
        if after in words:
            anchor = self.resolve("latest") if before in words else self.resolve(before)
            later = self._of_question(anchor, after)
        else:
            later = self.resolve(after)
        if before not in words:
            return self.resolve(before), later
        return self._of_question(later, before, before_it=before == "previous"), later

    def _of_question(self, run_id: str, word: str, *, before_it: bool = False) -> str:
        """The run that *word* means among those of the same question as *run_id*; *before_it*: the one before it."""
        columns = schema.runs.c
        with translate_read_errors(self.name), self.engine.connect() as connection:
            question = sa.select(columns.question).where(columns.id == run_id).scalar_subquery()
            query = sa.select(columns.id).where(columns.question == question).order_by(columns.id.desc())
            ids = [str(one) for one in connection.scalars(query.where(columns.id < run_id) if before_it else query)]
        wanted = 1 if word == "previous" and not before_it else 0
        if len(ids) <= wanted:
            raise NoSuchRunError(
                f"there is no run before {run_id} of the same organization, scope and checks; name one by its id, "
                "`ecr-audit runs list` shows the stored runs"
            )
        return ids[wanted]

    def load(self, run_id: str) -> Run:
        """A stored run, verified against its hash. Raises NoSuchRunError or StoreError."""
        name = "run.json.gz"
        with translate_read_errors(self.name):
            expected = self.sums(run_id)[name]
        data = self._checked(run_id, name, expected)
        try:
            return decode_run(data, f"{self.at(run_id)}/{name}")
        except UnreadableError as error:
            raise StoreError(f"run {run_id} cannot be read: {error}") from error

    def evidence_sum(self, run_id: str) -> str:
        """SHA-256 over `SUM  NAME` lines of a run's files, sorted by name: identifies the evidence in reports."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.sums(run_id).items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def sums(self, run_id: str) -> dict[str, str]:
        """SHA-256 of each file of a run, by name. Raises NoSuchRunError."""
        with translate_read_errors(self.name), self.engine.connect() as connection:
            hashes = connection.scalar(sa.select(schema.runs.c.files).where(schema.runs.c.id == run_id))
            found = None if hashes is None else {str(name): str(digest) for name, digest in hashes.items()}
        if found is None:
            raise NoSuchRunError(f"there is no run {run_id!r}")
        return found

    def files(self, run_id: str) -> dict[str, bytes]:
        """Every file of a stored run by name, each verified against its hash. Raises NoSuchRunError or StoreError."""
        return {name: self._checked(run_id, name, expected) for name, expected in sorted(self.sums(run_id).items())}

    def _checked(self, run_id: str, name: str, expected: str) -> bytes:
        """A file of a stored run. Raises StoreError where it cannot be read, or its hash is not *expected*."""
        try:
            data = self.evidence_store.read(run_id, name)
        except FileNotFoundError as error:
            where = f"{self.at(run_id)}/{name} does not exist"
            advice = (
                ""
                if self.engine.dialect.name == "sqlite"
                else "; was the run stored by another machine? Set --evidence to a shared location"
            )
            raise StoreError(f"run {run_id} cannot be read: {where}{advice}") from error
        if hashlib.sha256(data).hexdigest() != expected:
            raise StoreError(f"{self.at(run_id)}/{name} was altered after the run was stored")
        return data

    def table(self, run_id: str, name: str) -> pd.DataFrame:
        """One evidence table of a stored run. Raises StoreError where it does not exist, or cannot be read."""
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
        """Whether a stored run has all of these evidence tables."""
        return {f"{name}.parquet" for name in names} <= self.sums(run_id).keys()

    def prune(
        self, days: int, runs: int, now: dt.datetime, *, dry: bool = False, by: str = "retention"
    ) -> tuple[Pruned, ...]:
        """Delete runs older than *days*, and more than *runs* of one organization and scope; 0: no limit.

        It never deletes a run under legal hold, nor the last complete run of its organization and scope, nor later
        ones.
        Jobs and their receipts stay. *dry*: only list the runs. Raises StoreError where a run's files cannot be
        deleted: its row is deleted then, and `repair` deletes the files later.
        """
        with translate_read_errors(self.name), self.engine.connect() as connection:
            held = legal_hold.holds(connection).keys()
            pruned = tuple(
                retention.prunable(retention.runs_by_question(connection), held, days=days, count=runs, now=now)
            )
        if dry:
            return pruned
        return tuple(one for one in pruned if cleanup.delete(self, one, by, now))

    def verify(self, settled: float = SETTLED_SECONDS, *, hashes: bool = True) -> Iterator[Checked]:
        """Verify every stored file against its hash, and report files without a row.

        *settled*: seconds after which files without a row count as leftovers; younger ones may belong to a run that is
        being stored. *hashes*: False skips the content of the files. Raises StoreError where the store cannot be
        read at all.
        """
        return integrity.verify(self.engine, self.name, self.evidence_store, settled, hashes=hashes)

    def repair(self, settled: float = SETTLED_SECONDS) -> tuple[Checked, ...]:
        """Delete the leftovers of processes that died; returns what was deleted."""
        return cleanup.repair(self, settled)


_NARROWED = schema.runs.c.summary["selection"].as_string()
"""`RunListEntry.selection` of a run; null for runs that older versions stored."""


def _whole_run(name: str, ids: Sequence[str]) -> str:
    """The run called `latest` or `previous` of the whole runs *ids*, newest first. Raises NoSuchRunError."""
    if not ids:
        raise NoSuchRunError("every run in the store is narrowed to some of the checks; name one by its id")
    if name == "latest":
        return ids[0]
    if len(ids) == 1:
        raise NoSuchRunError("the store has one whole run only; there is no previous run")
    return ids[1]


def _question_of(run: Run) -> str:
    """Organization and scope; of a narrowed run also its selection, so that it is compared only with its like."""
    key = (run.organization_id or run.caller_account, run.scope)
    return request_key(*key, *([run.selection.key] if run.narrowed else []))
