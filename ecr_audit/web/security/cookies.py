"""The cookies of this service, and how each is set."""

from __future__ import annotations

from fastapi import Request

SESSION = "ecr-audit-session"
VISITOR = "ecr-audit-visitor"
_BOUND_TO_HOST = "__Host-"
"""Browsers accept a cookie with this prefix only over https and for this host only (RFC 6265bis)."""


def cookie_name(name: str, *, secure: bool) -> str:
    """The name of the cookie *name* in HTTP headers."""
    return f"{_BOUND_TO_HOST}{name}" if secure else name


def cookie(request: Request, name: str) -> str:
    """The cookie's value; empty if the browser sent none."""
    return request.cookies.get(cookie_name(name, secure=request.app.state.secure), "")


def set_cookie(name: str, value: str, *, secure: bool, seconds: int | None = None) -> str:
    """A `Set-Cookie` value. *seconds*: how long it is kept, 0 to remove it; None: until the browser closes."""
    parts = [f"{cookie_name(name, secure=secure)}={value}", "Path=/", "HttpOnly", "SameSite=Strict"]
    if secure:
        parts.append("Secure")
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    return "; ".join(parts)
