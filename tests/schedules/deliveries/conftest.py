"""What the tests of deliveries share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.audit.store import postgresql
from tests.schedules.deliveries.world import World, world_in


@pytest.fixture
def world(tmp_path) -> World:
    return world_in(tmp_path / "store")


@pytest.fixture(scope="package")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server."""
    if reason := postgresql.missing():
        pytest.skip(reason)
    with postgresql.running() as found:
        yield found


@pytest.fixture
def served(server: postgresql.Server, tmp_path, monkeypatch) -> Iterator[World]:
    """A world whose store is in PostgreSQL."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = world_in(server.fresh())
    yield made
    made.store.engine.dispose()
