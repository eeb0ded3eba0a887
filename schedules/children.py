"""Worker processes: started, told to end, and reaped. Each job has one of its own, so that it can be ended, its memory
comes back, and what goes wrong in it goes wrong there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Protocol

from schedules.order import Order


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

    def __call__(self, order: Order) -> Child:
        """Start one for *order*. Raises OSError where the system refuses."""


class WorkerProcess:
    """A worker as a process of this machine. It ends itself when its standard input does: when we die."""

    def __init__(self, order: Order, command: tuple[str, ...] = ("-m", "schedules.worker")) -> None:
        # -P: a folder called `audit` where the service was started must not be taken for the program's own.
        self._process = subprocess.Popen(
            [sys.executable, "-P", *command], stdin=subprocess.PIPE, start_new_session=True
        )
        with suppress(BrokenPipeError):  # it died at once: `ended` tells
            assert self._process.stdin is not None
            self._process.stdin.write(order.as_line())
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
