"""Errors as problem details (RFC 9457) for programs; pages show the same texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one part of a request."""

    at: str = Field(description="Where: `query.limit`, `body.until` …")
    detail: str


class Problem(BaseModel):
    """Why a request failed (RFC 9457)."""

    type: str = Field(default="about:blank")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong with this request, and what to do.")
    instance: str = Field(description="The requested path.")
    errors: list[FieldProblem] | None = Field(default=None, description="Each wrong part of the request.")


class ProblemResponse(JSONResponse):
    """A problem as a response."""

    media_type = TYPE


def problem(
    status: int,
    detail: str,
    path: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The response to a failed request of *path*."""
    body: dict[str, Any] = {
        "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": _encodable(detail),
        "instance": _encodable(path[:400]),
    }  # fmt: skip
    if errors:
        body["errors"] = [{name: _encodable(text) for name, text in one.items()} for one in errors]
    return ProblemResponse(body, status, headers=dict(headers or {}))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
