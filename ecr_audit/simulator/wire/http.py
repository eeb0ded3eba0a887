"""One HTTP request and one HTTP reply, as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came off the socket. Header names are lower case."""

    method: str
    path: str
    """Path without the query."""
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `status` 0 stands for no answer at all: the connection is dropped."""

    status: int
    headers: Mapping[str, str]
    body: bytes


NO_REPLY = Reply(0, {}, b"")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a request, for which Region and service: the credential scope of Signature Version 4."""

    access_key: str
    region: str
    service: str


def read_signature(request: Request) -> Signature | None:
    """The credential scope of the Authorization header; None for unsigned requests."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    return Signature(found[1], found[3], found[4]) if found else None
