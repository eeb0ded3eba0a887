"""The API's description (OpenAPI 3.1): what the routes say, and what every one of them has in common."""

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
Audits of Amazon ECR replication: runs and what they found, reports, jobs, schedules, waivers.

Sign in with a token in `Authorization: Bearer`; `ecr-audit token add` makes one. On loopback without sign-in none is
needed. Lists come in pages: pass `next` of one as `cursor` of the following one. Errors are problem details (RFC 9457).
"""
_EVERYWHERE = {
    400: "The request cannot be read: its body is no JSON, or not in UTF-8.",
    401: "Nobody is signed in, or the token is no longer any good.",
    403: "The role is not enough, or another site caused the request.",
    408: "The request did not arrive in time.",
    413: "The request is too long.",
    421: "The service is not called so.",
    422: "Some part of the request cannot be used; `errors` says which.",
    429: "Too much at once; `Retry-After` says when to come again.",
    503: "The store does not answer, or too many jobs wait.",
}
_NAMED = {404: "There is no such thing.", 409: "It cannot be done any more, or may not be; the detail says why."}


def described(routes: Sequence[BaseRoute], version: str) -> dict[str, Any]:
    """What `/api/v1/openapi.json` answers."""
    ours = [route for route in iter_route_contexts(routes) if getattr(route, "include_in_schema", False)]
    told = get_openapi(
        title=_TITLE, version=version, description=_DESCRIPTION, routes=ours, separate_input_output_schemas=False
    )
    schemas = told["components"]["schemas"]
    _, extra = models_json_schema(
        [(Problem, "serialization"), (FieldProblem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(extra["$defs"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    content = {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told["components"]["responses"] = {
        str(status): {"description": text, "content": content} for status, text in (_EVERYWHERE | _NAMED).items()
    }
    told["security"] = [{"token": []}]
    for route in ours:
        for method in route.methods or ():
            _common(told["paths"][route.path_format][method.lower()], route)
    named: dict[str, Any] = json.loads(_renamed(json.dumps(told)))
    return named


def document() -> dict[str, Any]:
    """The description, without an application that serves it."""
    from ecr_audit.web.api import router

    return described(router.routes, program_version())


def _renamed(text: str) -> str:
    """Two enumerations of ours are called State in their own modules."""
    return text.replace("audit__run_changes__State", "ChangeState").replace("schedules__jobs__State", "JobState")


def _common(operation: dict[str, Any], route: RouteContext) -> None:
    operation["operationId"] = route.name
    roles = " ".join(dict.fromkeys(required.role for required in requirements(route)))
    operation["description"] = f"{operation.get('description', '')}\n\nNeeds the role `{roles}`."
    for media in operation["responses"].get("200", {}).get("content", {}).values():
        if media.pop("itemSchema", None):  # how FastAPI describes streams: a word of OpenAPI 3.2, which few tools know
            media["schema"] = {"type": "string"}
    told = dict(_EVERYWHERE)
    if "{" in (route.path or "") or "POST" in (route.methods or ()):
        told |= _NAMED
    for status in told:
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}


def requirements(route: RouteContext) -> Iterator[Required]:
    """The roles that a route asks for, however deep."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Required):
            yield dependant.call
        waiting += dependant.dependencies
