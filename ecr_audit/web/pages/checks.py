"""Pages of the checks: requirement, reason and fix, from the texts of the checks."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response

from checks.catalog import CHECKS, GROUPS
from checks.texts import CheckText, text_of
from ecr_audit.web.pages.dependencies import shown_run
from ecr_audit.web.pages.rendering import page

router = APIRouter()

SECTIONS = (
    ("what", "What it checks"), ("why", "Why it matters"), ("fix", "How to fix"), ("limits", "Limits of this check"),
    ("references", "References"),
)  # fmt: skip


@router.get("/checks")
def checks(request: Request) -> Response:
    """Every built-in check, by area."""
    groups: dict[str, list[CheckText]] = {}
    for one in CHECKS:
        groups.setdefault(one.group, []).append(text_of(one))
    return page(request, "checks.html.j2", groups=groups, subjects=GROUPS, count=len(CHECKS))


@router.get("/checks/{check_id}")
def check(request: Request, check_id: str, run: str = "") -> Response:
    """A check, by its id or an alias (GRT-01); *run*: with the texts stored with this run."""
    found = _text(request, check_id, run)
    if found is None:
        raise HTTPException(404, "this check does not exist; see the list of checks")
    parts = [(heading, getattr(found, field)) for field, heading in SECTIONS if getattr(found, field)]
    return page(request, "check.html.j2", check=found, parts=parts, run_id=run)


def _text(request: Request, check_id: str, run: str) -> CheckText | None:
    if run:
        then = shown_run(request, run).index.checks.get(check_id)
        if then is not None:
            return then
    for one in CHECKS:
        if check_id == one.id or check_id.upper() in one.aliases:
            return text_of(one)
    return None
