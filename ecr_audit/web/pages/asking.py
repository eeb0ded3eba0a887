"""What pages ask the desk for. What it refuses becomes an error page in one place, for pages and API alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fastapi import HTTPException, Request

from audit.model import Run
from checks.model import Finding
from ecr_audit.web.desk import Desk
from ecr_audit.web.pages.findings_index import FindingsIndex, Indexes
from reports.view import ReportView

_INDEXES = Indexes()


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that a page is about."""

    run: Run
    view: ReportView
    index: FindingsIndex


def desk_of(request: Request) -> Desk:
    """The desk that the application was made with."""
    return cast("Desk", request.app.state.desk)


def plain(request: Request) -> None:
    """Nothing in an address has a NUL: databases refuse it in ways of their own. Raises HTTPException 404."""
    if any("\0" in value for value in (*request.path_params.values(), *request.query_params.values())):
        raise HTTPException(404, "nothing that there is here is called so")


def kept(request: Request, run_id: str) -> Kept:
    """The run called so. Raises NoSuchRunError, or StoreError where it cannot be read."""
    opened = desk_of(request).opened(run_id)
    return Kept(opened.run, opened.view, _INDEXES.of(opened.run, opened.view))


def finding_of(of: Kept, fingerprint: str) -> Finding:
    """The finding of a run. Raises HTTPException 404."""
    found = of.index.by_fingerprint.get(fingerprint)
    if found is None:
        raise HTTPException(
            404, f"run {of.run.id} has no finding {fingerprint}; it may be fixed, or belong to another run"
        )
    return found
