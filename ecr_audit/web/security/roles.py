"""Who asks, what each role may do, and the dependency that every route declares its role with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fastapi import HTTPException, Request


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


@dataclass(frozen=True, slots=True)
class Required:
    """A dependency that lets those through whose role is enough, and gives the user."""

    role: Role

    def __call__(self, request: Request) -> User:
        """The user. Raises HTTPException 401 for nobody, 403 for somebody who may not."""
        user: User | None = request.state.user
        if user is None and request.state.refused:
            raise HTTPException(403, request.state.refused)
        if user is None:
            raise HTTPException(401, "sign in first", headers={"WWW-Authenticate": "Bearer"})
        if not user.role.covers(self.role):
            raise HTTPException(403, f"this needs the role {self.role}; yours is {user.role}")
        return user


def anonymous() -> None:
    """What the few routes depend on that need no role: signing in and out, and what tells whether the service lives."""


def require(role: Role) -> Required:
    """What a route depends on: `user: Annotated[User, Depends(require(Role.READ))]`."""
    return Required(role)
