"""The real AWS CLI without its start-up time: one process imports it once and forks for every call.

What runs is ``awscli.clidriver.main`` with the caller's arguments, environment, folder and output streams, as the
executable `aws` does it; only the imports and the reading of service models, some 0.6 s of processor time a call,
are paid once.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import marshal
import os
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
def quick_aws() -> Iterator[str]:
    """A folder for PATH that contains an executable `aws`."""
    import botocore  # not above: the server must take the one that its AWS CLI brings

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "socket")
        client = Path(folder) / "aws"
        client.write_text(_CLIENT.format(python=sys.executable, path=path))
        client.chmod(0o755)
        models = {"AWS_DATA_PATH": str(Path(botocore.__file__).parent / "data"), "AWS_DEFAULT_REGION": "eu-west-1"}
        server = subprocess.Popen(
            [sys.executable, __file__, path], stdout=subprocess.PIPE, env={**os.environ, **models}
        )
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield folder
        finally:
            server.terminate()
            server.wait()


def _remember_models() -> None:
    """Read each file of service models once: they do not change under a running test."""
    import botocore.loaders

    read, listed = botocore.loaders.JSONFileLoader.load_file, botocore.loaders.Loader.list_available_services
    files: dict[str, Any] = {}
    lists: dict[tuple[str, ...], Any] = {}

    def load_file(self: Any, path: str) -> Any:
        if path not in files:
            files[path] = read(self, path)
        return files[path]

    def list_available_services(self: Any, type_name: str) -> Any:
        key = (type_name, *self.search_paths)
        if key not in lists:
            lists[key] = listed(self, type_name)
        return list(lists[key])

    botocore.loaders.JSONFileLoader.load_file = load_file
    botocore.loaders.Loader.list_available_services = list_available_services


def _serve(path: str) -> None:
    import awscli.clidriver

    _remember_models()
    for command in ("ecr describe-registry", "sts get-caller-identity", "iam list-users", "account list-regions"):
        driver = awscli.clidriver.create_clidriver()
        with contextlib.redirect_stdout(io.StringIO()):
            driver.main([*command.split(), "--generate-cli-skeleton", "input"])
        # A client reads more: endpoints, and the rules by which they are chosen.
        driver.session.create_client(
            command.split()[0], region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
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
                    _run(request, streams)
                for stream in streams:
                    os.close(stream)
                _, status = os.waitpid(child, 0)
                connection.sendall(str(os.waitstatus_to_exitcode(status) & 255).encode())


def _run(request: bytes, streams: list[int]) -> None:
    """Become the AWS CLI of the caller. Never returns."""
    import awscli
    import awscli.clidriver

    arguments, environment, folder = marshal.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.environ.clear()
    os.environb.update(environment)
    os.chdir(folder)
    code = 70
    try:
        importlib.reload(awscli)  # it adds its own models to AWS_DATA_PATH when it is imported
        sys.argv = ["aws", *arguments]
        code = awscli.clidriver.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # the child has nobody above it that could say what went wrong
        traceback.print_exc()
    finally:
        with contextlib.suppress(BrokenPipeError):  # its reader may have gone (head)
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code or 0)


if __name__ == "__main__":
    _serve(sys.argv[1])
