"""The page of schedules: next times, latest jobs and deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from ecr_audit.web.pages.dependencies import services_of
from ecr_audit.web.pages.rendering import page
from schedules.deliveries.receipts import Receipts

router = APIRouter()

LAST = 5
"""Jobs of each schedule that are shown."""


@router.get("/schedules")
def schedules(request: Request) -> Response:
    """Every schedule of the configuration."""
    services = services_of(request)
    receipts = Receipts(services.store.engine, services.clock)
    lines = services.schedules()
    last = {line.name: services.queue.list(limit=LAST, schedule=line.name) for line in lines}
    deliveries = {line.name: receipts.of(line.last.id) if line.last else () for line in lines}
    return page(
        request,
        "schedules.html.j2",
        lines=lines,
        last=last,
        receipts=deliveries,
        settings=services.configuration.schedules,
        scopes={name: scope_text(one.scope.model_dump()) for name, one in services.configuration.schedules.items()},
    )


def scope_text(scope: Mapping[str, Any]) -> str:
    """The scope as text; *scope*: the fields of `ScopeSettings`."""
    named = (("accounts", "accounts"), ("OUs", "ous"), ("Regions", "regions"))
    parts = [f"{name} {', '.join(map(str, some))}" for name, field in named if (some := scope.get(field))]
    text = "; ".join(parts) or "the whole organization"
    return f"{text[0].upper()}{text[1:]}" + ("; all repositories in detail" if scope.get("all_repositories") else "")
