"""HTTP for botocore's requests, over kept-alive connections and nothing more than that.

botocore builds, signs and parses; this takes the place of its own sender at the `before-send` event, which exists for
that: botocore's way through urllib3 (pools of pools, redirects, streaming) is a third of the CPU of a small call.
What is out of the ordinary (a proxy, a body that is not bytes) is left to botocore's sender.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions as sdk
from botocore.awsrequest import AWSResponse
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

_PORTS = {"http": 80, "https": 443}
_PLACES_KEPT = 1000
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class _Body:
    """A body that was read already, in the shape in which botocore expects one."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._data


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int
    head: bytes
    """The request line after the method, and the Host header."""
    direct: bool
    """Whether no proxy lies in between."""


class Transport:
    """Sends prepared requests. Safe to share between threads."""

    def __init__(self, *, connect_timeout: float, read_timeout: float, ca_bundle: str | None) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._ca_bundle = ca_bundle
        self._lock = threading.Lock()
        self._places: dict[str, _Endpoint | None] = {}
        self._idle: dict[tuple[str, str, int], deque[socket.socket]] = {}
        self._context: ssl.SSLContext | None = None

    def send(self, request: Any, **_: object) -> AWSResponse | None:
        """Handler of `before-send`: the answer, or None to leave the request to botocore's own sender.

        Raises the exceptions that botocore's sender raises. A kept-alive connection that the other side closed
        meanwhile is replaced once: all that the collector sends may be sent again.
        """
        place = self._place(request.url)
        if place is None or not place.direct or not isinstance(request.body, (bytes, str, type(None))):
            return None
        message = _message(request, place)
        idle = self._idle.setdefault((place.scheme, place.host, place.port), deque())
        try:
            connection = idle.pop()
        except IndexError:
            return self._exchange(self._connect(place, request.url), idle, message, request)
        try:
            return self._exchange(connection, idle, message, request)
        except sdk.ConnectionClosedError:
            return self._exchange(self._connect(place, request.url), idle, message, request)

    def close(self) -> None:
        """Close every idle connection."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _place(self, url: str) -> _Endpoint | None:
        place = self._places.get(url)
        if place is None and url not in self._places:
            if len(self._places) >= _PLACES_KEPT:
                self._places.clear()
            place = self._places[url] = _place(url)
        return place

    def _exchange(
        self, connection: socket.socket, idle: deque[socket.socket], message: bytes, request: Any
    ) -> AWSResponse:
        url = request.url
        try:
            connection.sendall(message)
            answer = http.client.HTTPResponse(connection, method=request.method)
            answer.begin()
            body = answer.read()
        except TimeoutError as error:
            connection.close()
            raise sdk.ReadTimeoutError(endpoint_url=url, error=error) from error
        except _STALE as error:
            connection.close()
            raise sdk.ConnectionClosedError(endpoint_url=url, request=request, error=error) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise sdk.HTTPClientError(error=error) from error
        if answer.will_close:
            connection.close()
        else:
            idle.append(connection)
        return AWSResponse(url, answer.status, dict(answer.headers.raw_items()), _Body(body))

    def _connect(self, place: _Endpoint, url: str) -> socket.socket:
        try:
            connection = socket.create_connection((place.host, place.port), timeout=self._connect_timeout)
        except TimeoutError as error:
            raise sdk.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise sdk.EndpointConnectionError(endpoint_url=url, error=error) from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.scheme == "https":
                connection = self._tls().wrap_socket(connection, server_hostname=place.host)
            connection.settimeout(self._read_timeout)
        except TimeoutError as error:
            connection.close()
            raise sdk.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:  # ssl.SSLError is one
            connection.close()
            raise sdk.SSLError(endpoint_url=url, error=error) from error
        return connection

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                bundle = self._ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True
                self._context = ssl.create_default_context(cafile=get_cert_path(bundle))
            return self._context


def _place(url: str) -> _Endpoint | None:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    standard = _PORTS[parts.scheme]
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{standard}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = f" {target} HTTP/1.1\r\nHost: {host}\r\n".encode("ascii")
    return _Endpoint(parts.scheme, parts.hostname, parts.port or standard, head, direct=not get_environ_proxies(url))


def _message(request: Any, place: _Endpoint) -> bytes:
    """The request as it goes over the wire, in one piece: one system call, one packet."""
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    lines = [request.method.encode("ascii"), place.head]
    for name, value in request.headers.items():
        text = value if isinstance(value, bytes) else str(value).encode("latin-1")
        if b"\r" in text or b"\n" in text:
            raise ValueError(f"header {name} holds a line break")
        lines.append(b"%s: %s\r\n" % (name.encode("ascii"), text))
    if "Content-Length" not in request.headers:
        lines.append(b"Content-Length: %d\r\n" % len(body))
    lines += (b"\r\n", body)
    return b"".join(lines)
