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

import sqlalchemy as sa

from audit.store.schema import sessions, tokens
from ecr_audit.web.users import Role, User

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

    def __init__(self, engine: sa.Engine, clock: Callable[[], dt.datetime]) -> None:
        """*clock*: the present, aware, in UTC."""
        self._engine, self._clock = engine, clock

    def add(self, name: str, role: Role, days: int | None = None) -> str:
        """Make a token, for *days* if they are given. Returns its secret, which nobody can read again."""
        if not NAME.fullmatch(name):
            raise TokenError(f"{name[:80]!r} cannot name a token: letters, digits, `.`, `_`, `@`, `-`, at most 60")
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        until = _text(now + dt.timedelta(days=days)) if days is not None else None
        row = {"name": name, "role": role.value, "hash": digest(secret), "made_at": _text(now), "until": until}
        try:
            with self._engine.begin() as connection:
                connection.execute(tokens.insert().values(**row))
        except sa.exc.IntegrityError as error:
            raise TokenError(f"there is a token {name} already; remove it first, or choose another name") from error
        return secret

    def list(self) -> tuple[TokenLine, ...]:
        """Every token by name, those that have ended included."""
        with self._engine.connect() as connection:
            return tuple(_line(row) for row in connection.execute(sa.select(tokens).order_by(tokens.c.name)))

    def remove(self, name: str) -> None:
        """Take a token back, and end every session that it began. Raises TokenError where there is none."""
        with self._engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.name == name))
            if not connection.execute(tokens.delete().where(tokens.c.name == name)).rowcount:
                raise TokenError(f"there is no token {name!r}; `ecr-audit token list` names them")

    def holder(self, secret: str) -> TokenLine | None:
        """Whose token this is; None for one that is unknown, removed or ended."""
        if not _TOKEN.fullmatch(secret):
            return None
        wanted = digest(secret)
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(tokens).where(tokens.c.hash == wanted)).one_or_none()
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


def _line(row: sa.Row[tuple[str, str, str, str, str | None]]) -> TokenLine:
    until = None if row.until is None else dt.datetime.fromisoformat(row.until)
    return TokenLine(row.name, Role(row.role), dt.datetime.fromisoformat(row.made_at), until)


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
