"""Whenever a process that uses a store is killed, the store is whole, and what was left behind can be swept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.store.postgresql import Server

SEED = 20261123
MORE = 20 if os.environ.get("ECR_AUDIT_SOAK") == "1" else 1
"""Rounds for each one of `make test`, where `make soak` asks for it."""


def killed(work: str, rounds: int, folder: Path, *servers: str) -> None:
    """Each round kills one process at a random point and uses the store afterwards, in every way there is."""
    command = [sys.executable, "-m", "tests.audit.store.killing", work, str(rounds), str(SEED), str(folder), *servers]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert said.returncode == 0, said.stdout + said.stderr
    # A victim that is to die at a moment may have ended before.
    died = int(said.stdout.splitlines()[-1].split()[0])
    assert died >= rounds // 2, said.stdout


@pytest.mark.parametrize(("work", "rounds"), [("begin", 8), ("save", 16), ("prune", 12), ("upgrade", 6)])
def test_killed_at_any_moment_on_sqlite(tmp_path: Path, work: str, rounds: int):
    killed(work, rounds * MORE, tmp_path)


@pytest.mark.parametrize(("work", "rounds"), [("save", 5), ("prune", 4), ("upgrade", 4)])
def test_killed_at_any_moment_on_postgresql(tmp_path: Path, server: Server, work: str, rounds: int):
    killed(work, rounds * MORE, tmp_path, *(server.fresh() for _ in range(rounds * MORE + 1)))
