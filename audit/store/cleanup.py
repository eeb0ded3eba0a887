"""Deletes runs that retention selects, and leftovers of processes that died."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from audit.store import schema
from audit.store.connection import identity_of
from audit.store.errors import NoSuchRunError, StoreError, translate_read_errors, translate_write_errors
from audit.store.evidence_store import RUN, StoredFiles
from audit.store.integrity import Checked
from audit.store.retention import Pruned, delete_row

if TYPE_CHECKING:
    from audit.store import Store


def delete(store: Store, one: Pruned, by: str, at: dt.datetime) -> bool:
    """Delete one run, row first: an interruption leaves files without a row, never a row without files.

    False where another process deleted it, or put it under legal hold, meanwhile.
    """
    try:
        files = frozenset(store.sums(one.run))
        with translate_write_errors(store.folder, "the retention"), store.engine.begin() as connection:
            if not delete_row(connection, one, by, at):
                return False
    except NoSuchRunError:
        return False
    except StoreError as error:
        if isinstance(error.__cause__, sa.exc.IntegrityError):  # put under legal hold at the same moment
            return False
        raise
    shutil.rmtree(
        _rendered(store) / one.run, ignore_errors=True
    )  # reports can be rendered again; `repair` deletes them too
    try:
        store.evidence_store.remove(StoredFiles(one.run, store.at(one.run), files, 0.0))
    except StoreError as error:
        advice = "`ecr-audit store verify --repair` deletes them later"
        raise StoreError(f"the row of run {one.run} was deleted, but not its files: {error}; {advice}") from error
    return True


def repair(store: Store, settled: float) -> tuple[Checked, ...]:
    """Delete what `verify` reports as leftovers, and rendered reports of deleted runs."""
    store.evidence_store.claim(identity_of(store.engine))  # never delete the evidence of another store
    removed = tuple(found for found in store.verify(settled, hashes=False) if found.leftover is not None)
    for found in removed:
        if found.leftover is not None:
            store.evidence_store.remove(found.leftover)
    return removed + tuple(_repair_rendered(store, settled))


def _repair_rendered(store: Store, settled: float) -> list[Checked]:
    folder = _rendered(store)
    present = [path for path in folder.iterdir() if RUN.fullmatch(path.name)] if folder.is_dir() else []
    with translate_read_errors(store.name), store.engine.connect() as connection:
        kept = set(connection.scalars(sa.select(schema.runs.c.id)))
    gone = []
    for path in present:
        if path.name not in kept and time.time() - path.stat().st_mtime >= settled:
            shutil.rmtree(path, ignore_errors=True)
            gone.append(Checked(path.name, str(path), "had rendered reports of a run that was deleted"))
    return gone


def _rendered(store: Store) -> Path:
    return store.folder / "rendered"
