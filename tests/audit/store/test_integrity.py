"""A store reports altered, missing, added and leftover files, and deletes only leftovers."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit.store import Store, StoreError, open_store, schema
from audit.store.evidence_store import MARK
from tests.audit.store.test_finding_age import FIRST_NIGHT, night
from tests.audit.store.test_store import TABLES, a_run

LONG_AGO = time.time() - 86_400


@pytest.fixture
def store(url: str) -> Store:
    """Three runs."""
    found = open_store(url)
    for number in range(3):
        found.save(night(number, "found"), TABLES)
    return found


def problems(store: Store, settled: float = 3600.0) -> list[str]:
    return [" ".join((one.run[:8], Path(one.file).name, one.problem)) for one in store.verify(settled) if one.problem]


def put_by(store: Store, name: str, *files: str, old: bool = True) -> Path:
    """A folder that no row names."""
    folder = Path(store.at(name))
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_bytes(b"x")
    for path in (*folder.iterdir(), folder) if old else ():
        os.utime(path, (LONG_AGO, LONG_AGO))
    return folder


def test_every_file_is_verified(store: Store):
    looked = list(store.verify())
    files = 3 * len(store.sums(night(0, "found").id))
    assert len(looked) == files + (store.engine.dialect.name == "sqlite")
    assert [one.problem for one in looked if one.problem] == []


def test_what_was_changed_is_named(store: Store):
    first, second, third = (Path(store.at(night(number, "found").id)) for number in range(3))
    (first / "accounts.parquet").write_bytes(b"x")
    (second / "validations.json").unlink()
    (third / "notes.txt").write_text("mine")
    shutil.copytree(third, third.with_name("copy"))
    assert problems(store) == [
        "20261101 accounts.parquet was altered after the run was stored",
        "20261102 validations.json is missing",
        "20261103 notes.txt was added after the run was stored",
        " copy belongs to no run; ecr-audit did not create it",
    ]
    assert store.repair(0) == ()
    assert third.with_name("copy").exists()
    shutil.rmtree(first)
    assert len([one for one in problems(store) if "20261101" in one and "is missing" in one]) == 3


def test_leftovers_of_a_process_that_died_are_swept_when_they_are_old(store: Store):
    partial = put_by(store, ".20261102T020000Z-bbbbbb.4711.partial", "run.json.gz")
    torn = put_by(store, "20261102T030000Z-cccccc", "accounts.parquet")
    orphan = put_by(store, "20261102T040000Z-dddddd", "run.json.gz")
    young = put_by(store, ".20261109T020000Z-eeeeee.4711.partial", "run.json.gz", old=False)
    assert [one.split(" ", 2)[2] for one in problems(store)] == [
        "was left incomplete by a process that died",
        "has no row and is incomplete: left by a process that died",
        "has no row: left by a process that died before it wrote one",
    ]
    assert sorted(Path(one.file) for one in store.repair()) == sorted([partial, torn, orphan])
    assert problems(store) == []
    assert young.exists()
    assert [one.run for one in store.repair(0)] == ["20261109T020000Z-eeeeee"]
    assert len(store.list()) == 3


def test_evidence_newer_than_the_database_is_not_swept(store: Store):
    """A database restored from yesterday's backup must not cost last night's evidence."""
    kept = put_by(store, "20270101T020000Z-aaaaaa", "run.json.gz")
    assert problems(store) == [
        "20270101 20270101T020000Z-aaaaaa has no row, and is newer than every run that has one: "
        "was an older database restored?"
    ]
    assert store.repair(0) == ()
    assert kept.exists()


def test_a_place_of_another_store_is_never_swept(store: Store):
    orphan = put_by(store, "20261102T040000Z-dddddd", "run.json.gz")
    (orphan.parent / MARK).write_text("another-store")
    with pytest.raises(StoreError, match="another store"):
        store.repair(0)
    assert orphan.exists()


def test_rendered_reports_of_runs_that_are_gone_are_swept(store: Store):
    for name in ("20261101T020000Z-aaaaaa", "20251101T020000Z-aaaaaa", "notes"):
        (store.folder / "rendered" / name).mkdir(parents=True)
    assert [one.run for one in store.repair(0)] == ["20251101T020000Z-aaaaaa"]
    assert sorted(path.name for path in (store.folder / "rendered").iterdir()) == ["20261101T020000Z-aaaaaa", "notes"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"summary": {"id": "x"}}, "its row cannot be read"),
        ({"summary": []}, "its row cannot be read"),
        ({"files": 7}, "its row cannot be read"),
        ({"files": {}}, "its row was changed after it was written"),
    ],
)
def test_a_foreign_row_is_reported(store: Store, change: dict, said: str):
    with store.engine.begin() as connection:
        row = sa.update(schema.runs).where(schema.runs.c.id == night(1, "found").id)
        connection.execute(row.values(**change))
    (found,) = problems(store)
    assert found.startswith(f"20261102  {said}")


def test_a_corrupted_database_is_reported(tmp_path: Path):
    store = open_store(str(tmp_path))
    for number in range(40):
        store.save(night(number, "found"), TABLES)
    with sqlite3.connect(tmp_path / "ecr-audit.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.engine.dispose()
    path = tmp_path / "ecr-audit.db"
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 + 100 : page * 4096 + 2000] = b"\xff" * 1900
    path.write_bytes(bytes(data))
    found = []
    try:
        found = problems(open_store(str(tmp_path)))
    except StoreError as error:
        found = [str(error)]
    assert any("restore it from a backup" in one for one in found), found


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path):
    (tmp_path / "ecr-audit.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_store(str(tmp_path))


def test_runs_that_go_while_we_look_are_no_problem(store: Store):
    """Rows are read first; a run may be deleted before its files are."""
    looking = store.verify()
    if store.engine.dialect.name == "sqlite":
        next(looking)
    next(looking)  # a file of the first run
    store.prune(0, 1, FIRST_NIGHT)
    assert [one.problem for one in looking if one.problem] == []


def test_a_hold_without_its_run_is_reported(tmp_path: Path):
    store = open_store(str(tmp_path))
    store.save(a_run(), TABLES)
    with sqlite3.connect(tmp_path / "ecr-audit.db") as database:
        database.execute("insert into holds values ('20200101T000000Z-aaaaaa', 'x', 'y', 'z')")
    assert "a row of holds belongs to no row of runs" in problems(store)[0]
