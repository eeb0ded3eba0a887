"""Kill a process that uses a store, at points drawn at random, and look at what it leaves. Prints one line a round.

    python -m tests.audit.store.killing WORK ROUNDS SEED FOLDER [POSTGRESQL-URL ...]

A parent that has imported everything forks each victim, so that a round is quick. Three of four victims die at an
event of the interpreter (a call into Python or C), chosen among all that the same work has; the others at a moment of
its time.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas  # noqa: F401 the parent is warm
import psycopg  # noqa: F401
import pyarrow.parquet  # noqa: F401
from alembic import command  # noqa: F401

from audit.store import Store, open_store, planned, upgrade
from tests.audit.store.old_stores import old_store
from tests.audit.store.test_ages import FIRST_NIGHT, night
from tests.audit.store.test_store import TABLES

NIGHTS = 4
LATER = FIRST_NIGHT + dt.timedelta(days=400)


@dataclass
class Rounds:
    """What a round does to a store called *url*."""

    prepare: Callable[[str], None]
    work: Callable[[str], None]


def fill(url: str, nights: int = NIGHTS) -> Store:
    store = open_store(url)
    for number in range(nights):
        store.save(night(number, "found"), TABLES)
    return store


def old(url: str) -> None:
    """A store of schema 1."""
    with tempfile.TemporaryDirectory() as folder:
        old_store(fill(folder), url, 1)


def saved(url: str) -> None:
    store = open_store(url)
    for number in range(NIGHTS, NIGHTS + 2):
        store.save(night(number, "found"), TABLES, job=f"job-{number}")


def pruned(url: str) -> None:
    open_store(url).prune(1, 1, LATER)


WORKS = {
    "begin": Rounds(lambda _url: None, lambda url: fill(url, 1) and None),
    "save": Rounds(lambda url: fill(url) and None, saved),
    "prune": Rounds(lambda url: fill(url) and None, pruned),
    "upgrade": Rounds(old, lambda url: upgrade(url) and None),
}


def inspect(url: str) -> None:
    """Everything that a person would do next; raises where anything is not as it should be."""
    if planned(url).needed:
        upgrade(url)
    store = open_store(url)
    before = [line.id for line in store.list()]
    for run in before:
        assert store.load(run).id == run
        assert store.table(run, "accounts").equals(TABLES["accounts"])
        assert store.sums(run)
    broken = [
        one for one in store.verify(0) if one.problem and one.leftover is None and "has no row" not in one.problem
    ]
    assert not broken, broken
    again = night(40, "found")
    store.save(again, TABLES, job="again")
    store.mend(0)
    left = [one for one in store.verify(0) if one.problem]
    assert not left, left
    assert [line.id for line in store.list()] == [again.id, *before]
    assert store.ages(again.id)


def forked(action: Callable[[], None]) -> int:
    """The process id of a child that does *action* and ends."""
    child = os.fork()
    if child:
        return child
    try:
        action()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counted(work: Callable[[], None], at: int, told: int) -> None:
    """Do *work*, dying at the event numbered *at*; else write how many there were to *told*."""
    seen = 0

    def count(_frame: object, _event: str, _argument: object) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    os.write(told, str(seen).encode())


def measured(url: str, rounds: Rounds) -> tuple[int, float]:
    """Events and seconds of the work when nobody kills it."""
    reader, writer = os.pipe()
    assert wait(forked(lambda: rounds.prepare(url))) == 0
    began = time.monotonic()
    assert wait(forked(lambda: counted(lambda: rounds.work(url), 0, writer))) == 0
    return int(os.read(reader, 20)), time.monotonic() - began


def main(name: str, count: int, seed: int, folder: Path, servers: list[str]) -> int:
    rounds, chance = WORKS[name], random.Random(seed)
    urls = servers or [str(folder / str(number)) for number in range(count + 1)]
    os.environ["XDG_DATA_HOME"] = str(folder / "measured")
    events, seconds = measured(urls[0], rounds)
    failed = killed = 0
    reader, writer = os.pipe()
    for number, url in enumerate(urls[1:]):
        os.environ["XDG_DATA_HOME"] = str(folder / f"data-{number}")
        assert wait(forked(lambda url=url: rounds.prepare(url))) == 0
        at = chance.randint(1, events) if number % 4 else 0
        victim = forked(lambda url=url, at=at: counted(lambda: rounds.work(url), at, writer))
        pause = chance.uniform(0, seconds)
        if not at:
            time.sleep(pause)
            os.kill(victim, signal.SIGKILL)
        ended = wait(victim)
        killed += ended == -signal.SIGKILL
        found = wait(forked(lambda url=url: inspect(url)))
        failed += found != 0
        where = f"event {at} of {events}" if at else f"{pause:.4f} s of {seconds:.4f} s"
        print(f"{name} {number}: {where}: {'killed' if ended < 0 else 'ended'}, {'well' if found == 0 else 'BROKEN'}")
        shutil.rmtree(folder / str(number), ignore_errors=True)
    os.close(reader)
    print(f"{killed} killed, {failed} broken")
    return 1 if failed else 0


if __name__ == "__main__":
    work, number, seed, folder, *servers = sys.argv[1:]
    sys.exit(main(work, int(number), int(seed), Path(folder), servers))
