"""What every test gets: no network but loopback, no AWS settings of the person who runs the tests.

And the order in which workers take tests: those of one file go to one worker, so that what they share is made once, and
what takes longest starts first. Files that share a database server are one such group; a file may be several (see
`tests.closed_loop.test_cases`).
"""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
from typing import Any

import hypothesis
import pytest

# How long an example takes says how busy the machine is, and nothing else.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
os.environ.update(
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
    GX_ANALYTICS_ENABLED="false",
)


FIRST = ("tests/nights/", "tests/docs/test_command", "tests/closed_loop/", "tests/ecr_audit/", "tests/hostile/")
"""What takes minutes, the longest first."""
SHARED = {"server": "postgresql"}
"""Fixtures that are made once for the tests of several files, and the name of that group."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            used = [name for fixture, name in SHARED.items() if fixture in getattr(item, "fixturenames", ())]
            item.add_marker(pytest.mark.xdist_group(used[0] if used else item.nodeid.partition("::")[0]))
    items.sort(key=_rank)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave what is imported by now out of the garbage collector's rounds: they are a tenth of all processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))


class NetworkBlockedError(RuntimeError):
    """A test tried to leave this machine."""


def _is_loopback(host: object) -> bool:
    if host in ("localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    real_connect, real_lookup = socket.socket.connect, socket.getaddrinfo

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise NetworkBlockedError(f"a test tried to reach {address[0]}")
        real_connect(self, address)

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if not _is_loopback(host.decode() if isinstance(host, bytes) else host):
            raise NetworkBlockedError(f"a test tried to look up {host}")
        return real_lookup(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
