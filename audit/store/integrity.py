"""Verifies that a store has the files of its rows, and finds files without a row: mostly leftovers of a process that
died."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from audit.store import schema
from audit.store.connection import display_url
from audit.store.errors import StoreError, first_line, translate_read_errors
from audit.store.evidence_store import EvidenceStore, StoredFiles
from audit.store.retention import was_pruned
from audit.store.summary import RunListEntry

SETTLED_SECONDS = 3600.0
"""Age in seconds from which files without a row count as leftovers: younger ones may belong to a run that is being
stored."""
WHOLE = "run.json.gz"
"""The file that every run has."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One verified item."""

    run: str
    """Empty for the database itself, and for what belongs to no run."""
    file: str
    """Name of a run's file; path or address of anything else."""
    problem: str
    """What is wrong; empty: it is unchanged."""
    leftover: StoredFiles | None = None
    """Set for files without a row that a process that died left: `repair` may delete them."""


def verify(
    engine: sa.Engine, name: str, evidence_store: EvidenceStore, settled: float, *, hashes: bool
) -> Iterator[Checked]:
    """Everything that the database or the evidence location contains, the database first.

    Files are listed before rows are read, and missing rows are read again: other processes may be writing and
    deleting. *settled*: seconds as of `SETTLED_SECONDS`. *hashes*: False leaves the database's file and those of runs
    unread.
    """
    if hashes:
        yield from _database(engine, name)
    stored = list(evidence_store.entries())
    with translate_read_errors(name), engine.connect() as connection:
        rows = {row.id: _files(row) for row in connection.execute(sa.select(schema.runs).order_by(schema.runs.c.id))}
    present = {one.run: one for one in stored if one.run and not one.partial}
    for run, files in rows.items() if hashes else ():
        yield from _run(engine, evidence_store, run, files, present.get(run))
    for one in stored:
        if not one.run:
            yield Checked("", one.at, "belongs to no run; ecr-audit did not create it")
        elif (one.partial or one.run not in rows) and time.time() - one.newest >= settled:
            yield from _unreferenced(engine, one, newest=max(rows, default=""))


def _database(engine: sa.Engine, name: str) -> Iterator[Checked]:
    """SQLite's integrity check; a database server checks its own files."""
    if engine.dialect.name != "sqlite":
        return
    messages = []
    try:
        with engine.connect() as connection:
            messages += [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
            for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                messages.append(f"a row of {row[0]} belongs to no row of {row[2]}")
    except sa.exc.SQLAlchemyError as error:
        messages.append(first_line(error))
    problems = [line for line in messages if line != "ok"]
    yield from [Checked("", name, f"{line}; restore it from a backup") for line in problems[:5]] or [
        Checked("", name, "")
    ]


def _files(row: sa.Row[tuple[object, ...]]) -> Mapping[str, str] | str:
    """The hashes of a run's files, or what is wrong with its row."""
    try:
        line = RunListEntry.from_document(row.summary)
        files = dict(row.files)
    except (TypeError, ValueError) as error:
        return f"its row cannot be read: {first_line(error)}"
    if line.id != row.id or WHOLE not in files:
        return "its row was changed after it was written"
    return files


def _run(
    engine: sa.Engine,
    evidence_store: EvidenceStore,
    run: str,
    files: Mapping[str, str] | str,
    stored: StoredFiles | None,
) -> Iterator[Checked]:
    if isinstance(files, str):
        yield Checked(run, "", files)
        return
    for file, expected in sorted(files.items()):
        problem = problem_with(evidence_store, run, file, expected)
        if problem and not has_row(engine, run):
            return  # retention deleted it meanwhile
        yield Checked(run, file, problem)
    for file in sorted(stored.names - files.keys()) if stored else ():
        yield Checked(run, file, "was added after the run was stored")


def problem_with(evidence_store: EvidenceStore, run: str, file: str, expected: str) -> str:
    """What is wrong with one file of a run; empty where its hash is *expected*."""
    try:
        data = evidence_store.read(run, file)
    except FileNotFoundError:
        return "is missing"
    except StoreError as error:
        return f"cannot be read: {error}"
    return "" if hashlib.sha256(data).hexdigest() == expected else "was altered after the run was stored"


def _unreferenced(engine: sa.Engine, one: StoredFiles, newest: str) -> Iterator[Checked]:
    if one.partial:
        yield Checked(one.run, one.at, "was left incomplete by a process that died", one)
        return
    with engine.connect() as connection:
        if connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.id == one.run)) is not None:
            return  # its row was written meanwhile
        pruned = was_pruned(connection, one.run)
    if pruned:
        yield Checked(one.run, one.at, "was left by a process that died while retention deleted the run", one)
    elif WHOLE not in one.names:
        yield Checked(one.run, one.at, "has no row and is incomplete: left by a process that died", one)
    elif one.run < newest:
        yield Checked(one.run, one.at, "has no row: left by a process that died before it wrote one", one)
    else:
        # The same as above, or the database is older than its files; only a person can decide that.
        yield Checked(
            one.run, one.at, "has no row, and is newer than every run that has one: was an older database restored?"
        )


def has_row(engine: sa.Engine, run: str) -> bool:
    """Whether a run is stored."""
    with translate_read_errors(display_url(engine.url)), engine.connect() as connection:
        return connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.id == run)) is not None
