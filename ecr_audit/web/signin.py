"""Who may do what: the dependency that every route declares its role with."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import HTTPException, Request

from ecr_audit.web.users import Role, User


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


def anybody() -> None:
    """What the few routes depend on that need no role: signing in and out, and what tells whether the service lives."""


def require(role: Role) -> Required:
    """What a route depends on: `user: Annotated[User, Depends(require(Role.READ))]`."""
    return Required(role)
