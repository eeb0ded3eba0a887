"""Sign-in with a token, and sign-out: these pages require no role."""

from __future__ import annotations

import logging
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from ecr_audit.web.pages.rendering import page
from ecr_audit.web.security.authentication import AuthBackends
from ecr_audit.web.security.cookies import SESSION, set_cookie
from ecr_audit.web.security.csrf import checked
from ecr_audit.web.security.rate_limits import Cost, Limited
from ecr_audit.web.security.roles import anonymous

log = logging.getLogger(__name__)

router = APIRouter(include_in_schema=False)


@router.get("/signin", dependencies=[Depends(anonymous)])
def ask(request: Request, next: str = "/") -> Response:
    """The sign-in page."""
    if request.app.state.backends.sessions is None:
        raise HTTPException(404, "sign-in with a token is not enabled on this service")
    return _page(request, next, "")


@router.post("/signin", dependencies=[Depends(anonymous), Depends(checked), Depends(Limited(Cost.SIGN_IN))])
def sign_in(
    request: Request,
    token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Start a session. Always a new one, which prevents session fixation."""
    backends: AuthBackends = request.app.state.backends
    if backends.tokens is None or backends.sessions is None:
        raise HTTPException(404, "sign-in with a token is not enabled on this service")
    holder = backends.tokens.holder(token.strip())
    if holder is None:
        log.warning("failed sign-in with an invalid token from %s", request.client and request.client.host)
        return _page(request, next, "This token is not valid or has expired.", 403)
    if request.state.session:
        backends.sessions.end(request.state.session)
    answer = RedirectResponse(_own_path(next), 303)
    session = backends.sessions.begin(holder)
    answer.headers.append("set-cookie", set_cookie(SESSION, session, secure=request.app.state.secure))
    log.info("%s signed in", holder.name)
    return answer


@router.post("/signout", dependencies=[Depends(anonymous), Depends(checked)])
def sign_out(request: Request) -> Response:
    """End the session and delete its cookie."""
    backends: AuthBackends = request.app.state.backends
    if backends.sessions is not None and request.state.session:
        backends.sessions.end(request.state.session)
    answer = RedirectResponse("/signin", 303)
    answer.headers.append("set-cookie", set_cookie(SESSION, "", secure=request.app.state.secure, seconds=0))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _own_path(path: str) -> str:
    """A path on this service to continue with; `/` if *path* leads elsewhere, such as `//other.example`."""
    parts = urlsplit(path)
    own = path.startswith("/") and not path.startswith(("//", "/\\", "/signin", "/signout"))
    harmless = own and not parts.scheme and not parts.netloc and path.isascii() and path.isprintable()
    return path if harmless and "\\" not in path else "/"


def _page(request: Request, path: str, wrong: str, status: int = 200) -> Response:
    return page(request, "signin.html.j2", status=status, next=_own_path(path), wrong=wrong)
