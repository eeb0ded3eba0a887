"""Limits on the size of a request body and on the time it takes to arrive."""

from __future__ import annotations

import asyncio

from ecr_audit.web.asgi import Application, Message, Receive, Scope, Send, header
from ecr_audit.web.problems import problem

LARGEST_BODY = 64 * 1024
"""Bytes; the longest value that a client may send is the reason of a waiver."""
BODY_SECONDS = 20.0
"""How long a body may take to arrive."""


class _TooLargeError(Exception):
    """The body is larger than allowed."""


class BodyLimit:
    """Reads a body completely before it is processed: a body without end or length is rejected here."""

    def __init__(self, app: Application, *, largest: int = LARGEST_BODY, seconds: float = BODY_SECONDS) -> None:
        """*largest*: bytes; *seconds*: for the whole body."""
        self._app, self._largest, self._seconds = app, largest, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            length = header(scope, "content-length")
            if length.isdecimal() and int(length[:20]) > self._largest:
                raise _TooLargeError
            async with asyncio.timeout(self._seconds):
                body = await self._read(receive)
        except _TooLargeError:
            detail = f"the request is larger than {self._largest} bytes"
            await problem(413, detail, scope["path"], headers={"Connection": "close"})(scope, receive, send)
            return
        except TimeoutError:
            detail = f"the request did not arrive within {self._seconds:g} seconds"
            await problem(408, detail, scope["path"], headers={"Connection": "close"})(scope, receive, send)
            return
        if body is None:
            return
        given = False

        async def once() -> Message:
            nonlocal given
            if given:
                return await receive()  # only the end of the connection can come now
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, once, send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The body; None if the client disconnected."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size > self._largest:
                raise _TooLargeError
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
