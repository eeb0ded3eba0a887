"""The real AWS CLI without its start-up time: one process imports it once and forks for every call.

What runs is ``awscli.clidriver.main`` with the caller's arguments, environment, folder and output streams, as the
executable `aws` does it; only the imports and the reading of service models, some 0.6 s of processor time a call,
are paid once.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CLIENT = """\
#!{python} -SE
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
request = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
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
    for command in ("ecr describe-registry", "sts get-caller-identity", "iam list-users"):
        with contextlib.redirect_stdout(io.StringIO()):
            awscli.clidriver.create_clidriver().main([*command.split(), "--generate-cli-skeleton", "input"])
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

    arguments, environment, folder = json.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(environment)
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
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


if __name__ == "__main__":
    _serve(sys.argv[1])
