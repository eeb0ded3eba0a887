"""The JSON API, version 1."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ecr_audit.web.api import files, findings, jobs, runs, schedules
from ecr_audit.web.api.dependencies import Reader

router = APIRouter(prefix="/api/v1")
"""Every route of the API."""

for _part in (runs, findings, files, jobs, schedules):
    router.include_router(_part.router)


@router.get("/openapi.json", include_in_schema=False)
def describe(_: Reader, request: Request) -> JSONResponse:
    """The description of this API (OpenAPI 3.1)."""
    document: dict[str, Any] = request.app.openapi()
    return JSONResponse(document)
