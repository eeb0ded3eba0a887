"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; each role may all that those before it may."""

    READ = "read"
    """Look at runs, findings, reports, jobs and schedules."""
    RUN = "run"
    """Start audits, have reports made, cancel jobs."""
    ADMIN = "admin"
    """Waive findings: decide what is accepted."""

    @property
    def rank(self) -> int:
        """0 for the role that may least."""
        return list(Role).index(self)

    def covers(self, wanted: Role) -> bool:
        """Whether this role may what *wanted* may."""
        return self.rank >= wanted.rank


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is known, or everybody on this machine where nobody signs in."""

    name: str
    """Name of the token, or who the proxy says it is: what records call them. Not trusted to be harmless text."""
    role: Role


ANYONE_HERE = User("somebody on this machine", Role.ADMIN)
"""Who asks where the service listens on loopback and asks nobody to sign in."""
