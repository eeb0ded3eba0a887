"""Sessions of browsers that signed in with a token. A session ends when idle, at its maximum age, or with its token."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable

from audit.store.access import AccessRows
from ecr_audit.web.security.roles import Role, User
from ecr_audit.web.security.tokens import TokenLine, digest

_RENEWED_AFTER = 60
"""Minimum seconds between two updates of a session's row: not every request needs a write."""


class Sessions:
    """The sessions of a store.

    The browser stores 256 random bits and the second at which the session ends at the latest; the row is found by
    the hash of both, so that neither can be changed.
    """

    def __init__(self, rows: AccessRows, clock: Callable[[], dt.datetime], *, idle: int, longest: int) -> None:
        """*idle*, *longest*: seconds."""
        self._rows, self._clock, self._idle, self._longest = rows, clock, idle, longest

    def begin(self, token: TokenLine) -> str:
        """Start a session for *token*; returns the value of the cookie. Ended sessions are deleted."""
        now = self._clock().timestamp()
        end = int(now) + self._longest
        if token.until is not None:
            end = min(end, int(token.until.timestamp()))
        secret = f"{secrets.token_urlsafe(32)}.{end}"
        until = min(now + self._idle, end)
        self._rows.begin_session(digest(secret), token.name, token.role.value, until, now)
        return secret

    def user(self, secret: str) -> User | None:
        """The user of the session, with the current role of the token; None if the session has ended."""
        end = secret.rpartition(".")[2]
        if not (end.isascii() and end.isdecimal() and len(secret) <= 80):
            return None
        now = self._clock().timestamp()
        row = self._rows.session(digest(secret))
        if row is None or row.until <= now or int(end) <= now:
            return None
        if row.token_until is not None and row.token_until.timestamp() <= now:
            return None
        self._renew(row.hash, row.until, min(now + self._idle, int(end)))
        return User(row.name, Role(row.role))

    def _renew(self, mark: str, was: float, until: float) -> None:
        if until - was < _RENEWED_AFTER:
            return
        self._rows.renew_session(mark, until)

    def end(self, secret: str) -> None:
        """Sign out."""
        self._rows.end_session(digest(secret))
