"""The API's description (OpenAPI 3.1): the routes and their common responses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from audit.describe import program_version
from ecr_audit.web.problems import TYPE, FieldProblem, Problem
from ecr_audit.web.security.roles import Required

_TITLE = "ecr-audit"
_DESCRIPTION = """\
Audits of Amazon ECR replication: runs, findings, reports, jobs, schedules and waivers.

Authenticate with a token in the header `Authorization: Bearer`; `ecr-audit token add` creates one. No token is needed
if the service listens on loopback without sign-in. Lists are paginated: pass `next` of a page as `cursor` of the next
request. Errors are problem details (RFC 9457).
"""
_EVERYWHERE = {
    400: "Bad request: the body is not valid JSON or not UTF-8.",
    401: "Not authenticated: the token is missing, invalid or expired.",
    403: "Forbidden: the role is not sufficient, or another site caused the request.",
    408: "Request timeout: the request did not arrive in time.",
    413: "Request too large.",
    421: "Misdirected request: the service does not accept this host name.",
    422: "Some parts of the request are not valid; `errors` lists them.",
    429: "Too many requests; `Retry-After` states when to try again.",
    503: "The store is not available, or too many jobs are waiting.",
}
_NAMED = {404: "Not found.", 409: "Conflict: the current state does not allow this; `detail` states the reason."}


def described(routes: Sequence[BaseRoute], version: str) -> dict[str, Any]:
    """The response of `/api/v1/openapi.json`."""
    ours = [route for route in iter_route_contexts(routes) if getattr(route, "include_in_schema", False)]
    description = get_openapi(
        title=_TITLE, version=version, description=_DESCRIPTION, routes=ours, separate_input_output_schemas=False
    )
    schemas = description["components"]["schemas"]
    _, extra = models_json_schema(
        [(Problem, "serialization"), (FieldProblem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(extra["$defs"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    description["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    content = {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    description["components"]["responses"] = {
        str(status): {"description": text, "content": content} for status, text in (_EVERYWHERE | _NAMED).items()
    }
    description["security"] = [{"token": []}]
    for route in ours:
        for method in route.methods or ():
            _common(description["paths"][route.path_format][method.lower()], route)
    named: dict[str, Any] = json.loads(_renamed(json.dumps(description)))
    return named


def document() -> dict[str, Any]:
    """The description, created without an application."""
    from ecr_audit.web.api import router

    return described(router.routes, program_version())


def _renamed(text: str) -> str:
    """The schema of `audit.run_changes.State` is published under the more specific name ChangeState."""
    return text.replace('#/components/schemas/State"', '#/components/schemas/ChangeState"').replace(
        '"State": {', '"ChangeState": {'
    )


def _common(operation: dict[str, Any], route: RouteContext) -> None:
    operation["operationId"] = route.name
    roles = " ".join(dict.fromkeys(required.role for required in requirements(route)))
    operation["description"] = f"{operation.get('description', '')}\n\nRequires the role `{roles}`."
    for media in operation["responses"].get("200", {}).get("content", {}).values():
        if media.pop("itemSchema", None):  # FastAPI's word for streams, of OpenAPI 3.2, which few tools support
            media["schema"] = {"type": "string"}
    common = dict(_EVERYWHERE)
    if "{" in (route.path or "") or "POST" in (route.methods or ()):
        common |= _NAMED
    for status in common:
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}


def requirements(route: RouteContext) -> Iterator[Required]:
    """The roles that a route requires, including those of nested dependencies."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Required):
            yield dependant.call
        waiting += dependant.dependencies
