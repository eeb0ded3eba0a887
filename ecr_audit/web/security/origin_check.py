"""Rejects requests for another host name and requests that another site caused a browser to send.

A page of an attacker may resolve its own name to 127.0.0.1 (DNS rebinding): the `Host` header then names the
attacker's site. An address instead of a name cannot be rebound.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ecr_audit.web.asgi import Application, Receive, Scope, Send, header, headers
from ecr_audit.web.problems import problem
from schedules.configuration.service import WebSection

_HARMLESS = ("GET", "HEAD", "OPTIONS")
API = "/api/"


def own_names(web: WebSection) -> frozenset[str]:
    """Host names that the service accepts, in addition to IP addresses."""
    public = urlsplit(web.public_url).hostname or ""
    return frozenset(name.lower() for name in ("localhost", web.host, public, *web.names) if name)


class OriginCheck:
    """Refuses requests for other hosts, and requests that other sites caused."""

    def __init__(self, app: Application, web: WebSection) -> None:
        """*web*: has the accepted host names."""
        self._app, self._names, self._public = app, own_names(web), _origin(web.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        refused = self._refused(scope) if scope["type"] == "http" else ""
        if refused:
            status = 421 if refused.startswith("this service") else 403
            await problem(status, refused, scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refused(self, scope: Scope) -> str:
        hosts = list(headers(scope, "host"))
        if len(hosts) != 1 or not self._ours(hosts[0]):
            return (
                "this service does not accept this host name; set `web.public_url`, or add the name to `web.names`, in "
                "the configuration file"
            )
        site = header(scope, "sec-fetch-site")
        if scope["method"] in _HARMLESS:
            # A link on another site may lead to a page. Other requests from other sites are rejected.
            visit = header(scope, "sec-fetch-mode") == "navigate" and header(scope, "sec-fetch-dest") == "document"
            if site in ("cross-site", "same-site") and not (visit and not scope["path"].startswith(API)):
                return "the request was caused by another site"
            return ""
        if site not in ("", "same-origin", "none"):
            return "the request was caused by another site"
        origins = list(headers(scope, "origin"))
        if origins and not all(self._same(origin, hosts[0], site) for origin in origins):
            return "the request was caused by another site"
        return ""

    def _ours(self, host: str) -> bool:
        name = _host_name(host)
        return name in self._names or _is_address(name)

    def _same(self, origin: str, host: str, site: str) -> bool:
        if origin == "null":  # browsers send this with forms under some policies; the site header decides then
            return site == "same-origin"
        # A proxy in front may end TLS, hence the scheme may differ from what we see; host and port may not.
        return origin in (f"http://{host}", f"https://{host}", self._public)


def _host_name(host: str) -> str:
    """The name in a `Host` header, in lower case, brackets of IPv6 removed; empty if it is not valid."""
    if not host.isascii() or not host.isprintable() or any(char in host for char in "/\\@?# ,;\"'<>"):
        return ""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""
