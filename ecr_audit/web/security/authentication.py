"""Authentication: identifies the user before anything else of a request is processed."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from anyio.to_thread import run_sync
from fastapi import Request

from audit.store.errors import DatabaseError, first_line
from ecr_audit.web.asgi import Application, Message, Receive, Scope, Send, header
from ecr_audit.web.problems import ProblemResponse, problem
from ecr_audit.web.security.cookies import SESSION, VISITOR, cookie, set_cookie
from ecr_audit.web.security.origin_check import API
from ecr_audit.web.security.proxy import NoRoleError, Proxy
from ecr_audit.web.security.rate_limits import Cost, RateLimits
from ecr_audit.web.security.roles import LOCAL_USER, User
from ecr_audit.web.security.sessions import Sessions
from ecr_audit.web.security.tokens import PREFIX, Tokens
from reports.sanitize import one_line

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuthBackends:
    """The configured authentication methods. Without any, every local user has full access."""

    tokens: Tokens | None = None
    sessions: Sessions | None = None
    proxy: Proxy | None = None

    @property
    def open(self) -> bool:
        """Whether authentication is off."""
        return self.tokens is None and self.proxy is None


@dataclass(frozen=True, slots=True)
class Identity:
    """The result of authentication."""

    user: User | None
    session: str = ""
    """The session's secret, if the user is signed in by a session."""
    bearer: bool = False
    """Whether the user is signed in by a token in the request."""
    refused: str = ""
    """Why an authenticated user has no access."""
    wrong: bool = False
    """Whether the request contained invalid or expired credentials."""


class Authentication:
    """Puts `user`, `session`, `bearer`, `refused` and `new_visitor` into the request's state."""

    def __init__(self, app: Application, backends: AuthBackends, limits: RateLimits, *, secure: bool) -> None:
        """*secure*: whether cookies are for https only."""
        self._app, self._backends, self._limits, self._secure = app, backends, limits, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state.update(user=None, session="", bearer=False, new_visitor="", refused="")
        try:
            identity = await self._authenticated(scope)
        except DatabaseError as error:
            log.error("the user cannot be authenticated: %s", one_line(first_line(error)))
            away = problem(503, "the store is not available", scope["path"], headers={"Retry-After": "10"})
            await away(scope, receive, send)
            return
        refusal = self._refusal(identity, scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        state.update(user=identity.user, session=identity.session, bearer=identity.bearer, refused=identity.refused)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and state.get("new_visitor"):
                value = set_cookie(VISITOR, state["new_visitor"], secure=self._secure)
                message["headers"] = [*message["headers"], (b"set-cookie", value.encode())]
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _refusal(self, identity: Identity, scope: Scope) -> ProblemResponse | None:
        """The error response; None if the routes check the role."""
        path = scope["path"]
        wait = self._limits.hit(Cost.WRONG, _client(scope)) if identity.wrong else 0
        if wait:
            detail = "too many requests with an invalid token; check the token and try again later"
            return problem(429, detail, path, headers={"Retry-After": str(wait)})
        if identity.user is not None or not path.startswith(API):
            return None
        # API routes check this as well; here it comes before the body of the request is read.
        if identity.refused:
            return problem(403, identity.refused, path)
        detail = "send a token in the header Authorization: Bearer"
        return problem(401, detail, path, headers={"WWW-Authenticate": "Bearer"})

    async def _authenticated(self, scope: Scope) -> Identity:
        """Authenticate; a thread is used only if the store must be queried."""
        credentials = _bearer(scope), cookie(Request(scope), SESSION)
        if not (any(credentials) or self._backends.proxy):
            return self._anonymous()
        return await run_sync(self._identity, scope, *credentials)

    def _anonymous(self) -> Identity:
        return Identity(LOCAL_USER if self._backends.open else None)

    def _identity(self, scope: Scope, bearer: str, session: str) -> Identity:
        """The user. A token in the request takes precedence over a proxy or a session."""
        if self._backends.open:
            return self._anonymous()
        if bearer.startswith(PREFIX) and self._backends.tokens:
            user = self._backends.tokens.user(bearer)
            return Identity(user, bearer=user is not None, wrong=user is None)
        if self._backends.proxy:
            try:
                return Identity(self._backends.proxy.user(scope))
            except NoRoleError as error:
                return Identity(None, refused=str(error))
        if session and self._backends.sessions:
            user = self._backends.sessions.user(session)
            return Identity(user, session=session if user else "")
        return Identity(None, wrong=bool(bearer))


def _bearer(scope: Scope) -> str:
    kind, _, secret = header(scope, "authorization").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def _client(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""
