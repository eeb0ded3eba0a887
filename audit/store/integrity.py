"""Whether a store holds what its rows say, and what else lies there: mostly left by a process that died."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from audit.store import schema
from audit.store.connection import shown
from audit.store.errors import StoreError, first_line, read_from
from audit.store.evidence_store import EvidenceStore, StoredFiles
from audit.store.retention import was_pruned
from audit.store.summary import RunListEntry

SETTLED_SECONDS = 3600.0
"""How old files without a row must be before they count as left behind: a run may be about to be kept."""
WHOLE = "run.json.gz"
"""The file that every run has."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at."""

    run: str
    """Empty for the database itself, and for what is no run's."""
    file: str
    """Name of a run's file; path or address of anything else."""
    problem: str
    """What is wrong; empty: it is as it was kept."""
    leftover: StoredFiles | None = None
    """Set where a process that died left files that no row names: `mend` may delete them."""


def verify(engine: sa.Engine, name: str, place: EvidenceStore, settled: float, *, hashes: bool) -> Iterator[Checked]:
    """Everything that rows or places name, the database first.

    Files are listed before rows are read, and what is missing is asked for again: others may be saving and deleting
    meanwhile. *settled*: seconds as of `SETTLED_SECONDS`. *hashes*: False leaves the database's file and those of runs
    unread.
    """
    if hashes:
        yield from _database(engine, name)
    kept = list(place.kept())
    with read_from(name), engine.connect() as connection:
        rows = {row.id: _files(row) for row in connection.execute(sa.select(schema.runs).order_by(schema.runs.c.id))}
    present = {one.run: one for one in kept if one.run and not one.partial}
    for run, files in rows.items() if hashes else ():
        yield from _run(engine, place, run, files, present.get(run))
    for one in kept:
        if not one.run:
            yield Checked("", one.at, "is no run's; nothing here puts such a thing there")
        elif (one.partial or one.run not in rows) and time.time() - one.newest >= settled:
            yield from _left(engine, one, newest=max(rows, default=""))


def _database(engine: sa.Engine, name: str) -> Iterator[Checked]:
    """What SQLite says of its own file; a server looks after its own."""
    if engine.dialect.name != "sqlite":
        return
    said = []
    try:
        with engine.connect() as connection:
            said += [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
            for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                said.append(f"a row of {row[0]} belongs to no row of {row[2]}")
    except sa.exc.SQLAlchemyError as error:
        said.append(first_line(error))
    problems = [line for line in said if line != "ok"]
    yield from [Checked("", name, f"{line}; restore it from a backup") for line in problems[:5]] or [
        Checked("", name, "")
    ]


def _files(row: sa.Row[tuple[object, ...]]) -> Mapping[str, str] | str:
    """The sums of a run's files, or what is wrong with its row."""
    try:
        line = RunListEntry.from_document(row.summary)
        files = dict(row.files)
    except (TypeError, ValueError) as error:
        return f"its row cannot be read: {first_line(error)}"
    if line.id != row.id or WHOLE not in files:
        return "its row is not what was written"
    return files


def _run(
    engine: sa.Engine, place: EvidenceStore, run: str, files: Mapping[str, str] | str, kept: StoredFiles | None
) -> Iterator[Checked]:
    if isinstance(files, str):
        yield Checked(run, "", files)
        return
    for file, expected in sorted(files.items()):
        problem = problem_with(place, run, file, expected)
        if problem and not has_row(engine, run):
            return  # retention deleted it while we looked
        yield Checked(run, file, problem)
    for file in sorted(kept.names - files.keys()) if kept else ():
        yield Checked(run, file, "was added since the run was kept")


def problem_with(place: EvidenceStore, run: str, file: str, expected: str) -> str:
    """What is wrong with one file of a run; empty where its hash is *expected*."""
    try:
        data = place.read(run, file)
    except FileNotFoundError:
        return "is missing"
    except StoreError as error:
        return f"cannot be read: {error}"
    return "" if hashlib.sha256(data).hexdigest() == expected else "was altered since the run was kept"


def _left(engine: sa.Engine, one: StoredFiles, newest: str) -> Iterator[Checked]:
    if one.partial:
        yield Checked(one.run, one.at, "was left half written by a process that died", one)
        return
    with engine.connect() as connection:
        if connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.id == one.run)) is not None:
            return  # its row was written while we looked
        pruned = was_pruned(connection, one.run)
    if pruned:
        yield Checked(one.run, one.at, "is what a process that died left of a run that retention deleted", one)
    elif WHOLE not in one.names:
        yield Checked(one.run, one.at, "has no row and is not whole: left by a process that died", one)
    elif one.run < newest:
        yield Checked(one.run, one.at, "has no row: left by a process that died before it wrote one", one)
    else:
        # The same as above, or the database is older than its files; nobody but a person can tell.
        yield Checked(
            one.run, one.at, "has no row, and is newer than every run that has one: was an older database restored?"
        )


def has_row(engine: sa.Engine, run: str) -> bool:
    """Whether a run is kept."""
    with read_from(shown(engine.url)), engine.connect() as connection:
        return connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.id == run)) is not None
