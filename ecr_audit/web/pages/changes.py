"""Changes since the previous run, including findings that are no longer open."""

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
    """Findings with the same change."""

    name: str
    title: str
    explanation: str
    of: ShownRun
    """The run whose pages show them."""
    rows: tuple[Finding, ...]
    count: int
    """Total number; `rows` has one page at most."""
    more: Filter | None
    """Filter that shows all of them in the run; None if there is no such filter."""


@router.get("/runs/{run_id}/change")
def change(request: Request, run_id: str) -> Response:
    """Findings that are new, worse, fixed, no longer required, now waived, or could not be evaluated again."""
    of = shown_run(request, run_id)
    found = of.view.change
    if found is None:
        raise HTTPException(404, f"there is no run before {of.run.id} of the same organization and scope")
    before, unreadable = _before(request, found.run)
    here = [
        _part("new", "New", "Open now and not in the previous run.", of, found.new, Filter(states=("new",))),
        _part(
            "worse",
            "Worse",
            "Open in both runs, with a higher severity now.",
            of,
            found.worse,
            Filter(states=("worse",)),
        ),
    ]
    gone = [
        (
            "not_evaluated",
            "Not evaluated again",
            "Open before; not readable now, so it may still be open.",
            found.not_evaluated,
        ),
        ("waived", "Now waived", "Open before; covered by a waiver now.", found.waived),
        (
            "no_longer_required",
            "No longer required",
            "Open before; this run did not ask about it: the requirement is gone or changed, or its check left out.",
            found.no_longer_required,
        ),
        ("fixed", "Fixed", "Open before; evaluated again under the same requirement, and no failure.", found.fixed),
    ]  # fmt: skip
    parts = here + [_part(name, title, text, before, marks) for name, title, text, marks in gone if before and marks]
    return page(
        request, "change.html.j2", run=of.run, view=of.view, change=found, parts=[part for part in parts if part.count],
        unreadable=unreadable,
    )  # fmt: skip


def _before(request: Request, run_id: str) -> tuple[ShownRun | None, str]:
    """The previous run, or why it cannot be read: it may have been deleted since."""
    try:
        return shown_run(request, run_id), ""
    except StoreError as error:
        return None, str(error)


def _part(
    name: str, title: str, explanation: str, of: ShownRun, marks: Iterable[str], more: Filter | None = None
) -> ChangeSection:
    wanted = frozenset(marks)
    rows = [one for one in of.view.findings if one.fingerprint in wanted]
    return ChangeSection(name, title, explanation, of, tuple(rows[:PAGE]), len(rows), more)
