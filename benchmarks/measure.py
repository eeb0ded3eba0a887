"""Measurements of a command: wall time, CPU of it and its child processes, peak memory of the process tree."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Figures:
    """One run of one command."""

    wall_seconds: float
    cpu_seconds: float
    """User and system time of the process and of every descendant that it waited for."""
    peak_mib: float
    """Largest sum of resident memory over the tree, sampled; pages shared by forks count in each."""
    output: str


def measure(command: list[str], environment: dict[str, str]) -> Figures:
    """Run *command* to its end. Raises RuntimeError with its error output if it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        watcher = Watcher(process.pid)
        watcher.start()
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.ended.set()
        watcher.join()
        out.seek(0)
        err.seek(0)
        messages = err.read()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {messages[-2000:]}")
        if messages:
            print(messages.strip()[-500:])
        return Figures(wall, usage.ru_utime + usage.ru_stime, watcher.peak_bytes / 2**20, out.read())


class Watcher(threading.Thread):
    """Samples the memory of a process tree (Linux; elsewhere the peak stays 0)."""

    def __init__(self, root: int) -> None:
        """Watch *root* and its descendants."""
        super().__init__(daemon=True)
        self.root, self.peak_bytes, self.ended = root, 0, threading.Event()

    def run(self) -> None:
        """Sample ten times a second."""
        while not self.ended.wait(0.1):
            self.peak_bytes = max(self.peak_bytes, sum(_resident(pid) for pid in _tree(self.root)))


def _tree(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue  # it ended between two samples
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0  # it ended between two samples
