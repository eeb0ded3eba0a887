"""`ecr-audit token`, and what a stolen database would reveal."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from audit.store import Store, open_store
from audit.store.access import AccessRows
from ecr_audit.cli import commands
from ecr_audit.web.security.roles import Role
from ecr_audit.web.security.tokens import TokenError, Tokens, digest


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "store")


def token(folder: str, *arguments: str) -> Result:
    return CliRunner().invoke(commands, ["token", *arguments, "--store", folder])


def test_a_token_is_shown_once_and_kept_as_its_hash(folder: str) -> None:
    made = token(folder, "add", "grafana", "--role", "read", "--days", "30")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert re.fullmatch("ecra_[A-Za-z0-9_-]{43}", secret)
    store = open_store(folder)
    database = b"".join(path.read_bytes() for path in Path(folder).iterdir() if path.is_file())
    assert secret.encode() not in database
    assert digest(secret).encode() in database
    for listed in (token(folder, "list"), token(folder, "list", "--json")):
        assert secret not in listed.output
        assert digest(secret) not in listed.output
    (line,) = json.loads(token(folder, "list", "--json").stdout)
    assert (line["name"], line["role"]) == ("grafana", "read")
    span = dt.datetime.fromisoformat(line["until"]) - dt.datetime.fromisoformat(line["made_at"])
    assert span == dt.timedelta(days=30)
    assert [(act.act, act.subject, act.detail) for act in store.audit_log()] == [
        ("token add", "grafana", {"role": "read", "days": 30})
    ]


def test_a_token_that_was_taken_back_is_gone(folder: str) -> None:
    secret = token(folder, "add", "me", "--role", "admin").stdout.strip()
    tokens = Tokens(AccessRows(open_store(folder).engine), lambda: dt.datetime.now(dt.UTC))
    user = tokens.user(secret)
    assert user is not None
    assert (user.name, user.role) == ("me", Role.ADMIN)
    assert token(folder, "remove", "me").exit_code == 0
    assert tokens.user(secret) is None
    assert "There are no tokens" in token(folder, "list").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "x y", "--role", "read"), "is not a valid token name"),
        (("add", "-x", "--role", "read"), "No such option"),
        (("add", "a/../b", "--role", "read"), "is not a valid token name"),
        (("add", "a\nb", "--role", "read"), "is not a valid token name"),
        (("add", "x" * 61, "--role", "read"), "is not a valid token name"),
        (("add", "me"), "--role"),
        (("add", "me", "--role", "root"), "root"),
        (("add", "me", "--role", "read", "--days", "0"), "--days"),
        (("remove", "me"), "does not exist"),
    ],
)
def test_what_makes_no_token_is_said(folder: str, arguments: tuple[str, ...], said: str) -> None:
    answer = token(folder, *arguments)
    assert answer.exit_code == 2
    assert said in answer.output


def test_a_name_is_taken_once(folder: str) -> None:
    assert token(folder, "add", "me", "--role", "read").exit_code == 0
    assert "remove it first" in token(folder, "add", "me", "--role", "admin").output


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_store(str(tmp_path_factory.mktemp("tokens")))


def test_a_token_ends_when_its_time_is_over(store: Store) -> None:
    now = [dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)]
    tokens = Tokens(AccessRows(store.engine), lambda: now[0])
    secret = tokens.add("short", Role.RUN, days=1)
    now[0] += dt.timedelta(hours=23, minutes=59, seconds=59)
    assert tokens.user(secret) is not None
    now[0] += dt.timedelta(seconds=1)
    assert tokens.user(secret) is None
    with pytest.raises(TokenError, match="token short already exists"):
        tokens.add("short", Role.RUN)


@given(st.one_of(st.text(max_size=60), st.from_regex("ecra_[A-Za-z0-9_-]{43}", fullmatch=True)))
def test_nothing_else_is_taken_for_a_token(store: Store, guess: str) -> None:
    assert Tokens(AccessRows(store.engine), lambda: dt.datetime.now(dt.UTC)).user(guess) is None


def test_hashes_are_compared_in_constant_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def spied(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    tokens = Tokens(AccessRows(store.engine), lambda: dt.datetime.now(dt.UTC))
    secret = tokens.add("timed", Role.READ)
    monkeypatch.setattr("ecr_audit.web.security.tokens.hmac.compare_digest", spied)
    assert tokens.user(secret) is not None
    assert compared == [(digest(secret), digest(secret))]
