"""What a stranger types, keeps and sends: one message that says what to do, its exit code, no traceback."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.evidence import CallCounts
from audit.store import StoreError, open_store
from ecr_audit.cli import main
from tests.audit.store.test_store import TABLES, a_run


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Door = Callable[..., Said]


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Door:
    """The command line in this process."""

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["ecr-audit", *arguments])
        monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handlers of this process stay as they are
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "internal error" not in captured.err
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:very-secret@[::::/x",
        "postgre sql://u:very-secret@h/x",
        "sqlite://",
        "sqlite:///:memory:",
        "nonsense://u:very-secret@h/x",
    ],
)
def test_a_store_that_cannot_be_is_refused_without_its_password(login: Door, url: str):
    said = login("runs", "list", "--store", url)
    assert said.code == 2
    assert "very-secret" not in said.err


@pytest.mark.parametrize("value", ["", ",", " , "])
def test_an_empty_scope_is_not_everything(login: Door, value: str, tmp_path: Path):
    for option in ("--accounts", "--ous", "--regions"):
        said = login("run", option, value, "--output", str(tmp_path))
        assert said.code == 2
        assert option in said.err


@pytest.mark.parametrize("name", ["", '$(id)"', "a b", "x" * 65, "a/", "*"])
def test_a_role_name_is_one(login: Door, name: str):
    assert login("iam-policy", "--side", "management", "--role-name", name).code == 2


def test_a_role_name_may_have_a_path(login: Door):
    assert "role/audit/ecr-audit" in login("iam-policy", "--side", "management", "--role-name", "audit/ecr-audit").out


def explained(login: Door, policy: Path, repository: str = "team/app") -> Said:
    return login(
        "grants", "explain", "--policy", str(policy), "--source-account", "111111111111",
        "--destination-account", "222222222222", "--region", "eu-west-1", "--repository", repository,
    )  # fmt: skip


def test_a_policy_cannot_write_to_the_terminal(login: Door, tmp_path: Path):
    statement = {
        "Sid": "\u202e\x1b[31m$(id)\nStatement 2: Allow",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:\x1b[31m\u202e"},
        "Action": "ecr:\x1b]0;x\x07",
        "Resource": "\u202e*",
        "Condition": {"StringEquals": {"aws:\x1b[31m": "\u202e"}},
    }
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    said = explained(login, policy)
    assert said.code == 4
    assert not {"\x1b", "\u202e", "\x07"} & set(said.out)
    assert sum(line.startswith("Statement ") for line in said.out.splitlines()) == 1


def test_a_byte_order_mark_is_no_mistake(login: Door, tmp_path: Path):
    policy = tmp_path / "policy.json"
    policy.write_bytes(b"\xef\xbb\xbf" + json.dumps({"Version": "2012-10-17", "Statement": []}).encode())
    assert "DENIED_IMPLICIT" in explained(login, policy).out
    baseline = tmp_path / "baseline.yaml"
    baseline.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert login("baseline", "validate", str(baseline)).code == 0


@pytest.mark.parametrize("name", ["", "a", "a*", "../x", "$(id)", "Team/App", "x" * 257])
def test_a_repository_name_is_one(login: Door, tmp_path: Path, name: str):
    policy = tmp_path / "policy.json"
    policy.write_text("")
    assert explained(login, policy, name).code == 2


def test_a_baseline_in_another_encoding_is_told_by_line(login: Door, tmp_path: Path):
    baseline = tmp_path / "baseline.yaml"
    baseline.write_bytes("version: 1\n# Zürich\n".encode("latin-1"))
    said = login("baseline", "validate", str(baseline))
    assert said.code == 2
    assert f"{baseline}:2:" in said.err


BOMB = "\n".join(
    ["a: &a [x,x,x,x,x,x,x,x,x]", *(f"{n}: &{n} [{','.join(['*' + o] * 9)}]" for o, n in zip("abcdefgh", "bcdefghi"))]  # noqa: B905 the second is the first, one on
)


@pytest.mark.parametrize("text", [BOMB, "[" * 5000, "version: " + "9" * 5000, "a: &x [*x]", "now: 2026-13-45"])
def test_a_world_that_cannot_be_read_is_told(login: Door, tmp_path: Path, text: str):
    world = tmp_path / "world.yaml"
    world.write_text(text)
    said = login("simulate", "--world", str(world))
    assert said.code == 2
    assert str(world) in said.err


def broken_store(folder: Path, *statements: str) -> str:
    open_store(str(folder)).save(a_run(), TABLES)
    with sqlite3.connect(folder / "ecr-audit.db") as database:
        for statement in statements:
            database.execute(statement)
    return str(folder)


@pytest.mark.parametrize(
    "statement",
    [
        "update about set value = 'x'",
        "update runs set summary = 'not json'",
        """update runs set summary = '{"a": 1}'""",
        "update runs set summary = '[]'",
        "update runs set files = '{}'",
        "update runs set files = '7'",
        "alter table runs drop column files",
        "drop table runs",
    ],
)
def test_a_damaged_store_is_called_one(login: Door, tmp_path: Path, statement: str):
    store = broken_store(tmp_path / "store", statement)
    said = [
        login("runs", "list", "--store", store),
        login("report", "latest", "--store", store, "--output", str(tmp_path)),
    ]
    # A dropped table is made anew: then there is no run.
    assert 2 in {one.code for one in said}
    assert {one.code for one in said} <= {0, 2}


def test_a_history_without_its_table_is_told(tmp_path: Path):
    store = open_store(str(tmp_path))
    with sqlite3.connect(tmp_path / "ecr-audit.db") as database:
        database.execute("drop table findings")
    with pytest.raises(StoreError, match="damaged"):
        store.history(a_run())


def test_stores_begun_at_the_same_moment_are_one(tmp_path: Path):
    """Several processes, because the race is between two databases' connections that know nothing of each other."""
    code = "import sys; from audit.store import open_store; sys.stdin.readline(); open_store(sys.argv[1])"
    for attempt in range(2):
        folder = tmp_path / str(attempt)
        began = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        for process in began:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in began:
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0, said


def test_a_store_whose_beginning_fails_half_way_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from audit.store import schema

    def some_of_them(connection: object) -> None:
        schema.about.create(connection)  # type: ignore[arg-type]  # whatever the store hands over
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(schema.metadata, "create_all", some_of_them)
        with pytest.raises(StoreError, match="No space"):
            open_store(str(tmp_path))
    assert open_store(str(tmp_path)).list() == ()


def test_a_database_of_something_else_is_left_alone(tmp_path: Path):
    with sqlite3.connect(tmp_path / "ecr-audit.db") as database:
        database.execute("create table jobs (id integer)")
    with pytest.raises(StoreError, match="jobs"):
        open_store(str(tmp_path))
    with sqlite3.connect(tmp_path / "ecr-audit.db") as database:
        assert database.execute("select name from sqlite_master").fetchall() == [("jobs",)]


def test_a_full_disk_is_told_where_and_what_is_kept(login: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = tmp_path / "store"
    open_store(str(store)).save(a_run(), TABLES)

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("audit.store.files.write_atomically", full)
    said = login("report", "latest", "--store", str(store), "--output", str(tmp_path / "out"), "--format", "csv")
    assert said.code == 2
    assert str(tmp_path / "out") in said.err
    assert "--output" in said.err


def test_collecting_onto_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from audit.store import checkpoint

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write_atomically", full)
    with (
        pytest.raises(StoreError, match="No space left"),
        checkpoint.open_collection(tmp_path, "key", 0.0, resume=False),
    ):
        pytest.fail("nothing can be kept there")


def test_a_name_with_markup_is_a_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from dataclasses import replace

    from ecr_audit.cli.screen import print_summary
    from reports.view import build_view

    name = "[/bold][red]=x\x1b[31m\u202e:smile:"
    run = replace(a_run(), organization_name=name, notes=("[/red] a note\x1b[31m",))
    monkeypatch.setenv("COLUMNS", "200")
    print_summary(run, build_view(run))
    out = capsys.readouterr().out
    assert "[/bold][red]=x<U+001B>[31m<U+202E>:smile:" in out
    assert "[/red] a note" in out
    assert "\x1b" not in out


def test_one_of_a_thing_is_told_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from dataclasses import replace

    from audit.model import Coverage
    from ecr_audit.cli.screen import print_summary
    from reports.view import build_view

    monkeypatch.setenv("COLUMNS", "200")
    run = replace(a_run(), coverage=Coverage(1, 1, 1, 1, 0, 0, 1), calls=CallCounts({"ecr:DescribeRegistry": 1}))
    print_summary(run, build_view(run), scripts=Path("scripts"))
    out = capsys.readouterr().out
    assert (
        "1 of 1 account read; 1 of 1 registry read completely (0 in part, 0 not at all), "
        "1 repository, 1 API call, 1 gap." in out
    )
    assert "(1 script)" in out


def test_names_reach_a_terminal_that_cannot_show_them(monkeypatch: pytest.MonkeyPatch):
    from ecr_audit.cli import _prepare

    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    _prepare()
    narrow.write("Zürich → ☃")
    narrow.flush()


def test_scripts_are_utf8_wherever_they_are_written(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from ecr_audit.cli.output import write_scripts; from tests.audit.store.test_store import a_run\n"
        "run = a_run(); script = replace(run.scripts[0], text='# \\u2192 \\u2603')\n"
        "write_scripts(replace(run, scripts=(script,)), Path(sys.argv[1]))\n"
    )
    environment = os.environ | {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment, timeout=60)
    (written,) = (tmp_path / "remediation").iterdir()
    assert written.read_text(encoding="utf-8") == "# → ☃"


def wait_for(reached: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def test_the_demo_simulator_ends_with_whoever_started_it():
    process = subprocess.Popen(
        [sys.executable, "-m", "ecr_audit.simulator", "--until-stdin-ends"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    with process.stdout:
        assert "http://" in process.stdout.readline()
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_is_an_orderly_end(number: signal.Signals):
    process = subprocess.Popen(
        [sys.executable, "-m", "ecr_audit", "simulate"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    reader.start()
    wait_for(lambda: any("Ctrl-C" in line for line in lines))
    process.send_signal(number)
    assert process.wait(timeout=30) == 0
    reader.join()
    process.stdout.close()
    assert process.stderr
    with process.stderr:
        assert "Stopped." in process.stderr.read()


def test_an_end_in_the_middle_has_the_signal_in_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from ecr_audit.cli import Terminated, commands

    def told(*_a: object, **_n: object) -> None:
        raise Terminated(signal.SIGTERM)

    monkeypatch.setattr(commands, "invoke", told)
    monkeypatch.setattr(sys, "argv", ["ecr-audit", "checks", "list"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 143
    assert "Stopped." in capsys.readouterr().err


def test_a_reader_that_goes_does_not_change_what_was_found(tmp_path: Path):
    code = (
        "import sys; from ecr_audit.cli.run import _closed_reader; from ecr_audit.cli.screen import print_summary\n"
        "from reports.view import build_view; from tests.audit.store.test_store import a_run\n"
        "sys.stdin.readline(); run = a_run()\n"
        "with _closed_reader(): print_summary(run, build_view(run))\n"
        "sys.exit(4)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate("go\n", timeout=60)
    assert (process.returncode, said) == (4, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full is Linux's own")
@pytest.mark.parametrize(
    ("arguments", "stream", "code"),
    [(["checks", "list"], "stdout", 1), (["--help"], "stdout", 1), (["x"], "stderr", 2)],
)
def test_a_stream_that_takes_nothing_is_named(arguments: list[str], stream: str, code: int):
    with open("/dev/full", "w") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: full}
        done = subprocess.run(
            [sys.executable, "-m", "ecr_audit", *arguments], text=True, timeout=60, check=False, **streams
        )
    assert done.returncode == code
    if stream == "stdout":
        assert done.stderr == "Error: standard output cannot be written: No space left on device\n"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from audit.store.files import write_atomically

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(tmp_path / "baseline.yaml", b"x")
    assert caught.value.filename == str(tmp_path / "baseline.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_told(login: Door):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = login("simulate", "--port", str(port))
    assert said.code == 2
    assert str(port) in said.err
    assert "--port" in said.err
    assert "None" not in said.err


def test_a_scope_without_any_registry_is_not_a_clean_audit():
    from dataclasses import replace

    from ecr_audit.cli.run import exit_code

    run = replace(a_run(), results=(), gaps=())
    empty = replace(run, coverage=replace(run.coverage, registries_planned=0, unaccounted=()))
    full = replace(run, coverage=replace(run.coverage, registries_planned=1, registries_complete=1, unaccounted=()))
    assert exit_code(empty, "high") == 3
    assert exit_code(full, "high") == 0


def test_evidence_of_an_interrupted_collection_is_dated():
    from audit.run import _resumed_note

    assert _resumed_note(7, 0.0) == (
        "7 registry reads were reused from an interrupted collection that started at 1970-01-01T00:00:00Z."
    )
