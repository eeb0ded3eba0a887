"""A full or read-only disk: it is reported, and nothing is damaged."""

from __future__ import annotations

import os
import resource
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet  # noqa: F401 what a child needs is imported before it may read nothing
import pytest

from audit.store import StoreError, open_store
from tests.audit.store.test_finding_age import night
from tests.audit.store.test_store import TABLES, a_run


def in_child(limits: Callable[[], None], action: Callable[[], object]) -> str:
    """What a child process that lives under *limits* says of *action*: `done`, or its error."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            limits()
            action()
            said = "done"
        except StoreError as error:
            said = str(error)
        except BaseException:
            said = traceback.format_exc()
        finally:
            os.write(writer, said.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def full_after(size: int) -> Callable[[], None]:
    """No file grows beyond *size* bytes, as on a disk that is full then."""

    def limits() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limits


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """A user other than root, to whom file modes apply."""
    if os.getuid() != 0:
        yield lambda: None
        return
    for path in (tmp_path, *tmp_path.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(0o755)

    def limits() -> None:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    yield limits


def locked(folder: Path) -> None:
    """Readable by all users, writable by none."""
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


@pytest.mark.parametrize("size", [0, 100, 600, 1500, 3000, 5000, 20_000, 60_000, 110_000])
def test_a_full_disk_loses_nothing(url: str, size: int):
    store = open_store(url)
    store.save(night(0, "found"), TABLES)
    store.engine.dispose()
    said = in_child(full_after(size), lambda: open_store(url).save(night(1, "found"), TABLES))
    kept = [line.id for line in open_store(url).list()]
    if said == "done":
        assert len(kept) == 2
    else:
        assert "Traceback" not in said
        assert "room" in said or "damaged" not in said
        assert kept == [night(0, "found").id]
        assert [one.problem for one in store.verify(0) if one.problem] == []
    store.save(night(2, "found"), TABLES)
    assert store.load(night(0, "found").id) == night(0, "found")


def test_a_disk_full_while_tables_are_made_is_no_half_store(tmp_path: Path):
    for size in (0, 5000, 30_000):
        said = in_child(full_after(size), lambda: open_store(str(tmp_path)))
        assert "Traceback" not in said
        assert said != "done"
    assert open_store(str(tmp_path)).list() == ()


def test_a_full_disk_leaves_an_upgrade_for_later(tmp_path: Path):
    from audit.store import upgrade
    from tests.audit.store.next_program import next_program, revisions_of_next

    url = str(tmp_path / "old")
    past = open_store(url)
    for number in range(40):
        past.save(night(number, "found"), TABLES)
    past.engine.dispose()
    with next_program(revisions_of_next(tmp_path)):
        # Room for SQLite's index of the log (32 KiB, sqlite.org/walformat.html), not for what the upgrade logs.
        said = in_child(full_after(33_000), lambda: upgrade(url))
        assert "is unchanged" in said
        upgrade(url)
        assert open_store(url).list() == past.list()


def test_a_store_that_may_not_be_written_says_so(tmp_path: Path, unprivileged: Callable[[], None]):
    store = open_store(str(tmp_path / "store"))
    store.save(a_run(), TABLES)
    store.engine.dispose()
    locked(tmp_path / "store")
    said = in_child(unprivileged, lambda: open_store(str(tmp_path / "store")))
    assert "writable" in said
    assert "Traceback" not in said


def test_evidence_that_may_not_be_written_can_be_read(url: str, tmp_path: Path, unprivileged: Callable[[], None]):
    apart = tmp_path / "apart"
    store = open_store(url, evidence=str(apart))
    store.save(a_run(), TABLES)
    store.engine.dispose()
    for path in [store.folder, *store.folder.rglob("*")]:
        path.chmod(0o777)
    locked(apart)
    assert in_child(unprivileged, lambda: open_store(url).load(a_run().id)) == "done"
    said = in_child(unprivileged, lambda: open_store(url).save(night(1, "found"), TABLES))
    assert f"the run could not be stored in {apart}/runs: Permission denied; make it writable" in said
    said = in_child(unprivileged, lambda: open_store(str(tmp_path / "new"), evidence="/proc/x"))
    assert "Traceback" not in said
