"""The web server: listens only where that is safe, times out slow clients and shuts down gracefully."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 200
"""At once; more are answered 503."""
BACKLOG = 128
"""Connections that the system queues until they are accepted."""
HEADER_BYTES = 32 * 1024
"""Of one request, its address included."""
HEADER_SECONDS = 10.0
"""From the first byte of a request, or from the connection, to the end of its headers."""
KEEP_ALIVE_SECONDS = 20
START_SECONDS = 30.0


class UnsafeError(Exception):
    """The service would be reachable without authentication; the message states what to do."""


class ListenError(Exception):
    """The address cannot be used; the message states why."""


def refuse_unsafe(host: str, signin: str) -> None:
    """Raise UnsafeError if other machines could reach a service that has no authentication."""
    if signin in ("tokens", "proxy") or is_loopback(host):
        return
    raise UnsafeError(
        f"on {host} everyone who can reach this machine could use the service without signing in: set `web.signin` to "
        "`tokens` (create one with `ecr-audit token add NAME --role admin`) or to `proxy`, or listen on 127.0.0.1"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches *host*. A name other than localhost may mean any address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class WebServer:
    """A web server that runs in a thread of its own."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Bind the address at once, so that it is known before it is announced. Raises ListenError."""
        self._app = app
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.host = host
        self._server = uvicorn.Server(_settings(app))
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.port}"

    def start(self) -> WebServer:
        """Start to serve. Raises ListenError if the server does not start."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ListenError("the web server did not start; see the log for the cause")
            time.sleep(0.01)
        return self

    def stop(self, grace_seconds: int = 10) -> None:
        """Accept no more connections, let running responses finish within the grace period, then stop."""
        self._app.state.closing = True  # event streams of jobs end; clients reconnect later
        self._server.config.timeout_graceful_shutdown = grace_seconds
        self._server.should_exit = True
        self._thread.join(grace_seconds + 5)
        self._socket.close()

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def serve_web(app: FastAPI, host: str, port: int) -> WebServer:
    """Serve *app* in a thread of its own; the caller stops it. Port 0: any free one. Raises ListenError."""
    return WebServer(app, host, port).start()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # asyncio turns Nagle's algorithm off only where the protocol is named; with it an answer waits for 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        return listening
    except OSError as error:
        reason, advice = error.strerror or str(error), "choose another with --host or --port"
        raise ListenError(f"cannot listen on {host} port {port}: {reason}; {advice}") from error


def _settings(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app, http=HeaderTimeoutProtocol, ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False,
        server_header=False, date_header=True, proxy_headers=False, limit_concurrency=CONNECTIONS, backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS, h11_max_incomplete_event_size=HEADER_BYTES,
    )  # fmt: skip


class HeaderTimeoutProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, but closes a connection whose request headers do not arrive in time.

    uvicorn bounds only the pause between two requests; one byte now and then would keep a connection for ever.
    """

    seconds = HEADER_SECONDS
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timeout."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Keep the timeout while headers are incomplete; cancel it once they are complete."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._wait()
        else:
            self._waited()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        self._waited()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.seconds, self._cut)

    def _waited(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cut(self) -> None:
        self._late = None
        if self.conn.their_state is h11.IDLE:
            self.transport.close()
