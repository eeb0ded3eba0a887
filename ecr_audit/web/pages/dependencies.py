"""Shared dependencies of the pages. Their errors become error pages in one place, for pages and API alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fastapi import HTTPException, Request

from audit.model import Run
from checks.model import Finding
from ecr_audit.web.pages.findings_index import FindingsIndex, Indexes
from ecr_audit.web.services import Services
from reports.view import ReportView

_INDEXES = Indexes()


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run that a page is about."""

    run: Run
    view: ReportView
    index: FindingsIndex


def services_of(request: Request) -> Services:
    """The services of the application."""
    return cast("Services", request.app.state.services)


def plain(request: Request) -> None:
    """Reject NUL characters in URLs, which databases handle differently. Raises HTTPException 404."""
    if any("\0" in value for value in (*request.path_params.values(), *request.query_params.values())):
        raise HTTPException(404, "not found")


def shown_run(request: Request, run_id: str) -> ShownRun:
    """The run with this ID. Raises NoSuchRunError, or StoreError if it cannot be read."""
    opened = services_of(request).opened(run_id)
    return ShownRun(opened.run, opened.view, _INDEXES.of(opened.run, opened.view))


def finding_of(of: ShownRun, fingerprint: str) -> Finding:
    """The finding of a run. Raises HTTPException 404."""
    found = of.index.by_fingerprint.get(fingerprint)
    if found is None:
        raise HTTPException(
            404, f"run {of.run.id} has no finding {fingerprint}; it may be fixed, or belong to another run"
        )
    return found
