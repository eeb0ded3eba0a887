"""One run: what it found, filtered as the address says, and its reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from ecr_audit.web.csrf import checked
from ecr_audit.web.limits import Cost, Limited
from ecr_audit.web.pages import addresses, filters
from ecr_audit.web.pages.archive import as_attachment, as_one_file
from ecr_audit.web.pages.asking import desk_of, kept
from ecr_audit.web.pages.rendering import page
from ecr_audit.web.signin import require
from ecr_audit.web.users import Role, User
from reports.formats import FORMATS
from reports.kept import rendered_folder

router = APIRouter()


@router.get("/runs/{run_id}")
def run(request: Request, run_id: str) -> Response:
    """A run."""
    of = kept(request, run_id)
    if of.run.id != run_id:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(addresses.run(of.run.id) + query, 303)
    wanted = filters.read(request.query_params.multi_items())
    desk = desk_of(request)
    return page(
        request, "run.html.j2", run=of.run, view=of.view, index=of.index, wanted=wanted,
        shown=of.index.chosen(wanted), states=filters.STATES, statuses=filters.STATUSES,
        formats=FORMATS.values(),
        ready={name for name in FORMATS if (rendered_folder(desk.store, of.run.id, name) / ".whole").exists()},
        job=desk.ledger.makers([of.run.id]).get(of.run.id), hold=desk.store.holds().get(of.run.id),
        has_tables=desk.store.has_tables(of.run.id, "registries", "links"),
    )  # fmt: skip


@router.get("/runs/{run_id}/download/{format}", dependencies=[Depends(Limited(Cost.DOWNLOAD))])
def download(request: Request, run_id: str, format: str) -> Response:
    """A report as a file; several files as one ZIP."""
    of = kept(request, run_id)
    if format not in FORMATS:
        raise HTTPException(404, f"there is no report format of that name; there are {', '.join(FORMATS)}")
    files = desk_of(request).files(of.run.id, format)
    name, data = as_one_file(f"ecr-audit-{of.run.id}-{format}", files, of.run.finished_at)
    return as_attachment(name, data)


@router.get("/runs/{run_id}/scripts/{name}")
def script(request: Request, run_id: str, name: str) -> Response:
    """A remediation script, as the run made it."""
    of = kept(request, run_id)
    found = next((one for one in of.run.scripts if one.name == name), None)
    if found is None:
        raise HTTPException(404, f"run {of.run.id} has no script of that name; its findings name those that it has")
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
    """Make reports in the background."""
    of = kept(request, run_id)
    wanted = tuple(name for name in FORMATS if name in (formats or ()))
    if not wanted or len(wanted) < len(set(formats or ())):
        raise HTTPException(400, f"choose at least one report format of {', '.join(FORMATS)}")
    job = desk_of(request).report(of.run.id, wanted, user.name)
    return RedirectResponse(addresses.job(job.id), 303)
