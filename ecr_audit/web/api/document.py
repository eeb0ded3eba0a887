"""The API's description (OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute


def described(routes: Sequence[BaseRoute], version: str) -> dict[str, Any]:
    """What `/api/v1/openapi.json` answers."""
    return get_openapi(title="ecr-audit", version=version, routes=routes)
