"""A Python program without its start-up time: one process imports it once and forks for every call.

What a fork gets is the caller's arguments, environment, folder and streams, and it ends as the program would. Only the
imports are paid once; for programs as large as ours and the AWS CLI they are most of a short call.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

# Only modules that Python has in itself: their imports would be half of a call's time.
_CLIENT = """\
#!{python} -SE
import _socket, marshal, posix, sys
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
server.connect({path!r})
request = marshal.dumps((sys.argv[1:], posix.environ, posix.getcwd()))
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
server.sendmsg([len(request).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
server.sendall(request)
sys.exit(int(server.recv(8) or b"70"))
"""


@contextlib.contextmanager
def executable(name: str, script: str, more: Mapping[str, str] | None = None) -> Iterator[str]:
    """A folder for PATH that contains *name*, answered by *script*, which calls `answer` with its first argument.

    *more* is added to the environment of that script.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "socket")
        client = Path(folder) / name
        client.write_text(_CLIENT.format(python=sys.executable, path=path))
        client.chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, script, path], stdout=subprocess.PIPE, env={**os.environ, **(more or {})}
        )
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield folder
        finally:
            server.terminate()
            server.wait()


def answer(path: str, program: Callable[[list[str]], object]) -> None:
    """Listen on *path* for callers until terminated. *program* is given the arguments, in a process of its own.

    What it returns, or raises as SystemExit, is its exit code.
    """
    gc.collect()
    gc.freeze()  # what is here by now is never collected, and its pages stay shared with the children
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listening.accept()
            with connection:
                size, streams, _, _ = socket.recv_fds(connection, 8, 3)
                request = b""
                while len(request) < int.from_bytes(size, "big"):
                    request += connection.recv(1 << 20)
                child = os.fork()
                if child == 0:
                    connection.close()
                    listening.close()
                    sys.exit(_become(request, streams, program))
                for stream in streams:
                    os.close(stream)
                _, status = os.waitpid(child, 0)
                connection.sendall(str(os.waitstatus_to_exitcode(status) & 255).encode())


def _become(request: bytes, streams: list[int], program: Callable[[list[str]], object]) -> object:
    arguments, environment, folder = marshal.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    # What Python made of the server's own streams would not fit (a file can be sought in, a pipe cannot).
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.environ.clear()
    os.environb.update(environment)
    os.chdir(folder)
    return program(arguments)
