"""Worker processes: their command, and how they are started, stopped and reaped."""

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
    """What a worker does with its job."""

    WORK = "work"
    """Run it, record its outcome, make its deliveries."""
    NOTIFY = "notify"
    """Its outcome is recorded; make the deliveries that are pending."""


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """One job for one worker."""

    task: Task
    job: str
    holder: str
    """The attempt: its writes are accepted only while it holds the job."""
    store: str
    """URL of the store, which has the location of its evidence."""
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
        """Its exit code (negative: the signal that killed it); None while it is alive. Never blocks."""

    def stop(self) -> None:
        """Ask it to save its progress and exit."""

    def kill(self) -> None:
        """Kill it, and all processes that it started."""


class Launch(Protocol):
    """Starts a worker."""

    def __call__(self, worker_command: WorkerCommand) -> Child:
        """Start one for *worker_command*. Raises OSError where the process cannot be started."""


class WorkerProcess:
    """A worker as a local process. It exits when its standard input is closed, that is, when its parent dies."""

    def __init__(
        self, worker_command: WorkerCommand, command: tuple[str, ...] = ("-m", "schedules.service.worker")
    ) -> None:
        # -P: a folder `audit` in the service's working directory must not be imported instead of the package.
        self._process = subprocess.Popen(
            [sys.executable, "-P", *command], stdin=subprocess.PIPE, start_new_session=True
        )
        with suppress(BrokenPipeError):  # it died immediately: `ended` returns its exit code
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
