"""What only a server does: many writers at once, connections that are lost, and passwords that are never shown."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit.store import StoreError, open_store, planned, upgrade
from audit.store.connection import database_and_folder, display_url, open_engine
from tests.audit.store import postgresql
from tests.audit.store.test_finding_age import night
from tests.audit.store.test_store import TABLES, a_run

SECRET = postgresql.PASSWORD

CROWD = """
import datetime as dt, os, sys, traceback
import pyarrow.parquet
from audit.store import open_store
from tests.audit.store.test_store import TABLES, a_run

def work(kind, number):
    store = open_store(sys.argv[1])
    for one in range(6):
        if kind == "save":
            store.save(a_run(f"202611{10 + one}T0{number}0000Z-{number:06x}"), TABLES, job=f"{number}-{one}")
        elif kind == "prune":
            store.prune(0, 4, dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
        else:
            wrong = [found for found in store.verify() if found.problem]
            assert not wrong, wrong
            store.repair()

children = []
for number, kind in enumerate(["save", "save", "save", "prune", "check"]):
    children.append(os.fork())
    if children[-1] == 0:
        try:
            work(kind, number)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def test_many_processes_save_prune_and_check_at_once(url: str):
    """The first to come begins the store, too."""
    together = subprocess.run([sys.executable, "-c", CROWD, url], capture_output=True, text=True, check=False)
    assert together.returncode == 0, together.stderr
    store = open_store(url)
    assert [one.problem for one in store.verify(0) if one.problem] == []
    pruned = {act.subject for act in store.audit_log(100)}
    assert len(store.list()) + len(pruned) == 18
    for line in store.list():
        assert store.load(line.id).id == line.id


@pytest.fixture
def own_server() -> Iterator[postgresql.Server]:
    """One that a test may stop."""
    if reason := postgresql.missing():
        pytest.skip(reason)
    with postgresql.running() as server:
        yield server


def test_a_server_that_goes_and_comes_back(
    own_server: postgresql.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    url = own_server.fresh()
    store = open_store(url)
    store.save(night(0, "found"), TABLES)
    own_server.stop(signal.SIGINT)
    own_server.start()
    assert len(store.list()) == 1  # the pool's connection was dead, and was found out
    own_server.stop(signal.SIGQUIT)
    for attempt in (
        lambda: store.list(),
        lambda: store.save(night(1, "found"), TABLES),
        lambda: store.hold(night(0, "found").id, "x", "me", night(0, "found").started_at),
        lambda: store.prune(1, 1, night(0, "found").started_at),
        lambda: list(store.verify()),
        lambda: open_store(url),
        lambda: planned(url),
        lambda: upgrade(url),
    ):
        with pytest.raises(StoreError, match=r"again when the database server is available") as caught:
            attempt()
        assert SECRET not in str(caught.value)
        assert "damaged" not in str(caught.value)
    own_server.start()
    store.save(night(2, "found"), TABLES)
    assert [one.problem for one in store.verify(0) if one.problem] == []


def test_a_connection_that_is_cut_in_the_middle(server: postgresql.Server, tmp_path: Path, monkeypatch):
    """The server ends the session while a run's rows are written: nothing of it is stored, and that is reported."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = open_store(server.fresh())

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def cut(connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO findings"):
            pid = connection.connection.dbapi_connection.info.backend_pid
            server.execute(f"SELECT pg_terminate_backend({pid})")

    with pytest.raises(StoreError, match="could not be stored") as caught:
        store.save(a_run(), TABLES)
    assert SECRET not in str(caught.value)
    sa.event.remove(store.engine, "before_cursor_execute", cut)
    assert store.list() == ()
    store.save(night(2, "found"), TABLES)
    assert len(store.list()) == 1


@pytest.mark.parametrize("driver", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_the_url(server: postgresql.Server, tmp_path: Path, monkeypatch, driver: str):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = open_store(server.fresh().replace("postgresql:", f"{driver}:"))
    assert SECRET not in store.name
    assert store.list() == ()


def test_what_is_wrong_with_a_server_is_reported_without_its_password(
    server: postgresql.Server, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    good = server.url()
    for url, said in (
        (good.replace(SECRET, "wrong-secret"), "password authentication failed"),
        (good.replace(f":{server.port}/", ":1/"), "refused"),
        (good.replace("/postgres", "/nothing-there"), "does not exist"),
        (f"postgresql://127.0.0.1:{server.port}/postgres?user=auditor&password=wrong-secret", "authentication failed"),
    ):
        with pytest.raises(StoreError, match=said) as caught:
            open_store(url)
        assert "wrong-secret" not in str(caught.value)
        assert SECRET not in str(caught.value)


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"ecr-audit\[postgres\]"):
        open_store("postgresql://u:secret-word@127.0.0.1/d")


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    """A port that takes connections and says nothing."""
    import socket

    monkeypatch.setattr("audit.store.connection.CONNECT_SECONDS", 2)  # libpq's least
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(StoreError, match="timeout"):
            open_store(f"postgresql://u:secret-word@127.0.0.1:{port}/d")


def test_names_that_break_databases_are_kept(url: str):
    """NUL in names from AWS, and names longer than a column: PostgreSQL takes neither as text."""
    store = open_store(url)
    text = "\0nul \x1b[31m ' \" ; -- % %s {} " + "漢" * 300
    run = replace(a_run(), organization_name=text, account_names={"000000000001": text})
    store.save(run, TABLES)
    assert store.load(run.id) == run
    assert store.list()[0].organization == text
    store.hold(run.id, text, text, run.started_at)
    assert store.holds()[run.id].reason == text.replace("\0", "\ufffd")
    assert store.audit_log()[0].detail == {"reason": text}


def test_another_database_is_refused():
    with pytest.raises(StoreError, match="folder, or postgresql://"):
        open_store("mysql+pymysql://u:secret-word@127.0.0.1/d")


def test_a_session_that_waits_for_a_lock_gives_up(server: postgresql.Server, tmp_path: Path, monkeypatch):
    """Another session holds the lock for changing tables."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("audit.store.connection.BUSY_SECONDS", 1)
    url = server.fresh()
    engine = open_engine(database_and_folder(url)[0])
    with engine.connect() as holder:
        holder.exec_driver_sql("SELECT pg_advisory_xact_lock(7305808559759254633)")
        began = time.monotonic()
        with pytest.raises(StoreError, match="lock timeout"):
            open_store(url)
        assert time.monotonic() - began < 60
    engine.dispose()
    assert SECRET not in display_url(database_and_folder(url)[0])
