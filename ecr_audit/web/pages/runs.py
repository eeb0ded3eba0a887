"""The page of one run with its filtered findings and reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from ecr_audit.web.pages import filters, urls
from ecr_audit.web.pages.dependencies import services_of, shown_run
from ecr_audit.web.pages.downloads import as_attachment, as_one_file
from ecr_audit.web.pages.rendering import page
from ecr_audit.web.security.csrf import checked
from ecr_audit.web.security.rate_limits import Cost, Limited
from ecr_audit.web.security.roles import Role, User, require
from reports.formats import FORMATS
from reports.run_view import rendered_folder

router = APIRouter()


@router.get("/runs/{run_id}")
def run(request: Request, run_id: str) -> Response:
    """A run."""
    of = shown_run(request, run_id)
    if of.run.id != run_id:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(urls.run(of.run.id) + query, 303)
    wanted = filters.read(request.query_params.multi_items())
    services = services_of(request)
    return page(
        request, "run.html.j2", run=of.run, view=of.view, index=of.index, wanted=wanted,
        shown=of.index.chosen(wanted), states=filters.STATES, statuses=filters.STATUSES,
        formats=FORMATS.values(),
        ready={name for name in FORMATS if (rendered_folder(services.store, of.run.id, name) / ".whole").exists()},
        job=services.queue.makers([of.run.id]).get(of.run.id), hold=services.store.holds().get(of.run.id),
        has_tables=services.store.has_tables(of.run.id, "registries", "links"),
    )  # fmt: skip


@router.get("/runs/{run_id}/download/{format}", dependencies=[Depends(Limited(Cost.DOWNLOAD))])
def download(request: Request, run_id: str, format: str) -> Response:
    """A report as a file; several files as one ZIP."""
    of = shown_run(request, run_id)
    if format not in FORMATS:
        raise HTTPException(404, f"this is not a valid report format; use one of {', '.join(FORMATS)}")
    files = services_of(request).files(of.run.id, format)
    name, data = as_one_file(f"ecr-audit-{of.run.id}-{format}", files, of.run.finished_at)
    return as_attachment(name, data)


@router.get("/runs/{run_id}/scripts/{name}")
def script(request: Request, run_id: str, name: str) -> Response:
    """A remediation script of the run."""
    of = shown_run(request, run_id)
    found = next((one for one in of.run.scripts if one.name == name), None)
    if found is None:
        raise HTTPException(
            404, f"run {of.run.id} has no script with this name; see the list of scripts on the page of the run"
        )
    return as_attachment(found.name, found.text.encode("utf-8", "surrogatepass"))


@router.post(
    "/runs/{run_id}/reports",
    dependencies=[Depends(require(Role.RUN)), Depends(checked), Depends(Limited(Cost.REPORT))],
)
def make_reports(
    request: Request,
    run_id: str,
    user: Annotated[User, Depends(require(Role.RUN))],
    formats: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Create reports in the background."""
    of = shown_run(request, run_id)
    wanted = tuple(name for name in FORMATS if name in (formats or ()))
    if not wanted or len(wanted) < len(set(formats or ())):
        raise HTTPException(400, f"select at least one valid report format: {', '.join(FORMATS)}")
    job = services_of(request).report(of.run.id, wanted, user.name)
    return RedirectResponse(urls.job(job.id), 303)
