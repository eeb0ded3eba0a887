"""The pages for people: rendered on the server, usable without JavaScript, with no external resources."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException, Response

from ecr_audit.web.pages import changes, checks, findings, home, jobs, registries, runs, schedules
from ecr_audit.web.pages.dependencies import plain
from ecr_audit.web.pages.rendering import STATIC, error_page, static_file
from ecr_audit.web.security.roles import Role, require

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
"""Every page. Each requires at least the role `read`; routes that change something declare a higher role."""

for _part in (home, runs, changes, findings, registries, schedules, jobs, checks):
    router.include_router(_part.router, dependencies=[Depends(require(Role.READ)), Depends(plain)])

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_YEAR = 31_536_000


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Style sheet and script of the pages, available before sign-in. Their URLs change with their contents."""
    if name not in STATIC:
        raise HTTPException(404, "file not found")
    kind = _KINDS[name.rpartition(".")[2]]
    kept = {"Cache-Control": f"public, max-age={_YEAR}, immutable"}
    return Response(static_file(name), media_type=kind, headers=kept)
