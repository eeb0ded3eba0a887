"""A warm process from which services and workers are forked: each is a process of its own, without seconds of imports.

    python -m tests.nights.zygote SOCKET

Each connection is one process: its first line says what to play and when it is, the rest is its standard input. It is
answered with the process id, and, when the process has ended, with its exit code.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any


def main(path: str) -> None:
    """Fork for whoever connects, until our own standard input ends."""
    import pandas  # noqa: F401 loaded for the children
    import weasyprint  # noqa: F401 as above

    import audit.tables  # noqa: F401 as above
    from checks.engine.great_expectations import load_engine
    from tests.nights import plays

    load_engine()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("ready", flush=True)
    os.dup2(2, 1)  # what the children say goes into the log
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _supervise(connection, plays.PLAYS)
        connection.close()


def _supervise(connection: socket.socket, plays: Any) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    header = json.loads(_line(connection))
    pid = os.fork()
    if pid == 0:
        os.dup2(connection.fileno(), 0)
        connection.close()
        sys.stdin = os.fdopen(0)
        code = 70
        try:
            code = plays[header["play"]](header)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):  # whoever asked may have gone
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _line(connection: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"\n"):
        part = connection.recv(1)
        if not part:
            os._exit(0)
        found += part
    return found


if __name__ == "__main__":
    main(sys.argv[1])
