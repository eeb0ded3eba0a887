"""A store of an older program becomes the next one's, whatever happens meanwhile; an unknown one is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from audit.store import Store, StoreError, open_store, planned, schema, upgrade
from audit.store.connection import database_and_folder, migrations, open_engine, prepare
from audit.store.upgrading import _migrate
from tests.audit.store.next_program import REVISION, contents, next_program, revisions_of_next, shape
from tests.audit.store.test_finding_age import night
from tests.audit.store.test_store import TABLES

NIGHTS = ("found", "blind", "found", "unknown", "elsewhere", "found", "gone", "unknown", "blind", "found", "found")


@pytest.fixture
def past(url: str) -> Store:
    """Some nights in a store of this program."""
    store = open_store(url)
    for number, what in enumerate(NIGHTS):
        store.save(night(number, what), TABLES)
    return store


def test_an_old_store_keeps_everything(past: Store, url: str, tmp_path: Path):
    before, run = contents(url), night(len(NIGHTS) - 1, NIGHTS[-1])
    history, ages = past.history(run), past.ages(run.id)
    with next_program(revisions_of_next(tmp_path)):
        with pytest.raises(StoreError, match="ecr-audit store upgrade"):
            open_store(url)
        assert planned(url).before == "1"
        done = upgrade(url)
        assert (done.before, done.after, done.needed) == ("1", REVISION, True)
        assert contents(url) == before
        store = open_store(url)
        with store.engine.connect() as connection:
            worked_out = connection.execute(sa.text("SELECT seen_runs, seen_twice FROM findings")).all()
        assert worked_out
        assert all(twice == 2 * runs for runs, twice in worked_out)
        assert store.load(run.id) == run
        assert store.history(run) == history
        assert store.ages(run.id) == ages
        assert [one.problem for one in store.verify() if one.problem] == []
        store.save(night(len(NIGHTS), "found"), TABLES, job="first")
        assert not upgrade(url).needed
    for attempt in (upgrade, planned, open_store):  # the way back is closed
        with pytest.raises(StoreError, match="a newer version wrote it"):
            attempt(url)


def test_an_upgrade_leaves_the_other_tables_and_columns_as_they_were(past: Store, url: str, tmp_path: Path):
    before = shape(url)
    with next_program(revisions_of_next(tmp_path)):
        upgrade(url)
    after = shape(url)
    assert after.pop("later")
    added = [column for column in after["findings"]["columns"] if column not in before["findings"]["columns"]]
    assert [name for name, *_ in added] == ["seen_twice"]
    after["findings"]["columns"] = [column for column in after["findings"]["columns"] if column not in added]
    assert after == before


def test_a_new_store_is_what_alembic_makes_of_nothing(url: str, tmp_path: Path, request):
    by_alembic = str(tmp_path / "new") if "://" not in url else request.getfixturevalue("server").fresh()
    for one in (url, by_alembic):
        database_and_folder(one)[1].mkdir(parents=True, exist_ok=True)
    prepare(open_engine(database_and_folder(url)[0]), "new")
    with open_engine(database_and_folder(by_alembic)[0]).begin() as connection:
        _migrate(connection)
    assert shape(url) == shape(by_alembic)
    assert ScriptDirectory.from_config(migrations()).get_heads() == [schema.REVISION]
    for made in (url, by_alembic):
        with open_engine(database_and_folder(made)[0]).connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, schema.metadata) == []
            assert context.get_current_revision() == schema.REVISION


def test_nothing_is_begun_by_looking(tmp_path: Path):
    found = planned(str(tmp_path / "nowhere"))
    assert (found.before, found.needed) == ("", False)
    assert upgrade(str(tmp_path / "nowhere")) == found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("revisions", "words"),
    [(["99"], "does not support"), ([""], "does not support"), ([], "is damaged"), (["1", "99"], "is damaged")],
)
def test_what_is_not_known_is_not_upgraded(url: str, revisions: list[str], words: str):
    store = open_store(url)
    with store.engine.begin() as connection:
        connection.execute(schema.revisions.delete())
        for revision in revisions:
            connection.execute(schema.revisions.insert().values(version_num=revision))
    before = shape(url)
    for attempt in (upgrade, planned, open_store):
        with pytest.raises(StoreError, match=words):
            attempt(url)
    assert shape(url) == before


@pytest.mark.parametrize("there", [schema.revisions, schema.about])
def test_tables_of_another_program_are_left_alone(url: str, there: sa.Table):
    target, folder = database_and_folder(url)
    folder.mkdir(parents=True, exist_ok=True)
    there.create(open_engine(target))
    before = shape(url)
    for attempt in (upgrade, planned, open_store):
        with pytest.raises(StoreError, match=rf"tables named {there.name} .* separate folder or database with --store"):
            attempt(url)
    assert shape(url) == before


def test_an_upgrade_that_fails_has_changed_nothing(past: Store, url: str, tmp_path: Path):
    before = shape(url), contents(url)
    with (
        next_program(revisions_of_next(tmp_path / "failing", failing=True)),
        pytest.raises(StoreError, match="is unchanged"),
    ):
        upgrade(url)
    assert (shape(url), contents(url)) == before
    with next_program(revisions_of_next(tmp_path)):
        upgrade(url)
    assert contents(url) == before[1]


def test_a_store_without_its_tables_is_called_damaged(past: Store, url: str, tmp_path: Path):
    with past.engine.begin() as connection:
        schema.findings.drop(connection)
    with next_program(revisions_of_next(tmp_path)), pytest.raises(StoreError, match="no table findings"):
        upgrade(url)


def test_two_upgrades_at_once_do_no_harm(past: Store, url: str, tmp_path: Path):
    before = contents(url)
    code = (
        "import sys, pathlib; from audit.store import upgrade\n"
        "from tests.audit.store.next_program import next_program\n"
        "sys.stdin.readline()\n"
        "with next_program(pathlib.Path(sys.argv[2])): upgrade(sys.argv[1])"
    )
    there = revisions_of_next(tmp_path)
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([sys.executable, "-c", code, url, str(there)], **pipes) for _ in range(2)]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert contents(url) == before
    with next_program(there):
        assert not planned(url).needed


def test_opening_needs_no_alembic(tmp_path: Path):
    code = "import sys, audit.store; audit.store.open_store(sys.argv[1]); assert 'alembic' not in sys.modules"
    for _ in ("a new one", "one that is there"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
