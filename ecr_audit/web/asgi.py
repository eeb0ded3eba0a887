"""ASGI types and helpers that the middlewares share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: str) -> str:
    """The header *name* (lower case) of a request; empty where it has none. The first one where it has several."""
    return next(iter(headers(scope, name)), "")


def headers(scope: Scope, name: str) -> Iterable[str]:
    """Every header *name* (lower case) of a request."""
    wanted = name.encode("latin-1")
    return (value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted)
