"""What changed from the run before to this one: also what is gone, which no list of findings has any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request, Response

from audit.store import StoreError
from checks.model import Finding
from ecr_audit.web.pages.dependencies import ShownRun, shown_run
from ecr_audit.web.pages.filters import PAGE, Filter
from ecr_audit.web.pages.rendering import page

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ChangeSection:
    """Findings that went the same way."""

    name: str
    title: str
    explanation: str
    of: ShownRun
    """The run whose pages tell more about them."""
    rows: tuple[Finding, ...]
    count: int
    """All of them; `rows` has a page at most."""
    more: Filter | None
    """What shows all of them in the run; None where only this page does."""


@router.get("/runs/{run_id}/change")
def change(request: Request, run_id: str) -> Response:
    """What is new, worse, fixed, now waived, or could not be looked at again."""
    of = shown_run(request, run_id)
    found = of.view.change
    if found is None:
        raise HTTPException(404, f"no run before {of.run.id} audited the same organization and scope")
    before, unreadable = _before(request, found.run)
    here = [
        _part("new", "New", "Open now, and not in the run before.", of, found.new, Filter(states=("new",))),
        _part("worse", "Worse", "Open in both, more severe now.", of, found.worse, Filter(states=("worse",))),
    ]
    gone = [
        ("unsure", "Not to be looked at again", "Open before; now it could not be read, so it may still be there.",
         found.unsure),
        ("waived", "Now waived", "Open before; a waiver covers it now.", found.waived),
        ("fixed", "Fixed", "Open before; read again, and no failure now.", found.fixed),
    ]  # fmt: skip
    parts = here + [_part(name, title, told, before, marks) for name, title, told, marks in gone if before and marks]
    return page(
        request, "change.html.j2", run=of.run, view=of.view, change=found, parts=[part for part in parts if part.count],
        unreadable=unreadable,
    )  # fmt: skip


def _before(request: Request, run_id: str) -> tuple[ShownRun | None, str]:
    """The run before, or why it cannot be read: it may have been deleted since."""
    try:
        return shown_run(request, run_id), ""
    except StoreError as error:
        return None, str(error)


def _part(
    name: str, title: str, told: str, of: ShownRun, marks: Iterable[str], more: Filter | None = None
) -> ChangeSection:
    wanted = frozenset(marks)
    rows = [one for one in of.view.findings if one.fingerprint in wanted]
    return ChangeSection(name, title, told, of, tuple(rows[:PAGE]), len(rows), more)
