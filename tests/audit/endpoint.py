"""A loopback endpoint whose answers a test writes by hand: for what a simulation of AWS would never do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]
"""Status and body: bytes as they are, anything else as JSON."""


@dataclass
class Request:
    operation: str
    """The operation of a JSON service, else the path."""
    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass
class Endpoint:
    url: str
    requests: list[Request] = field(default_factory=list)
    connections: list[Any] = field(default_factory=list)

    def asked(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.requests)


@contextmanager
def endpoint(answer: Callable[[Request], Answer], context: Any = None) -> Iterator[Endpoint]:
    """Serve *answer* on a free port. Connections are kept alive."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            served.connections.append(self.request)
            super().setup()

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = self.headers.get("X-Amz-Target", "")
            body = json.loads(raw) if target and raw else {"raw": raw.decode()}
            request = Request(target.rpartition(".")[2] or self.path, body, dict(self.headers))
            served.requests.append(request)
            status, content = answer(request)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Silence."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is part of several tests."""

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    served = Endpoint(f"{scheme}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def error(code: str, message: str = "", status: int = 400) -> Answer:
    """An error answer of the JSON protocol."""
    return status, {"__type": code, "message": message}
