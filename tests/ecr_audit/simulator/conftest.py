from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecr_audit.simulator import Simulation, World, serve
from tests.ecr_audit.simulator.worlds import world_document


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with serve(World.from_document(world_document())) as running:
        yield running
