"""API tokens: 256 random bits that are shown once and kept as their SHA-256.

So many random bits need no slow hash: nobody can try them. For the same reason a look-up by the hash tells nothing by
the time it takes.
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
"""How every token begins, so that people and scanners know one where it does not belong."""
NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")
_TOKEN = re.compile(PREFIX + "[A-Za-z0-9_-]{43}")


class TokenError(Exception):
    """The token was not made or removed; the message says why."""


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One token as a list shows it."""

    name: str
    role: Role
    made_at: dt.datetime
    until: dt.datetime | None
    """From then on it is not taken; None: it does not end."""


class Tokens:
    """The tokens of a store."""

    def __init__(self, rows: AccessRows, clock: Callable[[], dt.datetime]) -> None:
        """*clock*: the present, aware, in UTC."""
        self._rows, self._clock = rows, clock

    def add(self, name: str, role: Role, days: int | None = None) -> str:
        """Make a token, for *days* if they are given. Returns its secret, which nobody can read again."""
        if not NAME.fullmatch(name):
            raise TokenError(f"{name[:80]!r} cannot name a token: letters, digits, `.`, `_`, `@`, `-`, at most 60")
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        until = now + dt.timedelta(days=days) if days is not None else None
        if not self._rows.add_token(TokenRow(name, role.value, digest(secret), now, until)):
            raise TokenError(f"there is a token {name} already; remove it first, or choose another name")
        return secret

    def list(self) -> tuple[TokenLine, ...]:
        """Every token by name, those that have ended included."""
        return tuple(map(_line, self._rows.tokens()))

    def remove(self, name: str) -> None:
        """Take a token back, and end every session that it began. Raises TokenError where there is none."""
        if not self._rows.remove_token(name):
            raise TokenError(f"there is no token {name!r}; `ecr-audit token list` names them")

    def holder(self, secret: str) -> TokenLine | None:
        """Whose token this is; None for one that is unknown, removed or ended."""
        if not _TOKEN.fullmatch(secret):
            return None
        wanted = digest(secret)
        row = self._rows.token(wanted)
        if row is None or not hmac.compare_digest(row.hash, wanted):
            return None
        line = _line(row)
        return None if line.until is not None and line.until <= self._clock() else line

    def user(self, secret: str) -> User | None:
        """Who holds this token, and what they may do."""
        line = self.holder(secret)
        return None if line is None else User(line.name, line.role)


def digest(secret: str) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _line(row: TokenRow) -> TokenLine:
    return TokenLine(row.name, Role(row.role), row.made_at, row.until)
