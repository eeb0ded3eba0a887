"""Users, roles and their permissions, and the dependency by which every route declares its role."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fastapi import HTTPException, Request


class Role(StrEnum):
    """What a user may do; each role includes the roles before it."""

    READ = "read"
    """View runs, findings, reports, jobs and schedules."""
    RUN = "run"
    """Start audits, create reports, cancel jobs."""
    ADMIN = "admin"
    """Waive findings."""

    @property
    def rank(self) -> int:
        """0 for the role with the fewest permissions."""
        return list(Role).index(self)

    def covers(self, wanted: Role) -> bool:
        """Whether this role includes *wanted*."""
        return self.rank >= wanted.rank


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated user, or the local user if authentication is off."""

    name: str
    """Name of the token, or the name from the proxy, as written to records. Not trusted to be harmless text."""
    role: Role


LOCAL_USER = User("local user", Role.ADMIN)
"""The user if the service listens on loopback without authentication."""


@dataclass(frozen=True, slots=True)
class Required:
    """A dependency that requires a role and returns the user."""

    role: Role

    def __call__(self, request: Request) -> User:
        """The user. Raises HTTPException 401 without a user, 403 if the role is not sufficient."""
        user: User | None = request.state.user
        if user is None and request.state.refused:
            raise HTTPException(403, request.state.refused)
        if user is None:
            raise HTTPException(401, "sign in first", headers={"WWW-Authenticate": "Bearer"})
        if not user.role.covers(self.role):
            raise HTTPException(403, f"this requires the role {self.role}; your role is {user.role}")
        return user


def anonymous() -> None:
    """Dependency of the routes that require no role: signing in and out, and health checks."""


def require(role: Role) -> Required:
    """Dependency of a route: `user: Annotated[User, Depends(require(Role.READ))]`."""
    return Required(role)
