"""Leases: locks in the database that expire, so that one worker at a time holds each, on any machine."""

from __future__ import annotations

import sqlalchemy as sa

from audit.store.schema import leases

TERM_SECONDS = 90.0
"""How long a lease is valid without being renewed. Clocks of machines that share a store may differ by less."""


class Leases:
    """The leases of a store. Times are epoch seconds, given by the caller."""

    def __init__(self, engine: sa.Engine, term: float = TERM_SECONDS) -> None:
        """*term*: seconds for which a lease is taken or renewed."""
        self._engine, self._term = engine, term

    def take(self, name: str, holder: str, now: float) -> bool:
        """Take the lease *name*, or renew it. False while another holder has it."""
        free = sa.or_(leases.c.until <= now, leases.c.holder == holder)
        with self._engine.begin() as connection:
            taken = leases.update().where(leases.c.name == name, free).values(holder=holder, until=now + self._term)
            if connection.execute(taken).rowcount == 1:
                return True
        try:
            with self._engine.begin() as connection:
                connection.execute(leases.insert().values(name=name, holder=holder, until=now + self._term))
        except sa.exc.IntegrityError:
            return False
        return True

    def renew(self, name: str, holder: str, now: float) -> bool:
        """Renew the lease. False where it was lost: then the work must stop."""
        mine = sa.and_(leases.c.name == name, leases.c.holder == holder)
        with self._engine.begin() as connection:
            return connection.execute(leases.update().where(mine).values(until=now + self._term)).rowcount == 1

    def release(self, name: str, holder: str) -> None:
        """Release the lease if *holder* still has it."""
        with self._engine.begin() as connection:
            connection.execute(leases.delete().where(leases.c.name == name, leases.c.holder == holder))

    def holder(self, name: str, now: float) -> str:
        """The current holder; empty where the lease is free."""
        query = sa.select(leases.c.holder).where(leases.c.name == name, leases.c.until > now)
        with self._engine.connect() as connection:
            return connection.scalar(query) or ""
