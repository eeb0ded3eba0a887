"""Shared parameters and dependencies of the API routes: ids, pages and services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from ecr_audit.web.security.csrf import checked
from ecr_audit.web.security.roles import Role, User, require
from ecr_audit.web.services import Opened, Services
from reports.formats.json_values import json_value

RUN_PATTERN = "^(latest|[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})$"
JOB_PATTERN = "^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$"
OneLine = Annotated[str, Field(min_length=1, max_length=300, pattern="^[^\\x00-\\x1f\\x7f]+$")]
"""Text without line breaks and other control characters."""
Lines = Annotated[str, Field(min_length=1, max_length=2000, pattern="^[^\\x00-\\x08\\x0b-\\x1f\\x7f]+$")]
"""Text of one or more lines, without other control characters."""
MOST = 200
"""Maximum entries of one page."""

_One = TypeVar("_One")


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


TheServices = Annotated[Services, Depends(_services)]
Reader = Annotated[User, Depends(require(Role.READ))]
Runner = Annotated[User, Depends(require(Role.RUN))]
Admin = Annotated[User, Depends(require(Role.ADMIN))]
Checked = Annotated[None, Depends(checked)]
"""The request comes from our own page or from no browser."""
RunName = Annotated[str, Path(pattern=RUN_PATTERN, description="A run's id, or `latest`.")]
JobName = Annotated[str, Path(pattern=JOB_PATTERN, description="A job's id.")]


def _opened(run: RunName, services: TheServices) -> Opened:
    return services.opened(run)


TheRun = Annotated[Opened, Depends(_opened)]
"""Comes after the role, so that callers without access cannot find out which runs exist."""


class Bounds(BaseModel):
    """Page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=MOST, description="Maximum number of entries.")
    cursor: str = Field(default="", pattern="^[0-9]{0,7}$", description="`next` of the previous page.")

    @property
    def start(self) -> int:
        """Position of the first entry, from 0."""
        return int(self.cursor or "0")


PageOf = Annotated[Bounds, Query()]


def page_of(entries: Sequence[_One], bounds: Bounds) -> tuple[Sequence[_One], str | None]:
    """The entries of the page, and the cursor of the next page."""
    end = bounds.start + bounds.limit
    return entries[bounds.start : end], str(end) if end < len(entries) else None


def plain(value: Any) -> Any:
    """The value with JSON types only, whatever it contains."""
    return json_value(value)
