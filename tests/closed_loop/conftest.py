from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.closed_loop.quick_aws import quick_aws


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """A folder for PATH in which `aws` is the real AWS CLI, quickly started."""
    with quick_aws() as folder:
        yield folder
