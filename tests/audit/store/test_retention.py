"""What retention deletes, and what it never does: the last good run, what ages rest on, runs under legal hold."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from audit.store import NoSuchRunError, Store, StoreError, cleanup, open_store, schema
from audit.store.evidence_store import folder
from audit.store.retention import LATEST, prunable
from audit.store.summary import RunListEntry
from audit.store.writer import insert_rows
from checks.model import Severity, utc_text
from tests.audit.store.test_finding_age import FIRST_NIGHT, night
from tests.audit.store.test_store import TABLES

NOW = FIRST_NIGHT + dt.timedelta(days=40)


def line(number: int, *, good: bool) -> RunListEntry:
    at = utc_text(FIRST_NIGHT + dt.timedelta(days=number))
    none = {severity.value: 0 for severity in Severity}
    return RunListEntry(f"{number:04d}", at, at, "Example", none, 0, 0, 0, 0, 0 if good else 1, 1, 1, good)


histories = st.dictionaries(
    st.sampled_from("abc"), st.lists(st.booleans(), min_size=1, max_size=30).map(tuple), min_size=1
)


@given(histories, st.integers(0, 45), st.integers(0, 20), st.sets(st.integers(0, 29)))
def test_what_may_go(goods: dict[str, tuple[bool, ...]], days: int, count: int, held_numbers: set[int]):
    """*goods*: for each question whether each night was good, oldest first."""
    runs = {
        question: [line(number, good=good) for number, good in reversed(list(enumerate(entries)))]
        for question, entries in goods.items()
    }
    held = {f"{number:04d}" for number in held_numbers}
    for question, lines in runs.items():
        gone = [one.run for one in prunable({question: lines}, held, days=days, count=count, now=NOW)]
        kept = [one for one in lines if one.id not in gone]
        assert gone == sorted(gone)
        assert not held & set(gone)
        assert kept[0] == lines[0]  # the latest
        good = next((one for one in lines if one.evidence_complete), None)
        assert good is None or good in kept
        # The latest since the last good one are there.
        back = lines[: lines.index(good) + 1 if good else len(lines)][:LATEST]
        assert kept[: len(back)] == back
        for place, one in enumerate(lines):
            old = days > 0 and (NOW - dt.datetime.fromisoformat(one.started_at)).days >= days
            many = 0 < count <= place
            assert (one.id in gone) <= (old or many)
            if one not in back and one != good and one.id not in held:
                assert (one.id in gone) == (old or many)


@given(histories)
def test_without_a_limit_nothing_goes(goods: dict[str, tuple[bool, ...]]):
    runs = {key: [line(number, good=good) for number, good in enumerate(entries)] for key, entries in goods.items()}
    assert list(prunable(runs, set(), days=0, count=0, now=NOW)) == []


def filled(url: str, entries: int = 6) -> Store:
    store = open_store(url)
    for number in range(entries):
        store.save(night(number, "found"), TABLES, job=f"job-{number}")
    return store


def ids(store: Store) -> list[str]:
    return [one.id[:8] for one in store.list()]


def test_runs_go_with_their_files_and_that_is_written_down(url: str):
    store = filled(url)
    (store.folder / "rendered" / night(0, "found").id / "pdf").mkdir(parents=True)
    assert [one.run[:8] for one in store.prune(0, 4, NOW, dry=True)] == ["20261101", "20261102"]
    assert len(store.list()) == 6
    gone = store.prune(0, 4, NOW)
    assert [one.run[:8] for one in gone] == ["20261101", "20261102"]
    assert ids(store) == ["20261106", "20261105", "20261104", "20261103"]
    assert {one.run for one in store.evidence_store.entries()} == {one.id for one in store.list()}
    assert not (store.folder / "rendered" / gone[0].run).exists()
    assert [one.problem for one in store.verify(0) if one.problem] == []
    acts = store.audit_log()
    assert [(act.act, act.subject, act.by, act.at) for act in acts] == [
        ("prune", one.run, "retention", NOW) for one in reversed(gone)
    ]
    with store.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.findings)) == 4
    assert store.prune(0, 4, NOW) == ()
    assert [one.run[:8] for one in store.prune(30, 0, NOW)] == ["20261103", "20261104", "20261105"]
    assert ids(store) == ["20261106"]
    assert store.prune(1, 1, NOW) == ()


def test_a_run_under_hold_stays(url: str):
    store = filled(url, 3)
    first = night(0, "found").id
    store.hold(first, "a court wants it", "counsel", NOW)
    assert store.holds()[first].reason == "a court wants it"
    for _ in range(2):
        store.prune(1, 1, NOW)
        assert ids(store) == ["20261103", "20261101"]
    with pytest.raises(StoreError, match="is under legal hold since 2026-12-11"):
        store.hold(first, "another", "alice", NOW)
    with pytest.raises(NoSuchRunError):
        store.hold("20261102T020000Z-aaaaaa", "gone", "alice", NOW)
    with pytest.raises(StoreError, match="reason"):
        store.hold(first, "  ", "alice", NOW)
    store.release(first, "counsel", NOW)
    with pytest.raises(StoreError, match="is not under legal hold"):
        store.release(first, "counsel", NOW)
    assert store.holds() == {}
    store.prune(1, 1, NOW)
    assert ids(store) == ["20261103"]
    assert [act.act for act in store.audit_log()] == ["prune", "release", "prune", "hold"]
    assert store.audit_log()[1].detail["reason"] == "a court wants it"


def test_a_hold_that_comes_in_between_is_heeded(url: str):
    """Retention has chosen the run already when it is put under hold."""
    store = filled(url, 3)
    (first, second) = store.prune(1, 1, NOW, dry=True)
    store.hold(first.run, "just in time", "counsel", NOW)
    assert not cleanup.delete(store, first, "retention", NOW)
    assert cleanup.delete(store, second, "retention", NOW)
    assert not cleanup.delete(store, second, "retention", NOW)
    assert ids(store) == ["20261103", "20261101"]
    assert store.load(first.run).id == first.run


def test_the_last_good_run_stays_however_old(url: str):
    store = open_store(url)
    for number, what in enumerate(["found", "gone", *["blind"] * 15]):
        store.save(night(number, what), TABLES)
    store.prune(1, 1, NOW + dt.timedelta(days=1000))
    kept = ids(store)
    assert len(kept) == LATEST + 1
    assert kept[-1] == "20261102"


@pytest.mark.parametrize("seed", range(3))
def test_ages_are_as_if_nothing_had_been_deleted(url: str, tmp_path: Path, seed: int):
    chosen = random.Random(seed)
    whole, lean = open_store(str(tmp_path / "whole")), open_store(url)
    for number in range(14):
        run = night(number, chosen.choice(["found", "found", "blind", "unknown", "gone"]))
        whole.save(run, TABLES)
        lean.save(run, TABLES)
        lean.prune(2, 2, run.started_at + dt.timedelta(days=1))
        assert lean.ages(run.id) == whole.ages(run.id)
    assert len(lean.list()) < len(whole.list())


def test_what_a_job_made_is_known_and_made_once(url: str):
    store = filled(url, 1)
    run = night(0, "found").id
    assert store.run_of("job-0") == run
    assert store.run_of("job-1") is None
    with pytest.raises(StoreError, match=f"job-0 has already produced run {run}"):
        store.save(night(1, "found"), TABLES, job="job-0")


def test_two_runs_of_one_job_at_once_are_one(url: str):
    """Both looked before either had kept anything."""
    store = filled(url, 1)
    with pytest.raises(sa.exc.IntegrityError):
        insert_rows(store.engine, night(1, "found"), "question", {}, "job-0")
    assert ids(store) == ["20261101"]


def test_a_finding_over_time(url: str):
    store = open_store(url)
    for number, what in enumerate(["found", "unknown", "gone", "elsewhere", "found"]):
        store.save(night(number, what), TABLES)
    run = night(4, "found")
    (fingerprint,) = (one.fingerprint for one in run.findings)
    seen = store.findings_over_time(run, fingerprint)
    assert [(one.run[:8], one.status.value) for one in seen] == [
        ("20261105", "fail"),
        ("20261102", "unknown"),
        ("20261101", "fail"),
    ]
    assert seen[0].started_at == run.started_at
    assert seen[0].severity is Severity.CRITICAL
    assert [one.waived for one in seen] == [False] * 3
    assert store.findings_over_time(run, fingerprint, limit=1) == seen[:1]
    assert store.findings_over_time(run, "0" * 16) == ()


def test_files_that_cannot_be_deleted_are_reported_and_deleted_later(url: str, monkeypatch: pytest.MonkeyPatch):
    store = filled(url, 2)

    def refuses(path: Path, *, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(folder.shutil, "rmtree", refuses)
        with pytest.raises(StoreError, match=r"Permission denied.*store verify --repair"):
            store.prune(1, 1, NOW)
    assert ids(store) == ["20261102"]
    (left,) = [one for one in store.verify(0) if one.problem]
    assert "retention" in left.problem
    assert [one.run for one in store.repair(0)] == [night(0, "found").id]
    assert [one for one in store.verify(0) if one.problem] == []
