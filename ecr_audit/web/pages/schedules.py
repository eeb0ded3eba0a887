"""The schedules: when each runs, what became of it last, and who heard of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from ecr_audit.web.pages.asking import desk_of
from ecr_audit.web.pages.rendering import page
from schedules.receipts import Receipts

router = APIRouter()

LAST = 5
"""Jobs of each schedule that are shown."""


@router.get("/schedules")
def schedules(request: Request) -> Response:
    """Every schedule of the configuration."""
    desk = desk_of(request)
    receipts = Receipts(desk.store.engine, desk.clock)
    lines = desk.schedules()
    last = {line.name: desk.ledger.list(limit=LAST, schedule=line.name) for line in lines}
    heard = {line.name: receipts.of(line.last.id) if line.last else () for line in lines}
    return page(
        request, "schedules.html.j2", lines=lines, last=last, receipts=heard, settings=desk.configuration.schedules,
        scopes={name: scope_text(one.scope.model_dump()) for name, one in desk.configuration.schedules.items()},
    )  # fmt: skip


def scope_text(scope: Mapping[str, Any]) -> str:
    """What is audited, in words; *scope*: the fields of `ScopeSettings`."""
    named = (("accounts", "accounts"), ("units", "ous"), ("Regions", "regions"))
    parts = [f"{name} {', '.join(map(str, some))}" for name, field in named if (some := scope.get(field))]
    text = "; ".join(parts) or "everything"
    return f"{text[0].upper()}{text[1:]}" + ("; every repository in detail" if scope.get("everything") else "")
