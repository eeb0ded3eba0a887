"""One worker at a time, one job an occasion, one outcome a job: by threads and processes that race for them."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.store import open_store
from audit.store.schema import metadata
from schedules.jobs.leases import Leases
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from tests.audit.store import postgresql

NOW = dt.datetime(2026, 11, 23, 2, 30, tzinfo=dt.UTC)
CONTENDERS = 8


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    if reason := postgresql.missing():
        pytest.skip(reason)
    with postgresql.running() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return str(tmp_path / "store") if request.param == "sqlite" else request.getfixturevalue("server").fresh()


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = open_store(url).engine
    yield engine
    engine.dispose()


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each answers, all begun at the same moment. An error of one is an error of all."""
    answers: list[object] = [None] * len(works)
    start = threading.Barrier(len(works))

    def go(number: int) -> None:
        start.wait()
        try:
            answers[number] = works[number]()
        except BaseException as error:
            answers[number] = error

    threads = [threading.Thread(target=go, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def queue(engine: sa.Engine, now: dt.datetime = NOW) -> JobQueue:
    return JobQueue(engine, lambda: now)


def audit(of: JobQueue, **named: object) -> Job:
    job = of.enqueue(Kind.AUDIT, by="me", **named)  # type: ignore[arg-type]
    assert job is not None
    return job


# --- leases -----------------------------------------------------------------------------------------------------------


def test_of_many_that_want_a_lease_one_gets_it(engine: sa.Engine) -> None:
    leases = Leases(engine, term=10.0)
    for name, now in (("new", 0.0), ("new", 10.0), ("new", 25.0), ("other", 25.0)):
        took = at_once(*(partial(leases.take, name, str(who), now) for who in range(CONTENDERS)))
        assert Counter(took)[True] == 1
        assert leases.holder(name, now) == str(took.index(True))


def test_who_lets_go_makes_room_for_one(engine: sa.Engine) -> None:
    leases = Leases(engine, term=10.0)
    assert leases.take("lane", "first", 0.0)
    for round_ in range(5):
        held = leases.holder("lane", 1.0)
        took = at_once(
            partial(leases.release, "lane", held),
            *(partial(leases.take, "lane", f"{round_}-{number}", 1.0) for number in range(CONTENDERS)),
        )
        # All may have come before the one who left.
        assert Counter(took)[True] <= 1
        assert leases.holder("lane", 1.0) in ("", f"{round_}-{took.index(True) - 1}" if True in took else "")
        leases.take("lane", f"next-{round_}", 1.0)


@dataclass
class Expected:
    """What leases promise, without a database."""

    held: dict[str, tuple[str, float]] = field(default_factory=dict)

    def take(self, name: str, holder: str, now: float) -> bool:
        has, until = self.held.get(name, ("", -1.0))
        if has and has != holder and until > now:
            return False
        self.held[name] = (holder, now + 10.0)
        return True

    def renew(self, name: str, holder: str, now: float) -> bool:
        if self.held.get(name, ("", 0.0))[0] != holder:
            return False
        self.held[name] = (holder, now + 10.0)
        return True

    def release(self, name: str, holder: str, _now: float) -> None:
        if self.held.get(name, ("", 0.0))[0] == holder:
            del self.held[name]

    def holder(self, name: str, now: float) -> str:
        has, until = self.held.get(name, ("", -1.0))
        return has if until > now else ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "renew", "release"]), st.sampled_from("ab"), st.sampled_from("xyz"),
            st.integers(0, 8),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_leases_keep_what_they_promise(steps: list[tuple[str, str, str, int]]) -> None:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    metadata.create_all(engine)
    leases, expected, now = Leases(engine, term=10.0), Expected(), 0.0
    for act, name, holder, later in steps:
        now += later
        if act == "release":
            leases.release(name, holder)
            expected.release(name, holder, now)
        else:
            assert getattr(leases, act)(name, holder, now) == getattr(expected, act)(name, holder, now)
        assert [leases.holder(one, now) for one in "ab"] == [expected.holder(one, now) for one in "ab"]
    engine.dispose()


# --- jobs -------------------------------------------------------------------------------------------------------------


def test_an_occasion_has_one_job_whoever_records_it(engine: sa.Engine) -> None:
    for number in range(5):
        due = NOW + dt.timedelta(days=number)
        asked = at_once(
            *(partial(queue(engine).enqueue, Kind.AUDIT, by=who, schedule="nightly", due_at=due) for who in "abcdef")
        )
        (first,) = [job for job in asked if isinstance(job, Job)]
        assert queue(engine).occasion("nightly", due) == first
    assert len(queue(engine).list(schedule="nightly")) == 5
    assert queue(engine).last_due("nightly") == NOW + dt.timedelta(days=4)


def test_occasions_of_two_schedules_and_jobs_by_hand_are_their_own(engine: sa.Engine) -> None:
    book = queue(engine)
    for schedule, due in (("nightly", NOW), ("weekly", NOW), ("nightly", None), ("nightly", None), ("", None)):
        assert audit(book, schedule=schedule, due_at=due)
    # The same moment by another clock is the same occasion.
    assert (
        book.enqueue(Kind.AUDIT, by="x", schedule="weekly", due_at=NOW.astimezone(dt.timezone(dt.timedelta(hours=5))))
        is None
    )


def test_one_moment_may_bring_any_number_of_jobs(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hourly schedule that was down for a year: ids that meet by chance cost nobody an occasion."""
    drawn = iter("aabbac")
    monkeypatch.setattr("schedules.jobs.queue._new_id", lambda _now: next(drawn))
    book = queue(engine)
    made = [audit(book, schedule="hourly", due_at=NOW - dt.timedelta(hours=number)) for number in range(3)]
    assert len({job.id for job in made}) == 3
    assert all(book.occasion("hourly", NOW - dt.timedelta(hours=number)) for number in range(3))


def test_jobs_of_several_processes_sort_as_they_were_asked_for(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [NOW + dt.timedelta(milliseconds=number) for number in range(0, 2000, 97)]
    random.Random(5).shuffle(moments)
    for moment in moments:
        monkeypatch.setattr("schedules.jobs.queue._last_id", "")  # another process
        audit(queue(engine, moment), request={"at": moment.isoformat()})
    said = [job.request["at"] for job in queue(engine).waiting()]
    assert said == [moment.isoformat() for moment in sorted(moments)]
    assert [job.request["at"] for job in queue(engine).list()] == said[::-1]


def test_jobs_of_one_moment_sort_as_they_were_asked_for(engine: sa.Engine) -> None:
    asked = [audit(queue(engine)) for _ in range(50)]
    assert list(queue(engine).waiting()) == asked


def test_one_of_many_begins_a_job(engine: sa.Engine) -> None:
    book = queue(engine)
    for _ in range(5):
        job = audit(book)
        begun = at_once(*(partial(book.begin, job.id, str(who)) for who in range(CONTENDERS)))
        (taken,) = [one for one in begun if isinstance(one, Job)]
        assert (taken.state, taken.attempts, taken.started_at) == (JobState.RUNNING, 1, NOW)
        assert taken.holder == str(begun.index(taken))


def test_only_the_holder_writes(engine: sa.Engine) -> None:
    book = queue(engine)
    job = audit(book)
    assert not book.end(job.id, "", JobState.DONE)
    assert book.begin(job.id, "mine")
    assert not book.report_progress(job.id, "yours", note="x", done=1, total=2)
    assert not book.made(job.id, "yours", "run")
    assert not book.end(job.id, "yours", JobState.DONE)
    assert not book.again(job.id, "yours", "why")
    assert book.report_progress(job.id, "mine", note="x" * 500, done=1, total=2)
    assert book.again(job.id, "mine", "the machine went down")
    assert not book.end(job.id, "mine", JobState.DONE)
    begun = book.begin(job.id, "yours")
    assert begun is not None
    assert (begun.attempts, begun.reason) == (2, "the machine went down")
    assert book.made(job.id, "yours", "20261123T023000Z-abcdef")
    assert book.end(job.id, "yours", JobState.DONE)
    ended = book.get(job.id)
    assert ended is not None
    assert (ended.state, ended.run, ended.finished_at) == (JobState.DONE, "20261123T023000Z-abcdef", NOW)
    assert book.begin(job.id, "late") is None
    assert not book.request_cancel(job.id, "late")


def test_a_job_that_races_with_its_end_has_one_outcome(engine: sa.Engine) -> None:
    book = queue(engine)
    for _ in range(5):
        job = audit(book)
        book.begin(job.id, "mine")
        done, again, timed_out, cancelled = at_once(
            partial(book.end, job.id, "mine", JobState.DONE),
            partial(book.again, job.id, "mine", "died"),
            partial(book.end, job.id, "mine", JobState.TIMED_OUT, "slow"),
            partial(book.request_cancel, job.id, "me"),
        )
        found = book.get(job.id)
        assert found is not None
        assert [done, again, timed_out].count(True) == 1
        if again and cancelled and found.state is JobState.CANCELLED:
            assert found.reason == "cancelled by me"
        else:
            expected = {JobState.DONE: done, JobState.WAITING: again, JobState.TIMED_OUT: timed_out}
            assert expected[found.state]
            assert cancelled == bool(found.cancel_requested_by)


def test_a_cancelled_job_never_begins(engine: sa.Engine) -> None:
    book = queue(engine)
    for _ in range(5):
        job = audit(book)
        begun, cancelled = at_once(partial(book.begin, job.id, "mine"), partial(book.request_cancel, job.id, "me"))
        found = book.get(job.id)
        assert found is not None
        assert cancelled
        assert found.state is (JobState.RUNNING if begun else JobState.CANCELLED)
        assert bool(found.cancel_requested_by) == bool(begun)


def test_what_is_recorded_comes_back(engine: sa.Engine) -> None:
    book = queue(engine)
    request = {"deliveries": ["mail"], "scope": {"accounts": ["000000000001"], "all_repositories": False}}
    job = audit(book, schedule="nightly", due_at=NOW, request=request, state=JobState.MISSED, reason="é <b> \x07")
    assert (job.request, job.reason, job.due_at, job.finished_at) == (request, "é <b> \x07", NOW, NOW)
    assert job.id.startswith("20261123T023000Z-")
    assert book.get(job.id) == job == book.list()[0]
    assert book.get("20261123T023000Z-ffffff") is None
    assert book.last_due("weekly") is None
    # PostgreSQL keeps no null character: what an error says of one must not cost the outcome.
    job = audit(book, reason="a\0b")
    assert book.begin(job.id, "mine")
    assert book.report_progress(job.id, "mine", note="reading a\0b", done=0, total=1)
    assert book.end(job.id, "mine", JobState.FAILED, "no repository a\0b")
    ended = book.get(job.id)
    assert ended is not None
    assert (ended.note, ended.reason) == ("reading a\ufffdb", "no repository a\ufffdb")


RACE = """
import datetime as dt, sys
from audit.store import open_store
from schedules.jobs.queue import Kind, JobQueue
from schedules.jobs.leases import Leases
engine = open_store(sys.argv[1]).engine
me = sys.argv[2]
book, leases = JobQueue(engine, lambda: dt.datetime.now(dt.UTC)), Leases(engine)
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    due = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=number)
    if book.enqueue(Kind.AUDIT, by=me, schedule="nightly", due_at=due) is not None:
        print("asked", number)
    job = book.occasion("nightly", due)
    if leases.take(f"lane-{number}", me, 0.0):
        print("took", number)
    if book.begin(job.id, me) is not None:
        print("began", number)
"""


def test_processes_race_and_nothing_is_done_twice(url: str) -> None:
    open_store(url).engine.dispose()
    racers = [
        subprocess.Popen([sys.executable, "-c", RACE, url, f"racer-{number}"], stdin=-1, stdout=-1, text=True)
        for number in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = Counter(line for racer in racers for line in racer.communicate(timeout=120)[0].splitlines())
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert said == Counter(f"{what} {number}" for what in ("asked", "took", "began") for number in range(30))
