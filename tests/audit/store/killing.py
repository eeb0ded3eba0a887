"""Kill a process that uses a store, at points drawn at random, and look at what it leaves. Prints one line a round.

    python -m tests.audit.store.killing SEED FOLDER WORK=ROUNDS[,WORK=ROUNDS ...] [POSTGRESQL-URL ...]

Each round has a database of its own, and one more for each work is needed to measure it. A parent that has imported
everything forks each victim, so that a round is quick. Most victims die around one of the calls that change a file or
the database, some at any event of the interpreter, some at a moment of the work's time.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pandas  # noqa: F401 the parent is warm
import psycopg  # noqa: F401
import pyarrow.parquet  # noqa: F401
from alembic import command  # noqa: F401

from audit.store import Store, open_store, planned, upgrade
from tests.audit.store.next_program import next_program, revisions_of_next
from tests.audit.store.test_finding_age import FIRST_NIGHT, night
from tests.audit.store.test_store import TABLES

NIGHTS = 3
LATER = FIRST_NIGHT + dt.timedelta(days=400)


@dataclass
class Rounds:
    """What a round does to a store called *url*."""

    prepare: Callable[[str], None]
    work: Callable[[str], None]
    inspect: Callable[[str], None]


def fill(url: str, entries: int = NIGHTS) -> Store:
    store = open_store(url)
    for number in range(entries):
        store.save(night(number, "found"), TABLES)
    return store


def saved(url: str) -> None:
    store = open_store(url)
    store.save(night(NIGHTS, "found"), TABLES, job="job")


def pruned(url: str) -> None:
    open_store(url).prune(1, 1, LATER)


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
    store.repair(0)
    left = [one for one in store.verify(0) if one.problem]
    assert not left, left
    assert [line.id for line in store.list()] == [again.id, *before]
    assert store.ages(again.id)


WORKS = {
    "begin": Rounds(lambda _url: None, lambda url: fill(url, 1) and None, inspect),
    "save": Rounds(lambda url: fill(url) and None, saved, inspect),
    "prune": Rounds(lambda url: fill(url) and None, pruned, inspect),
    "upgrade": Rounds(lambda url: fill(url) and None, lambda url: upgrade(url) and None, inspect),
}


def by_the_next(rounds: Rounds, migrations: Path) -> Rounds:
    """What this program prepares is processed and verified by the next one."""

    def within(action: Callable[[str], None]) -> Callable[[str], None]:
        def done(url: str) -> None:
            with next_program(migrations):
                action(url)

        return done

    return Rounds(rounds.prepare, within(rounds.work), within(rounds.inspect))


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


KINDS = {
    "effect": {
        *(f"os.{name}" for name in ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync", "link")),
        "do_commit",
    },
    "statement": {"do_execute", "do_executemany", "exec_driver_sql", "do_rollback"},
}
"""Calls of the system, or of SQLAlchemy's drivers, around which something changes for good, or may do so."""


def counted(work: Callable[[], None], at: tuple[str, int], output: int) -> None:
    """Do *work*, dying at the *at*-th event of a kind; else write how many there were of each kind to *output*."""
    seen = {"event": 0, **dict.fromkeys(KINDS, 0)}

    def count(frame: FrameType, event: str, argument: object) -> None:
        name = frame.f_code.co_name if event in ("call", "return") else ""
        if getattr(argument, "__module__", "") == "posix" and event.startswith("c_"):
            name = f"os.{getattr(argument, '__name__', '')}"
        for kind in ("event", *(kind for kind, names in KINDS.items() if name in names)):
            seen[kind] += 1
            if (kind, seen[kind]) == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    os.write(output, json.dumps(seen).encode())


def measured(url: str, rounds: Rounds) -> tuple[dict[str, int], float]:
    """Events of each kind, and seconds, of the work when it is not killed."""
    reader, writer = os.pipe()
    assert wait(forked(lambda: rounds.prepare(url))) == 0
    began = time.monotonic()
    assert wait(forked(lambda: counted(lambda: rounds.work(url), ("", 0), writer))) == 0
    return json.loads(os.read(reader, 400)), time.monotonic() - began


def points(count: int, events: dict[str, int], chance: random.Random) -> Iterator[tuple[str, int]]:
    """Where victims die: around every effect once before around any twice, anywhere else, or (0) at some moment."""
    effects: list[int] = []
    for number in range(count):
        kind = ("moment", "event", "statement", "statement")[number % 8] if number % 8 < 4 else "effect"
        if kind == "effect":
            effects = effects or chance.sample(range(1, events[kind] + 1), events[kind])
            yield kind, effects.pop()
        else:
            yield kind, chance.randint(1, events[kind]) if kind != "moment" else 0


def main(name: str, count: int, seed: int, folder: Path, servers: list[str]) -> int:
    rounds, chance = WORKS[name], random.Random(seed)
    # The first round would write what it compiles, and later ones would have fewer effects than were counted.
    sys.dont_write_bytecode = True
    folder.mkdir()
    if name == "upgrade":
        rounds = by_the_next(rounds, revisions_of_next(folder))
    urls = servers or [str(folder / str(number)) for number in range(count + 1)]
    os.environ["XDG_DATA_HOME"] = str(folder / "measured")
    events, seconds = measured(urls[0], rounds)
    if not servers:
        # What a folder holds is the same for every round.
        assert wait(forked(lambda: rounds.prepare(str(folder / "prepared")))) == 0
    failed = killed = 0
    _reader, writer = os.pipe()
    for number, (url, at) in enumerate(zip(urls[1:], points(count, events, chance), strict=True)):
        os.environ["XDG_DATA_HOME"] = str(folder / f"data-{number}")
        if servers:
            assert wait(forked(lambda url=url: rounds.prepare(url))) == 0
        elif (folder / "prepared").exists():
            shutil.copytree(folder / "prepared", url)
        victim = forked(lambda url=url, at=at: counted(lambda: rounds.work(url), at, writer))
        if not at[1]:
            time.sleep(chance.uniform(0, seconds))
            os.kill(victim, signal.SIGKILL)
        ended = wait(victim)
        killed += ended == -signal.SIGKILL
        found = wait(forked(lambda url=url: rounds.inspect(url)))
        failed += found != 0
        ends = "killed" if ended < 0 else "ended"
        print(f"{name} {number}: {at[0]} {at[1]} of {events.get(at[0])}: {ends}, {'BROKEN' if found else 'well'}")
    print(f"{killed} killed, {failed} broken")
    return 1 if failed else 0


if __name__ == "__main__":
    seed, place, asked, *databases = sys.argv[1:]
    worst = 0
    for work, _, number in (one.partition("=") for one in asked.split(",")):
        mine, databases = databases[: int(number) + 1], databases[int(number) + 1 :]
        worst = max(worst, main(work, int(number), int(seed), Path(place) / work, mine))
    sys.exit(worst)
