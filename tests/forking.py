"""A Python program without its start-up time: one process imports it once and forks for every call.

What a fork gets is the caller's arguments, environment, folder and streams, and it ends as the program would. Only the
imports are paid once; for programs as large as ours and the AWS CLI they are most of a short call.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

# Only modules that Python has in itself: their imports would be half of a call's time.
_CLIENT = """\
#!{python} -SE
import _signal, _socket, marshal, posix, sys
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
server.connect({path!r})
request = marshal.dumps(({arguments}, posix.environ, posix.getcwd()))
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
server.sendmsg([len(request).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
server.sendall(request)
for number in (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM):
    if _signal.getsignal(number) != _signal.SIG_IGN:
        _signal.signal(number, lambda number, _frame: server.sendall(bytes((number,))))
sys.exit(int(server.recv(8) or b"70"))
"""


@contextlib.contextmanager
def executable(
    name: str, script: str, more: Mapping[str, str] | None = None, *, others: Sequence[str] = ()
) -> Iterator[str]:
    """A folder for PATH that contains *name*, answered by *script*, which calls `answer` with its first argument.

    *more* is added to the environment of that script. It is given the path of its folder as second argument. *others*
    are further executables: what they do is for *script* to decide, which is given their name before the arguments.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "socket")
        for one in (name, *others):
            client = Path(folder) / one
            arguments = "sys.argv[1:]" if one == name else f"[{one!r}, *sys.argv[1:]]"
            client.write_text(_CLIENT.format(python=sys.executable, path=path, arguments=arguments))
            client.chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, script, path, folder], stdout=subprocess.PIPE, env={**os.environ, **(more or {})}
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

    What it returns, or raises as SystemExit, is its exit code. A signal to the caller reaches it, and it is killed when
    its caller is.
    """
    gc.collect()
    gc.freeze()  # what is here by now is never collected, and its pages stay shared with the children
    children: dict[int, socket.socket] = {}
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake)
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as waiting:
        listening.bind(path)
        listening.listen()
        waiting.register(listening, selectors.EVENT_READ)
        waiting.register(ended, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    child = _fork(connection, [listening, *children.values()], program)
                    children[child] = connection
                    waiting.register(connection, selectors.EVENT_READ, child)
                elif key.fileobj is ended:
                    os.read(ended, 1000)
                    _reap(children, waiting)
                elif key.data in children:
                    _pass_on(key.data, children[key.data], waiting)


def _fork(connection: socket.socket, others: Sequence[socket.socket], program: Callable[[list[str]], object]) -> int:
    size, streams, _, _ = socket.recv_fds(connection, 8, 3)
    request = b""
    while len(request) < int.from_bytes(size, "big"):
        request += connection.recv(1 << 20)
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (connection, *others):
            one.close()
        sys.exit(_become(request, streams, program))
    for stream in streams:
        os.close(stream)
    return child


def _reap(children: dict[int, socket.socket], waiting: selectors.BaseSelector) -> None:
    """Give the callers of those that ended their exit codes."""
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        with children.pop(child) as connection:
            if connection in waiting.get_map():
                waiting.unregister(connection)
            with contextlib.suppress(OSError):  # its caller was killed
                connection.sendall(str(os.waitstatus_to_exitcode(status) & 255).encode())


def _pass_on(child: int, connection: socket.socket, waiting: selectors.BaseSelector) -> None:
    """Send *child* the signals of its caller; kill it when its caller is gone."""
    numbers = connection.recv(100)
    if not numbers:
        waiting.unregister(connection)
    for number in numbers or (signal.SIGKILL,):
        os.kill(child, number)


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
