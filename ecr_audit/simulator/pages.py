"""Paging: opaque tokens that are valid for one operation only."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from ecr_audit.simulator.calls import Call
from ecr_audit.simulator.wire.errors import AwsError

Entry = TypeVar("Entry")


def page(
    call: Call, entries: Sequence[Entry], *, size: int, spelling: str = "nextToken"
) -> tuple[list[Entry], str | None]:
    """One page of *entries* and the token of the next; *size* is the default page size of the operation."""
    limit = call.parameters.get("maxResults") or call.parameters.get("MaxResults") or size
    start = offset(call, spelling)
    end = start + int(limit)
    return list(entries[start:end]), token(call, end) if end < len(entries) else None


def token(call: Call, position: int) -> str:
    """A token for *position* in the answer of this operation."""
    return base64.b64encode(f"{call.action}\n{position}".encode()).decode()


def offset(call: Call, spelling: str) -> int:
    """Position of the first entry of the requested page. Raises AwsError for a token of another operation."""
    given = call.parameters.get(spelling)
    if not given:
        return 0
    try:
        action, _, position = base64.b64decode(given, validate=True).decode().partition("\n")
        if action == call.action:
            return int(position)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass  # falls through to the refusal below, which is the answer to every bad token
    code = {"organizations": "InvalidInputException", "account": "ValidationException"}.get(
        call.service, "InvalidParameterException"
    )
    raise AwsError(code, f"Invalid parameter at '{spelling}' failed to satisfy constraint: 'Invalid pagination token'")
