"""Proof that a form was filled in on one of our own pages.

A token is signed for what only this browser holds: its session, or where nobody signs in a random cookie of its own
(signed double submit). Another site can neither read a token nor make one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import HTTPException, Request

from ecr_audit.web.security.cookies import VISITOR, cookie
from ecr_audit.web.security.origin_check import API

HEADER = "x-csrf-token"
"""Where scripts of our pages put the token; forms have the field `csrf_token`."""
FIELD = "csrf_token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def csrf(request: Request) -> str:
    """A token for forms on the page that answers *request*. Differs each time, so that compression tells nothing."""
    nonce = secrets.token_hex(16)
    return f"{nonce}{_signature(request, nonce, _binding(request))}"


async def checked(request: Request) -> None:
    """Dependency of what changes anything: the request comes from a page of ours, or from no browser at all.

    A bearer token proves itself: no browser sends one by itself. Raises HTTPException 403.
    """
    if request.state.bearer or _no_browser(request):
        return
    given = request.headers.get(HEADER, "")
    if not given and request.headers.get("content-type", "").split(";")[0].strip().lower() in _FORMS:
        field = (await request.form()).get(FIELD, "")
        given = field if isinstance(field, str) else ""
    if not _holds(request, given):
        raise HTTPException(403, "this page is too old, or it is none of this service; load it anew and try again")


def _holds(request: Request, given: str) -> bool:
    bound = request.state.session or cookie(request, VISITOR)
    if not bound or len(given) != 32 + 64 or not given.isascii():
        return False
    return hmac.compare_digest(given[32:], _signature(request, given[:32], bound))


def _no_browser(request: Request) -> bool:
    """A browser always sends one of these with what changes anything; programs outside of one have no reason to.

    Said of the API alone: what pages change is sent by their own forms, which have a token.
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
