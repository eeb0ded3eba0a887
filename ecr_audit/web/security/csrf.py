"""CSRF tokens: proof that a form was submitted from a page of this service.

A token is bound to a value that only this browser has: its session, or without sign-in a random cookie (signed double
submit). Another site can neither read nor create a token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import HTTPException, Request

from ecr_audit.web.security.cookies import VISITOR, cookie
from ecr_audit.web.security.origin_check import API

HEADER = "x-csrf-token"
"""Header for the token in requests from scripts; forms have the field `csrf_token`."""
FIELD = "csrf_token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def csrf(request: Request) -> str:
    """A token for forms on the page that answers *request*. Differs each time, so that compression reveals nothing."""
    nonce = secrets.token_hex(16)
    return f"{nonce}{_signature(request, nonce, _binding(request))}"


async def checked(request: Request) -> None:
    """Dependency of every route that changes something: the request comes from our own page or from no browser.

    A bearer token is sufficient: browsers never send one automatically. Raises HTTPException 403.
    """
    if request.state.bearer or _no_browser(request):
        return
    given = request.headers.get(HEADER, "")
    if not given and request.headers.get("content-type", "").split(";")[0].strip().lower() in _FORMS:
        field = (await request.form()).get(FIELD, "")
        given = field if isinstance(field, str) else ""
    if not _holds(request, given):
        raise HTTPException(
            403, "the form token is missing, expired or not from this service; reload the page and try again"
        )


def _holds(request: Request, given: str) -> bool:
    bound = request.state.session or cookie(request, VISITOR)
    if not bound or len(given) != 32 + 64 or not given.isascii():
        return False
    return hmac.compare_digest(given[32:], _signature(request, given[:32], bound))


def _no_browser(request: Request) -> bool:
    """Whether no browser sent this: browsers always send one of these headers with a request that changes something.

    For the API only: pages submit their own forms, which contain a token.
    """
    return request.url.path.startswith(API) and not any(
        name in request.headers for name in ("cookie", "origin", "sec-fetch-site", "sec-fetch-mode")
    )


def _binding(request: Request) -> str:
    bound = request.state.session or cookie(request, VISITOR) or request.state.new_visitor
    if not bound:
        bound = request.state.new_visitor = secrets.token_urlsafe(32)
    return str(bound)


def _signature(request: Request, nonce: str, bound: str) -> str:
    key: bytes = request.app.state.csrf_key
    user = request.state.user.name if request.state.user else ""
    message = f"{nonce}\x1f{user}".encode(errors="replace")
    return hmac.new(key + bound.encode(errors="replace"), message, hashlib.sha256).hexdigest()
