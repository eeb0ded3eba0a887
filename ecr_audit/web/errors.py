"""Error responses of every route: problem details for programs, an error page for people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from audit.store import NoSuchRunError, StoreError
from audit.store.errors import DatabaseError
from ecr_audit.web.asgi import Application, Message, Receive, Scope, Send
from ecr_audit.web.problems import problem
from ecr_audit.web.security.origin_check import API
from ecr_audit.web.services import BusyError, ServiceError, UnknownError, WaiveError
from reports.sanitize import one_line

log = logging.getLogger(__name__)

ErrorPage = Callable[[Request, int, str], Response]
_STATUSES: dict[type[Exception], int] = {
    NoSuchRunError: 404, UnknownError: 404, WaiveError: 409, BusyError: 503, StoreError: 503,
}  # fmt: skip


def handle_errors(app: FastAPI) -> None:
    """Register the error handlers of *app*."""
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in (StoreError, ServiceError):
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(DatabaseError, _database)


def answer(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer to a request that was not carried out."""
    if request.url.path.startswith(API):
        return problem(status, detail, request.url.path, headers=headers)
    page = cast("ErrorPage | None", getattr(request.app.state, "error_page", None))
    if page is None or "text/html" not in request.headers.get("accept", "text/html"):
        return problem(status, detail, request.url.path, headers=headers)
    response = page(request, status, detail)
    response.headers.update(headers or {})
    return response


async def _http(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    headers = dict(error.headers or {})
    if (
        error.status_code == 401
        and not request.url.path.startswith((API, "/metrics"))
        and request.app.state.backends.sessions
    ):
        return _to_sign_in(request)
    return answer(request, error.status_code, str(error.detail), headers)


def _to_sign_in(request: Request) -> Response:
    """The sign-in page.

    A browser that follows a link from another site (a mail, a chat) does not send the session cookie, which is never
    sent across sites. The response then makes the browser repeat the request by itself, with the cookie.
    """
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site") and request.method == "GET":
        html = "<!doctype html><title>ecr-audit</title><meta http-equiv=refresh content=0><p>One moment."
        return HTMLResponse(html)
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse("/signin", 303)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/signin?next={quote(request.url.path + query, safe='')}", 303)


async def _invalid(request: Request, error: Exception) -> Response:
    errors = [
        {"at": ".".join(str(part) for part in one["loc"])[:200], "detail": str(one["msg"])[:400]}
        for one in cast("RequestValidationError", error).errors()[:20]
    ]
    if not request.url.path.startswith(API):
        invalid = "; ".join(f"{one['at'].partition('.')[2]}: {one['detail']}" for one in errors)
        return answer(request, 422, invalid or "the request is not valid")
    return problem(422, "some parts of the request are not valid; see `errors`", request.url.path, errors=errors)


async def _known(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 500)
    if status >= 500:
        log.error("%s %s: %s", request.method, one_line(request.url.path), one_line(str(error)))
    headers = {"Retry-After": "30"} if status == 503 else None
    # The location of the store stays out of responses; it is written to the log only.
    store = request.app.state.services.store
    detail = str(error).replace(str(store.folder), "STORE").replace(store.name, "of this service")
    return answer(request, status, detail, headers)


async def _database(request: Request, error: Exception) -> Response:
    # The first line alone: drivers add the statement and its values below.
    log.error("%s %s: the store: %s", request.method, one_line(request.url.path), one_line(str(error).split("\n")[0]))
    return answer(request, 503, "the store is not available; try again in a moment", {"Retry-After": "10"})


class Defects:
    """Answers 500 for unhandled exceptions and logs each once. Wraps every layer except the headers."""

    def __init__(self, app: Application) -> None:
        """*app*: everything within."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        begun = False

        async def seen(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception as error:  # One failed request is isolated here and logged.
            log.error("%s %s failed", scope.get("method"), one_line(scope.get("path", "")), exc_info=error)
            if begun:
                raise BrokenOffError from None
            request = Request(scope, receive)
            response = answer(request, 500, "this is a defect in the service; see the log of the service for details")
            await response(scope, receive, send)


class BrokenOffError(RuntimeError):
    """A response failed after it had started; the log has the cause. The connection is closed: it is incomplete."""
