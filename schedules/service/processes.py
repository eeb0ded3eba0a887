"""Worker processes: the command that each is given, how they are started, stopped and reaped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol


class Task(StrEnum):
    """What a worker is to do with its job."""

    WORK = "work"
    """Do it, record its outcome, tell whoever is to hear of it."""
    NOTIFY = "notify"
    """Its outcome is recorded; tell those who have not heard of it."""


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """One job for one worker."""

    task: Task
    job: str
    holder: str
    """Which attempt this is: what it writes is taken only while that one holds the job."""
    store: str
    """URL of the store, which knows where its evidence lies."""
    configuration: str
    """The service's configuration, as JSON."""

    def as_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> WorkerCommand:
        """The reverse of `as_line`."""
        values = json.loads(line)
        return cls(**values | {"task": Task(values["task"])})


class Child(Protocol):
    """A worker process."""

    def ended(self) -> int | None:
        """Its exit code (negative: the signal that killed it); None while it is alive. Never waits."""

    def stop(self) -> None:
        """Ask it to put away what it has and end."""

    def kill(self) -> None:
        """End it, and all that it started, at once."""


class Launch(Protocol):
    """Starts a worker."""

    def __call__(self, worker_command: WorkerCommand) -> Child:
        """Start one for *order*. Raises OSError where the system refuses."""


class WorkerProcess:
    """A worker as a process of this machine. It ends itself when its standard input does: when we die."""

    def __init__(
        self, worker_command: WorkerCommand, command: tuple[str, ...] = ("-m", "schedules.service.worker")
    ) -> None:
        # -P: a folder called `audit` where the service was started must not be taken for the program's own.
        self._process = subprocess.Popen(
            [sys.executable, "-P", *command], stdin=subprocess.PIPE, start_new_session=True
        )
        with suppress(BrokenPipeError):  # it died at once: `ended` tells
            assert self._process.stdin is not None
            self._process.stdin.write(worker_command.as_line())
            self._process.stdin.flush()

    def ended(self) -> int | None:
        """Its exit code, or None."""
        code = self._process.poll()
        if code is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        return code

    def stop(self) -> None:
        """SIGTERM."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to its whole session."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
