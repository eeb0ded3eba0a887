"""What the tests of deliveries share."""

from __future__ import annotations

import pytest

from tests.schedules.deliveries.world import World, world_in


@pytest.fixture
def world(tmp_path) -> World:
    return world_in(tmp_path / "store")
