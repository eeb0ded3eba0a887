"""Every kind of database that a store may be: most tests run on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.store import postgresql


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server, started when the first test asks for it."""
    if reason := postgresql.missing():
        pytest.skip(reason)
    with postgresql.running() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `--store` would be given for a new store; its files lie below `tmp_path` either way."""
    if request.param == "sqlite":
        return str(tmp_path / "store")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return request.getfixturevalue("server").fresh()
