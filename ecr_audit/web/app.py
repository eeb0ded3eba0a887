"""The application: pages and API behind the layers for authentication, origin, body size and rate limits."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import Any, cast

from fastapi import FastAPI

from audit.describe import program_version
from audit.store.access import AccessRows
from ecr_audit.web.api import router as api
from ecr_audit.web.api.events import Followers
from ecr_audit.web.api.openapi import described
from ecr_audit.web.errors import Defects, handle_errors
from ecr_audit.web.health import router as health
from ecr_audit.web.metrics import router as metrics
from ecr_audit.web.pages import error_page
from ecr_audit.web.pages import router as pages
from ecr_audit.web.pages.login import router as login
from ecr_audit.web.security.authentication import AuthBackends, Authentication
from ecr_audit.web.security.body_limit import BodyLimit
from ecr_audit.web.security.headers import SafeHeaders
from ecr_audit.web.security.origin_check import OriginCheck
from ecr_audit.web.security.proxy import Proxy, secret_of
from ecr_audit.web.security.rate_limits import RateLimits
from ecr_audit.web.security.sessions import Sessions
from ecr_audit.web.security.tokens import Tokens
from ecr_audit.web.services import Services


def create_app(services: Services, *, limits: RateLimits | None = None, followers: Followers | None = None) -> FastAPI:
    """The web application over *services*, as set in `web` of the configuration.

    Raises SecretError if the proxy's secret cannot be read. `refuse_unsafe` checks whether the service may listen
    on its address.
    """
    web = services.configuration.web
    app = _Described(
        title="ecr-audit",
        version=program_version(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    backends = _backends(services)
    app.state.services = services
    app.state.backends = backends
    app.state.limits = limits or RateLimits()
    app.state.secure = web.public_url.lower().startswith("https://")
    app.state.csrf_key = _csrf_key(backends, secure=app.state.secure)
    app.state.followers = followers or Followers()
    app.state.closing = False
    app.state.error_page = error_page
    handle_errors(app)
    for router in (api, login, pages, health, metrics):
        app.include_router(router)

    # The last one added is the outermost.
    add = cast("Any", app.add_middleware)
    add(Authentication, backends=backends, limits=app.state.limits, secure=app.state.secure)
    add(BodyLimit)
    add(OriginCheck, web=web)
    add(Defects)
    add(SafeHeaders, secure=app.state.secure)
    return app


class _Described(FastAPI):
    """An application whose OpenAPI description covers the API only."""

    def openapi(self) -> dict[str, Any]:
        """The API's description (OpenAPI 3.1)."""
        if not self.openapi_schema:
            self.openapi_schema = described(self.routes, self.version)
        return self.openapi_schema


def _backends(services: Services) -> AuthBackends:
    web, rows = services.configuration.web, AccessRows(services.store.engine)
    if web.signin == "none":
        return AuthBackends()
    tokens = Tokens(rows, services.clock)
    if web.signin == "proxy" and web.proxy is not None:
        return AuthBackends(tokens, proxy=Proxy(web.proxy, secret_of(web.proxy.secret)))
    idle, longest = web.session_idle_minutes * 60, web.session_hours * 3600
    return AuthBackends(tokens, Sessions(rows, services.clock, idle=idle, longest=longest))


def _csrf_key(backends: AuthBackends, *, secure: bool) -> bytes:
    """The key that signs form tokens, in addition to the cookie that they are bound to.

    All processes that may answer one browser use the same key: behind a proxy a key derived from its secret; over
    https an empty key, since only the service can set a `__Host-` cookie. Otherwise other programs on the same
    machine could set the cookie, so the key is random and lasts as long as the process.
    """
    if backends.proxy is not None:
        return hmac.new(backends.proxy.secret, b"ecr-audit csrf", sha256).digest()
    return b"" if secure else secrets.token_bytes(32)
