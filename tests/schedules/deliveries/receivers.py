"""A web receiver on loopback that answers as a test says, and keeps what it got as it came."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False
    """Close the connection without a word."""


@dataclass
class Web:
    url: str
    got: list[Got] = field(default_factory=list)


@contextmanager
def receiver(*answers: Answer | Callable[[Got], Answer], context: ssl.SSLContext | None = None) -> Iterator[Web]:
    """Serve *answers* in turn, the last one for ever."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            got = Got(self.path, dict(self.headers), body)
            served.got.append(got)
            number = min(len(served.got), len(answers)) - 1
            answer = answers[number]
            if callable(answer):
                answer = answer(got)
            if answer.hang_up:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_HEAD = do_PUT = do_POST  # noqa: N815 the names are the library's

        def log_message(self, *_: object) -> None:
            """Silence."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> Any:
            plain, address = self.socket.accept()
            if context is None:
                return plain, address
            return context.wrap_socket(plain, server_side=True), address

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is part of several tests."""

    server = Server(("127.0.0.1", 0), Handler)
    served = Web(f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
