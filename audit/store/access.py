"""Database rows of API tokens and of the sessions that were started with them. The web application checks secrets and
roles."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from audit.store.schema import sessions, tokens


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One API token."""

    name: str
    role: str
    hash: str
    """SHA-256 of its secret, in hex."""
    made_at: dt.datetime
    until: dt.datetime | None
    """From then on it is not valid; None: it does not expire."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, with the current role and expiry of its token."""

    hash: str
    until: float
    """Epoch seconds."""
    name: str
    """Of the token."""
    role: str
    """Of the token."""
    token_until: dt.datetime | None


class AccessRows:
    """The tokens and sessions of a store."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add_token(self, row: TokenRow) -> bool:
        """Store a token. False where there is one of that name."""
        until = None if row.until is None else _text(row.until)
        values = {"name": row.name, "role": row.role, "hash": row.hash, "made_at": _text(row.made_at), "until": until}
        try:
            with self._engine.begin() as connection:
                connection.execute(tokens.insert().values(**values))
        except sa.exc.IntegrityError:
            return False
        return True

    def tokens(self) -> tuple[TokenRow, ...]:
        """Every token by name, expired ones included."""
        with self._engine.connect() as connection:
            return tuple(map(_token, connection.execute(sa.select(tokens).order_by(tokens.c.name))))

    def token(self, digest: str) -> TokenRow | None:
        """The token with this hash."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(tokens).where(tokens.c.hash == digest)).one_or_none()
        return None if row is None else _token(row)

    def remove_token(self, name: str) -> bool:
        """Delete a token and all its sessions. False where there is none."""
        with self._engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.name == name))
            return bool(connection.execute(tokens.delete().where(tokens.c.name == name)).rowcount)

    def begin_session(self, digest: str, name: str, role: str, until: float, now: float) -> None:
        """Store a session of the token *name*, and delete sessions that expired before *now*. Epoch seconds."""
        with self._engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.until <= now))
            connection.execute(sessions.insert().values(hash=digest, name=name, role=role, until=until))

    def session(self, digest: str) -> SessionRow | None:
        """The session with this hash, expired or not; None where it or its token was deleted."""
        query = (
            sa.select(sessions.c.hash, sessions.c.until, tokens.c.name, tokens.c.role, tokens.c.until.label("ends"))
            .join(tokens, tokens.c.name == sessions.c.name)
            .where(sessions.c.hash == digest)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else SessionRow(row.hash, row.until, row.name, row.role, _moment(row.ends))

    def renew_session(self, digest: str, until: float) -> None:
        """Extend a session until then, epoch seconds."""
        with self._engine.begin() as connection:
            connection.execute(sessions.update().where(sessions.c.hash == digest).values(until=until))

    def end_session(self, digest: str) -> None:
        """Delete a session."""
        with self._engine.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.hash == digest))


def _token(row: sa.Row[Any]) -> TokenRow:
    return TokenRow(row.name, row.role, row.hash, dt.datetime.fromisoformat(row.made_at), _moment(row.until))


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
