"""The pages for people: rendered here, readable without any script, with nothing from elsewhere."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException, Response

from ecr_audit.web.pages import changes, checks, findings, home, jobs, registries, runs, schedules
from ecr_audit.web.pages.dependencies import plain
from ecr_audit.web.pages.rendering import STATIC, error_page, static_file
from ecr_audit.web.security.roles import Role, require

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
"""Every page. Each needs the role `read` at least; what changes something says what it needs beyond."""

for _part in (home, runs, changes, findings, registries, schedules, jobs, checks):
    router.include_router(_part.router, dependencies=[Depends(require(Role.READ)), Depends(plain)])

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_YEAR = 31_536_000


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Style and script of the pages: needed before anybody signs in. Their address changes with them."""
    if name not in STATIC:
        raise HTTPException(404, "there is no such file")
    kind = _KINDS[name.rpartition(".")[2]]
    kept = {"Cache-Control": f"public, max-age={_YEAR}, immutable"}
    return Response(static_file(name), media_type=kind, headers=kept)
