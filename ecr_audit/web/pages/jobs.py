"""Pages of jobs: request, progress, cancellation and outcome."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from ecr_audit.web.pages import evidence, urls
from ecr_audit.web.pages.dependencies import services_of
from ecr_audit.web.pages.rendering import page
from ecr_audit.web.pages.schedules import scope_text
from ecr_audit.web.security.csrf import checked
from ecr_audit.web.security.rate_limits import Cost, Limited
from ecr_audit.web.security.roles import Role, User, require
from reports.formats import FORMATS, ReportFormat
from schedules.configuration.service import ScopeSettings
from schedules.deliveries.receipts import Receipt, Receipts, ReceiptState
from schedules.jobs.queue import Job, JobState, Kind

router = APIRouter()

PAGE = 100
"""Jobs on one page."""
SENDING_FOR = dt.timedelta(minutes=10)
"""How long after the end of a job its page reloads to show pending deliveries."""


@router.get("/jobs")
def jobs(request: Request, before: str = "", schedule: str = "", state: str = "") -> Response:
    """Jobs, newest first; *before*: only those requested before this one."""
    states = tuple(one for one in JobState if one.value == state)
    found = services_of(request).queue.list(limit=PAGE + 1, before=before, schedule=schedule, states=states)
    return page(
        request, "jobs.html.j2", jobs=found[:PAGE], more=len(found) > PAGE, before=before, schedule=schedule,
        state=states[0].value if states else "", states=tuple(JobState),
        names=tuple(services_of(request).configuration.schedules),
    )  # fmt: skip


@router.get("/jobs/{job_id}")
def job(request: Request, job_id: str) -> Response:
    """A job."""
    services = services_of(request)
    found = services.job(job_id)
    receipts = Receipts(services.store.engine, services.clock).of(found.id)
    return page(
        request, "job.html.j2", job=found, receipts=receipts, now=services.clock(), requested=tuple(_requested(found)),
        formats=_formats(found), again=not _succeeded(found) and found.schedule in services.configuration.schedules,
        sending=_sending(found, receipts, services.clock()),
    )  # fmt: skip


def _succeeded(job: Job) -> bool:
    """Whether there is no reason to run the job again."""
    return not job.state.ended or job.state in (JobState.DONE, JobState.COALESCED) or job.kind is not Kind.AUDIT


def _requested(job: Job) -> Iterator[evidence.DisplayValue]:
    """The parameters of the request, as text."""
    for name, value in job.request.items():
        if name == "scope" and isinstance(value, dict):
            yield evidence.display_value("Scope", scope_text(value))
        else:
            titles = {"deliveries": "Deliveries", "formats": "Formats"}
            yield evidence.display_value(titles.get(name, name.replace("_", " ")), value)


def _sending(job: Job, receipts: Sequence[Receipt], now: dt.datetime) -> bool:
    """Whether deliveries are pending. Only for some time after the end of the job."""
    lately = job.finished_at is not None and now - job.finished_at < SENDING_FOR
    return lately and any(one.state is ReceiptState.PENDING for one in receipts)


@router.post("/jobs/{job_id}/cancel", dependencies=[Depends(require(Role.RUN)), Depends(checked)])
def cancel(request: Request, job_id: str, user: Annotated[User, Depends(require(Role.RUN))]) -> Response:
    """Cancel a job. A job that has ended does not change."""
    services = services_of(request)
    found = services.job(job_id)
    services.cancel(found.id, user.name)
    return RedirectResponse(urls.job(found.id), 303)


@router.post("/audits", dependencies=[Depends(require(Role.RUN)), Depends(checked), Depends(Limited(Cost.AUDIT))])
def audit(
    request: Request,
    user: Annotated[User, Depends(require(Role.RUN))],
    schedule: Annotated[str, Form()] = "",
    accounts: Annotated[str, Form()] = "",
    regions: Annotated[str, Form()] = "",
) -> Response:
    """Start an audit with or without the settings of a schedule, limited to the given accounts or Regions."""
    scope = _scope(request, schedule, accounts, regions)
    made = services_of(request).audit(schedule, user.name, scope)
    return RedirectResponse(urls.job(made.id), 303)


def _scope(request: Request, schedule: str, accounts: str, regions: str) -> ScopeSettings | None:
    """The scope in the form; None if the form does not limit it. Raises HTTPException 400."""
    named = tuple(re.split(r"[\s,;]+", accounts.strip())) if accounts.strip() else ()
    where = tuple(re.split(r"[\s,;]+", regions.strip())) if regions.strip() else ()
    if not named and not where:
        return None
    settings = services_of(request).configuration.schedules.get(schedule)
    whole = settings.scope if settings else ScopeSettings()
    changes = {"accounts": named, "ous": ()} if named else {}
    if where:
        changes |= {"regions": where}
    try:
        return ScopeSettings.model_validate({**whole.model_dump(), **changes})
    except ValidationError as error:
        wrong = ", ".join(str(problem["input"])[:60] for problem in error.errors()[:3])
        detail = f"enter 12-digit account IDs and Region names such as eu-west-1, separated by commas, not {wrong}"
        raise HTTPException(400, detail) from error


def _formats(found: Job) -> tuple[ReportFormat, ...]:
    """Formats of a report job."""
    if found.kind is not Kind.REPORT:
        return ()
    return tuple(one for name, one in FORMATS.items() if name in found.request.get("formats", ()))
