"""An older store becomes what a new one is, whatever happens meanwhile; an unknown one is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from audit.store import Store, StoreError, open_store, planned, schema, upgrade
from audit.store.opening import engine_of, place_of, prepare
from tests.audit.store.old_stores import contents, old_store, shape, tables_of, write_old
from tests.audit.store.test_ages import night
from tests.audit.store.test_store import TABLES

NIGHTS = ("found", "blind", "found", "unknown", "elsewhere", "found", "gone", "unknown", "blind", "found", "found")


@pytest.fixture
def past(tmp_path: Path) -> Store:
    """Some nights in a store of today; what they leave is what an upgrade must arrive at."""
    store = open_store(str(tmp_path / "past"))
    for number, what in enumerate(NIGHTS):
        store.save(night(number, what), TABLES)
    return store


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_store_keeps_everything_and_learns_the_ages(past: Store, url: str, version: int):
    old_store(past, url, version)
    with pytest.raises(StoreError, match="ecr-audit store upgrade"):
        open_store(url)
    assert planned(url).before == version
    done = upgrade(url)
    assert (done.before, done.after, done.needed) == (version, schema.VERSION, True)
    assert contents(url) == contents(str(past.folder))
    store = open_store(url)
    run = night(len(NIGHTS) - 1, NIGHTS[-1])
    assert store.load(run.id) == run
    # Where the findings of an old store lie was not kept.
    assert store.history(run) == tuple(replace(one, spots={}) for one in past.history(run))
    assert store.ages(run.id) == past.ages(run.id)
    assert [one.problem for one in store.verify() if one.problem] == []
    store.save(night(len(NIGHTS), "found"), TABLES, job="first")
    assert not upgrade(url).needed


@pytest.mark.parametrize("version", [1, 2])
def test_an_upgraded_store_is_shaped_like_a_new_one(past: Store, url: str, version: int, tmp_path: Path, request):
    write_old(past, url, version)
    upgrade(url)
    new = str(tmp_path / "new") if "://" not in url else request.getfixturevalue("server").fresh()
    place_of(new)[1].mkdir(parents=True, exist_ok=True)
    engine = engine_of(place_of(new)[0])
    prepare(engine, "new")
    assert shape(url) == shape(new)
    for made in (url, new):
        with engine_of(place_of(made)[0]).connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, schema.metadata) == []


def test_nothing_is_begun_by_looking(tmp_path: Path):
    found = planned(str(tmp_path / "nowhere"))
    assert (found.before, found.needed) == (0, False)
    assert upgrade(str(tmp_path / "nowhere")) == found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("version", "word"), [(str(schema.VERSION + 1), "newer"), ("x", "damaged"), ("0", "damaged")])
def test_what_is_not_known_is_not_upgraded(url: str, version: str, word: str):
    store = open_store(url)
    with store.engine.begin() as connection:
        about = sa.update(schema.about).where(schema.about.c.name == "schema")
        connection.execute(about.values(value=version))
    before = shape(url)
    for attempt in (upgrade, planned, open_store):
        with pytest.raises(StoreError, match=word):
            attempt(url)
    assert shape(url) == before


def test_an_upgrade_that_fails_has_changed_nothing(past: Store, url: str, monkeypatch: pytest.MonkeyPatch):
    from audit.store import upgrading

    old_store(past, url, 1)
    before = shape(url)
    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "_set_schema", lambda: sa.text("UPDATE there_is_no_such_table SET x = 1"))
        with pytest.raises(StoreError, match="is as it was"):
            upgrade(url)
    assert shape(url) == before
    upgrade(url)
    assert contents(url) == contents(str(past.folder))


def test_a_store_without_its_tables_is_called_damaged(past: Store, url: str):
    write_old(past, url, 1)
    engine = engine_of(place_of(url)[0])
    with engine.begin() as connection:
        tables_of(1).tables["findings"].drop(connection)
    with pytest.raises(StoreError, match="no table findings"):
        upgrade(url)


def test_two_upgrades_at_once_do_no_harm(past: Store, url: str):
    old_store(past, url, 1)
    code = "import sys; from audit.store import upgrade; sys.stdin.readline(); upgrade(sys.argv[1])"
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([sys.executable, "-c", code, url], **pipes) for _ in range(2)]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert contents(url) == contents(str(past.folder))


def test_opening_needs_no_alembic(tmp_path: Path):
    code = "import sys, audit.store; audit.store.open_store(sys.argv[1]); assert 'alembic' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
