"""Whenever a process that uses a store is killed, the store is whole, and what was left behind can be swept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.audit.store.postgresql import Server

SEED = 20261123
MORE = 20 if os.environ.get("ECR_AUDIT_SOAK") == "1" else 1
"""Rounds for each one of `make test`, where `make soak` asks for it."""


ON_SQLITE = {"begin": 8 * MORE, "save": 16 * MORE, "prune": 12 * MORE, "upgrade": 6 * MORE}
ON_POSTGRESQL = {"save": 5 * MORE, "prune": 4 * MORE, "upgrade": 4 * MORE}


def killed(works: Mapping[str, int], folder: Path, *servers: str) -> None:
    """Each round kills one process at a random point and uses the store afterwards, in every way there is."""
    asked = ",".join(f"{work}={rounds}" for work, rounds in works.items())
    command = [sys.executable, "-m", "tests.audit.store.killing", str(SEED), str(folder), asked, *servers]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert said.returncode == 0, said.stdout + said.stderr
    died = [int(count) for count in re.findall(r"^(\d+) killed, 0 broken$", said.stdout, re.MULTILINE)]
    assert len(died) == len(works), said.stdout
    # A victim that is to die at a moment may have ended before.
    assert all(count >= rounds // 2 for count, rounds in zip(died, works.values(), strict=True)), said.stdout


def test_killed_at_any_moment_on_sqlite(tmp_path: Path):
    killed(ON_SQLITE, tmp_path)


def test_killed_at_any_moment_on_postgresql(tmp_path: Path, server: Server):
    databases = sum(ON_POSTGRESQL.values()) + len(ON_POSTGRESQL)
    killed(ON_POSTGRESQL, tmp_path, *(server.fresh() for _ in range(databases)))
