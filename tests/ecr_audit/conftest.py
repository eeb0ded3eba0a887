from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.docs import quick_ecr_audit


@pytest.fixture(scope="session", autouse=True)
def _programs_end() -> Iterator[None]:
    yield
    quick_ecr_audit.end()
