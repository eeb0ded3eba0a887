"""API tokens: 256 random bits that are shown once and stored as their SHA-256 hash.

256 random bits need no slow hash: they cannot be guessed. For the same reason the time of a look-up by the hash reveals
nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from audit.store.access import AccessRows, TokenRow
from ecr_audit.web.security.roles import Role, User

PREFIX = "ecra_"
"""Prefix of every token, so that people and secret scanners recognize one."""
NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")
_TOKEN = re.compile(PREFIX + "[A-Za-z0-9_-]{43}")


class TokenError(Exception):
    """The token was not created or removed; the message states why."""


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One token as a list shows it."""

    name: str
    role: Role
    made_at: dt.datetime
    until: dt.datetime | None
    """Expiry; None: the token does not expire."""


class Tokens:
    """The tokens of a store."""

    def __init__(self, rows: AccessRows, clock: Callable[[], dt.datetime]) -> None:
        """*clock*: the present, aware, in UTC."""
        self._rows, self._clock = rows, clock

    def add(self, name: str, role: Role, days: int | None = None) -> str:
        """Create a token, valid for *days* if given. Returns its secret, which cannot be read again."""
        if not NAME.fullmatch(name):
            raise TokenError(
                f"{name[:80]!r} is not a valid token name: use letters, digits, `.`, `_`, `@`, `-`, at most 60 long"
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        until = now + dt.timedelta(days=days) if days is not None else None
        if not self._rows.add_token(TokenRow(name, role.value, digest(secret), now, until)):
            raise TokenError(f"token {name} already exists; remove it first, or choose another name")
        return secret

    def list(self) -> tuple[TokenLine, ...]:
        """Every token by name, including expired ones."""
        return tuple(map(_line, self._rows.tokens()))

    def remove(self, name: str) -> None:
        """Remove a token and end its sessions. Raises TokenError if it does not exist."""
        if not self._rows.remove_token(name):
            raise TokenError(f"token {name!r} does not exist; run `ecr-audit token list` to list all tokens")

    def holder(self, secret: str) -> TokenLine | None:
        """The token with this secret; None if it is unknown, removed or expired."""
        if not _TOKEN.fullmatch(secret):
            return None
        wanted = digest(secret)
        row = self._rows.token(wanted)
        if row is None or not hmac.compare_digest(row.hash, wanted):
            return None
        line = _line(row)
        return None if line.until is not None and line.until <= self._clock() else line

    def user(self, secret: str) -> User | None:
        """The user of the token; None if it is not valid."""
        line = self.holder(secret)
        return None if line is None else User(line.name, line.role)


def digest(secret: str) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _line(row: TokenRow) -> TokenLine:
    return TokenLine(row.name, Role(row.role), row.made_at, row.until)
