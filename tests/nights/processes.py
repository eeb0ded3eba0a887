"""Processes that the zygote forks, as whoever asked for them sees them."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from contextlib import suppress
from typing import Any

from schedules.service.processes import WorkerCommand


class Forked:
    """One process: a `schedules.service.processes.Child`, and a little more."""

    def __init__(self, zygote: str, header: dict[str, Any], first: bytes = b"") -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(zygote)
        self._socket.sendall(json.dumps(header).encode() + b"\n" + first)
        self._captured = b""
        self.pid = int(self._next(wait=True) or 0)
        self._code: int | None = None

    def say(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\n")

    def ended(self) -> int | None:
        if self._code is None and (line := self._next(wait=False)):
            self._code = int(line)
        return self._code

    def stop(self) -> None:
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _next(self, *, wait: bool) -> str:
        while b"\n" not in self._captured:
            if not wait and not select.select([self._socket], [], [], 0)[0]:
                return ""
            part = self._socket.recv(100)
            if not part:
                return "-9"  # its supervisor died with it
            self._captured += part
        line, _, self._captured = self._captured.partition(b"\n")
        return line.decode()


def launcher(zygote: str, stage: str, now: Any) -> Any:
    """A `Launch` that forks workers which begin at the present of whoever launches them."""

    def launch(command: WorkerCommand) -> Forked:
        return Forked(zygote, {"play": "worker", "stage": stage, "at": now()}, command.as_line())

    return launch
