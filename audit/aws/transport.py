"""HTTP for botocore's requests, over persistent connections.

botocore builds, signs and parses; this replaces its own HTTP sender at the `before-send` event, which exists for that
purpose: botocore's use of urllib3 (pools of pools, redirects, streaming) costs a third of the CPU of a small call.
botocore's sender handles everything unusual (a proxy, a body that is not bytes).
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
_CACHED_ENDPOINTS = 1000
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class _Body:
    """A response body that was already read, with the interface that botocore expects."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._data


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """The endpoint of a URL."""

    scheme: str
    host: str
    port: int
    head: bytes
    """The request line after the method, and the Host header."""
    direct: bool
    """Whether no proxy is configured for it."""


class Transport:
    """Sends prepared requests. Safe to share between threads."""

    def __init__(self, *, connect_timeout: float, read_timeout: float, ca_bundle: str | None) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._ca_bundle = ca_bundle
        self._lock = threading.Lock()
        self._endpoints: dict[str, _Endpoint | None] = {}
        self._idle: dict[tuple[str, str, int], deque[socket.socket]] = {}
        self._context: ssl.SSLContext | None = None

    def send(self, request: Any, **_: object) -> AWSResponse | None:
        """Handler of `before-send`: the response, or None to leave the request to botocore's own sender.

        Raises the exceptions that botocore's sender raises. A persistent connection that the server has
        closed is replaced once: every request of the collector is safe to repeat.
        """
        endpoint = self._endpoint_of(request.url)
        if endpoint is None or not endpoint.direct or not isinstance(request.body, (bytes, str, type(None))):
            return None
        message = _message(request, endpoint)
        idle = self._idle.setdefault((endpoint.scheme, endpoint.host, endpoint.port), deque())
        try:
            connection = idle.pop()
        except IndexError:
            return self._exchange(self._connect(endpoint, request.url), idle, message, request)
        try:
            return self._exchange(connection, idle, message, request)
        except sdk.ConnectionClosedError:
            return self._exchange(self._connect(endpoint, request.url), idle, message, request)

    def close(self) -> None:
        """Close every idle connection."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _endpoint_of(self, url: str) -> _Endpoint | None:
        endpoint = self._endpoints.get(url)
        if endpoint is None and url not in self._endpoints:
            if len(self._endpoints) >= _CACHED_ENDPOINTS:
                self._endpoints.clear()
            endpoint = self._endpoints[url] = _endpoint_of(url)
        return endpoint

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

    def _connect(self, endpoint: _Endpoint, url: str) -> socket.socket:
        try:
            connection = socket.create_connection((endpoint.host, endpoint.port), timeout=self._connect_timeout)
        except TimeoutError as error:
            raise sdk.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise sdk.EndpointConnectionError(endpoint_url=url, error=error) from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.scheme == "https":
                connection = self._tls().wrap_socket(connection, server_hostname=endpoint.host)
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


def _endpoint_of(url: str) -> _Endpoint | None:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    standard = _PORTS[parts.scheme]
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{standard}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = f" {target} HTTP/1.1\r\nHost: {host}\r\n".encode("ascii")
    return _Endpoint(parts.scheme, parts.hostname, parts.port or standard, head, direct=not get_environ_proxies(url))


def _message(request: Any, endpoint: _Endpoint) -> bytes:
    """The request as one byte string: one system call, one packet."""
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    lines = [request.method.encode("ascii"), endpoint.head]
    for name, value in request.headers.items():
        text = value if isinstance(value, bytes) else str(value).encode("latin-1")
        if b"\r" in text or b"\n" in text:
            raise ValueError(f"header {name} contains a line break")
        lines.append(b"%s: %s\r\n" % (name.encode("ascii"), text))
    if "Content-Length" not in request.headers:
        lines.append(b"Content-Length: %d\r\n" % len(body))
    lines += (b"\r\n", body)
    return b"".join(lines)
