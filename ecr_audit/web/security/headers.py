"""Security headers of every response."""

from __future__ import annotations

from ecr_audit.web.asgi import Application, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""Scripts, styles and images from our own files only; nothing inline, nothing from other hosts."""

_ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms (Fetch standard, 3.2), and the
    # origin check detects forged forms by the origin. Other sites see no URL of this service in either case.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
}
_YEAR = 31_536_000


def _is_private(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether it is a page or an event stream, which FastAPI marks as cacheable."""
    kinds = (b"text/html", b"text/event-stream")
    return any(key == b"content-type" and value.startswith(kinds) for key, value in headers)


class SafeHeaders:
    """Adds the headers to every response, errors included. Other headers that a route sets are left unchanged."""

    def __init__(self, app: Application, *, secure: bool) -> None:
        """*secure*: whether the service is reached over https only."""
        self._app = app
        self._fixed = dict(_ALWAYS)
        if secure:
            self._fixed["strict-transport-security"] = f"max-age={_YEAR}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [(key, value) for key, value in message["headers"] if key.decode() not in self._fixed]
                given += [(key.encode(), value.encode()) for key, value in self._fixed.items()]
                if _is_private(given):  # the next user of this browser must not find it in its cache
                    given = [(key, value) for key, value in given if key != b"cache-control"]
                if not any(key == b"cache-control" for key, _ in given):
                    given.append((b"cache-control", b"no-store"))
                message["headers"] = given
            await send(message)

        await self._app(scope, receive, with_headers)
