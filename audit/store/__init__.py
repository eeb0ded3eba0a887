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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from audit.model import Age, Run, RunSummary
from audit.store import holds, schema
from audit.store.ages import Seen, aged, earlier_runs, seen_over_time
from audit.store.checkpoint import request_key
from audit.store.codec import UnreadableError, decode_run, encode_run
from audit.store.errors import NoSuchRunError, StoreError, first_line, kept_in, read_from
from audit.store.files import sha256, sync_folder
from audit.store.holds import Act, Hold
from audit.store.line import RunLine, summarize
from audit.store.opening import place_of, prepare, without_password
from checks.model import Severity, Status

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Act",
    "Hold",
    "NoSuchRunError",
    "RunLine",
    "Seen",
    "Store",
    "StoreError",
    "UnreadableError",
    "open_store",
    "summarize",
]


def open_store(url: str | None = None) -> Store:
    """Open, or begin, a store.

    *url*: an SQLAlchemy URL, or a folder; None is the user's data folder. Evidence files lie in the folder,
    or beside the SQLite file; for another database in the user's data folder.
    Raises StoreError with what to do.
    """
    url, folder = place_of(url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url)
        return Store(engine, folder)
    except OSError as error:
        advice = "choose another with --store"
        raise StoreError(f"the store's folder {folder} cannot be used: {error.strerror}; {advice}") from error
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise StoreError(f"the store {without_password(url)} cannot be opened: {first_line(error)}") from error


@dataclass(frozen=True, slots=True)
class Store:
    """Runs by id, newest first."""

    engine: sa.Engine
    folder: Path

    def __post_init__(self) -> None:
        prepare(self.engine, self.name)

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

    def save(self, run: Run, tables: Mapping[str, pd.DataFrame], *, job: str = "") -> None:
        """Keep a run and its evidence tables. After a crash it is there entirely, or not at all.

        *job*: the job that made it; a second run of one job raises StoreError.
        """
        if job and (earlier := self.run_of(job)) is not None:
            raise StoreError(f"job {job} has made run {earlier} already")
        final = self.run_folder(run.id)
        partial = final.with_name(f".{run.id}.{os.getpid()}.partial")
        try:
            with kept_in(self.folder, "the run"):
                partial.mkdir(parents=True)
                _write_files(partial, run, tables)
                files = {path.name: sha256(path) for path in sorted(partial.iterdir())}
                partial.rename(final)
                sync_folder(final.parent)
                self._insert(run, files, job)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _insert(self, run: Run, files: Mapping[str, str], job: str) -> None:
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
                    job=job or None,
                )
            )
            if rows:
                connection.execute(schema.findings.insert(), list(rows.values()))

    def run_of(self, job: str) -> str | None:
        """The run that a job made; None while it has made none."""
        with read_from(self.name), self.engine.connect() as connection:
            return connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.job == job))

    def list(self, limit: int | None = None) -> tuple[RunLine, ...]:
        """Summaries, newest first."""
        query = sa.select(schema.runs.c.summary).order_by(schema.runs.c.id.desc()).limit(limit)
        with read_from(self.name), self.engine.connect() as connection:
            return tuple(RunLine.from_document(row) for row in connection.scalars(query))

    def history(self, run: Run, limit: int = 12) -> tuple[RunSummary, ...]:
        """Earlier runs of the same organization and scope, newest first: what *run* can be compared with."""
        with read_from(self.name), self.engine.connect() as connection:
            lines = {line.id: line for line in earlier_runs(connection, run, _question(run), limit)}
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

    def findings_over_time(self, run: Run, fingerprint: str, limit: int = 50) -> tuple[Seen, ...]:
        """What runs of the same organization and scope say of one finding, newest first."""
        with read_from(self.name), self.engine.connect() as connection:
            return seen_over_time(connection, _question(run), fingerprint, limit)

    def hold(self, run_id: str, reason: str, by: str, at: dt.datetime) -> None:
        """Put a run under legal hold: retention leaves it alone. Raises NoSuchRunError or StoreError."""
        with kept_in(self.folder, "the hold"), self.engine.begin() as connection:
            holds.hold(connection, run_id, reason, by, at)

    def release(self, run_id: str, by: str, at: dt.datetime) -> None:
        """End the legal hold of a run. Raises StoreError where there is none."""
        with kept_in(self.folder, "the release"), self.engine.begin() as connection:
            holds.release(connection, run_id, by, at)

    def holds(self) -> Mapping[str, Hold]:
        """Every legal hold, by run."""
        with read_from(self.name), self.engine.connect() as connection:
            return holds.holds(connection)

    def act(self, by: str, act: str, subject: str, detail: Mapping[str, Any], at: dt.datetime) -> None:
        """Write down what a person did. *detail*: JSON values, without any secret."""
        with kept_in(self.folder, "the act"), self.engine.begin() as connection:
            holds.record(connection, by, act, subject, detail, at)

    def acts(self, limit: int = 50) -> tuple[Act, ...]:
        """What people did, newest first."""
        with read_from(self.name), self.engine.connect() as connection:
            return holds.acts(connection, limit)

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
        name = "run.json.gz"
        with read_from(self.name):
            expected = self._sums(run_id)[name]
        data = self._checked(run_id, name, expected)
        try:
            return decode_run(data, str(self.run_folder(run_id) / name))
        except UnreadableError as error:
            raise StoreError(f"run {run_id} cannot be read: {error}") from error

    def evidence_sum(self, run_id: str) -> str:
        """SHA-256 over `SUM  NAME` lines of a run's kept files, by name: names the evidence in one line of a report."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums(run_id).items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def _sums(self, run_id: str) -> dict[str, str]:
        with read_from(self.name), self.engine.connect() as connection:
            hashes = connection.scalar(sa.select(schema.runs.c.files).where(schema.runs.c.id == run_id))
            found = None if hashes is None else dict(hashes)
        if found is None:
            raise NoSuchRunError(f"no run is called {run_id!r}")
        return found

    def files(self, run_id: str) -> dict[str, bytes]:
        """Every file of a kept run by name, each checked against its hash. Raises NoSuchRunError or StoreError."""
        return {name: self._checked(run_id, name, expected) for name, expected in sorted(self._sums(run_id).items())}

    def _checked(self, run_id: str, name: str, expected: str) -> bytes:
        """A file of a kept run. Raises StoreError where it cannot be read, or its hash is not *expected*."""
        path = self.run_folder(run_id) / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"run {run_id} cannot be read: {error}") from error
        if hashlib.sha256(data).hexdigest() != expected:
            raise StoreError(f"{path} was altered since the run was kept")
        return data

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
