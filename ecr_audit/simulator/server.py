"""The HTTP server: HTTP/1.1 with keep-alive on loopback, one thread per connection."""

from __future__ import annotations

import os
import shlex
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import botocore

from ecr_audit.simulator.engine import CallCount, Engine
from ecr_audit.simulator.identity import SECRET, access_key
from ecr_audit.simulator.state import Document
from ecr_audit.simulator.wire.http import Reply, Request
from ecr_audit.simulator.world import World


class PortInUseError(OSError):
    """The port cannot be used."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], engine: Engine) -> None:
        self.engine = engine
        self.connections: set[socket.socket] = set()
        self.guard = threading.Lock()
        super().__init__(address, _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that disconnects is not an error."""

    def hang_up(self) -> None:
        """Ends every open connection, so that their threads end."""
        with self.guard:
            open_now = list(self.connections)
        for connection in open_now:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already gone


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.guard:
            self.server.connections.add(self.connection)

    def finish(self) -> None:
        with self.server.guard:
            self.server.connections.discard(self.connection)
        super().finish()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length) if length else b""
        self._send(self.server.engine.answer(Request(self.command, path, query, headers, body)))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve  # noqa: N815 - names that http.server looks for

    def _send(self, reply: Reply) -> None:
        if reply.status == 0:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name in reply.headers}:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Calls are counted by the engine; nothing is printed."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A world that is being served."""

    endpoint: str
    """`http://127.0.0.1:PORT`"""
    world: World
    _engine: Engine

    def environment(self, account: str | None = None, region: str = "eu-west-1") -> dict[str, str]:
        """Variables that point boto3 and the AWS CLI here, with *account*'s keys (default: the management account).

        They contain no profile: drop AWS_PROFILE and AWS_SESSION_TOKEN from an environment that is merged with them.
        """
        return environment(self.endpoint, account or self.world.first_account(), region)

    def snapshot(self) -> Document:
        """The whole present state in the shape of a world; equal snapshots: nothing changed."""
        return self.world.to_document()

    def calls(self) -> Counter[CallCount]:
        """(account, Region, `service:Operation`, `ok` or error code) → how often."""
        return self._engine.calls()


@contextmanager
def serve(world: World, port: int = 0) -> Iterator[Simulation]:
    """Serves *world* on loopback from a background thread until the block ends; port 0 takes a free one.

    Raises PortInUseError if *port* cannot be used.
    """
    engine = Engine(world)
    try:
        server = _Server(("127.0.0.1", port), engine)
    except OSError as error:
        reason = error.strerror or error
        raise PortInUseError(f"cannot listen on 127.0.0.1:{port}: {reason}; choose another port") from error
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="simulator", daemon=True
    )
    thread.start()
    try:
        yield Simulation(f"http://127.0.0.1:{server.server_address[1]}", world, engine)
    finally:
        engine.stopping.set()
        server.shutdown()
        server.server_close()
        server.hang_up()
        thread.join()


def environment(endpoint: str, account: str, region: str = "eu-west-1") -> dict[str, str]:
    """AWS_* variables that point boto3 and the AWS CLI at *endpoint* with the keys of *account*."""
    before = [name for name in os.environ.get("NO_PROXY", "").split(",") if name]
    unproxied = ",".join(dict.fromkeys([*before, "127.0.0.1", "localhost"]))
    return {
        "AWS_ACCESS_KEY_ID": access_key(account),
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        # The AWS CLI carries its own, older models; botocore's folder is searched before them.
        "AWS_DATA_PATH": str(Path(botocore.__file__).parent / "data"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
    }


def exports(endpoint: str, account: str, region: str = "eu-west-1") -> str:
    """Shell lines that point the AWS CLI of a shell at *endpoint* with the keys of *account*."""
    lines = ["unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment(endpoint, account, region).items()]
    return "\n".join(lines) + "\n"
