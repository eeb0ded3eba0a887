"""Jobs: request, list, get, follow and cancel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from checks.baseline.values import AccountId, Region
from ecr_audit.web.api import job_models
from ecr_audit.web.api.dependencies import RUN_PATTERN, Checked, JobName, OneLine, Reader, Runner, TheServices
from ecr_audit.web.api.events import Counted, FollowedJob, LastEventId, is_known_end, job_events
from ecr_audit.web.api.models import RUN
from ecr_audit.web.api.runs import Newest
from ecr_audit.web.security.rate_limits import Cost, Limited
from reports.formats import FORMATS, FormatName
from schedules.configuration.service import Name, ScopeSettings
from schedules.deliveries.receipts import Receipts
from schedules.jobs.queue import JobState

router = APIRouter(tags=["jobs"])


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AuditScope(ScopeSettings):
    """Scope of an audit. Values are not converted: 1 is not true."""

    accounts: tuple[AccountId, ...] = Field(default=(), max_length=1000)
    ous: tuple[OneLine, ...] = Field(
        default=(), max_length=200, description="Organizational units, by ID or path of names."
    )
    regions: tuple[Region, ...] = Field(default=(), max_length=100)
    all_repositories: bool = Field(default=False, strict=True, description="Read every repository in detail.")


class AuditOfSchedule(_Asked):
    """An audit with the settings of a schedule; a scope replaces the schedule's scope."""

    schedule: Annotated[Name, Field(description="Name of a schedule in the configuration.", examples=["nightly"])]
    scope: AuditScope | None = None


class AuditOfScope(_Asked):
    """An audit of a scope without a baseline: AWS limits and working grants only."""

    scope: Annotated[AuditScope, Field(description="Empty: the whole organization.")]
    schedule: None = None


class ReportRequest(_Asked):
    """Reports to create, and of which run."""

    run: Annotated[str, Field(pattern=RUN_PATTERN, examples=[RUN])]
    formats: list[FormatName] = Field(min_length=1, max_length=len(FORMATS), examples=[["pdf", "csv"]])


class JobQuery(Newest):
    """Filters of jobs."""

    schedule: Annotated[str, Field(pattern="^([a-z0-9][a-z0-9-]{0,59})?$")] = ""
    state: list[JobState] = Field(default=[], max_length=8)
    run: Annotated[str, Field(pattern="^([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})?$")] = ""


@router.get("/jobs")
def list_jobs(_: Reader, services: TheServices, wanted: Annotated[JobQuery, Query()]) -> job_models.Jobs:
    """Jobs, newest first."""
    found = services.queue.list(
        limit=wanted.limit + 1, before=wanted.cursor, schedule=wanted.schedule, states=wanted.state, run=wanted.run
    )
    shown = found[: wanted.limit]
    after = shown[-1].id if len(found) > wanted.limit else None
    return job_models.Jobs(jobs=[job_models.JobOut.of(job) for job in shown], next=after)


@router.post("/audits", status_code=202)
def start_audit(
    user: Runner, _ours: Checked, _some: Annotated[None, Depends(Limited(Cost.AUDIT))], services: TheServices,
    asked: AuditOfSchedule | AuditOfScope, response: Response,
) -> job_models.JobOut:  # fmt: skip
    """Request an audit. The job waits in the queue; only one audit of a schedule runs at a time."""
    return _accepted(response, job_models.JobOut.of(services.audit(asked.schedule or "", user.name, asked.scope)))


@router.post("/reports", status_code=202)
def make_reports(
    user: Runner, _ours: Checked, _some: Annotated[None, Depends(Limited(Cost.REPORT))], services: TheServices,
    asked: ReportRequest, response: Response,
) -> job_models.JobOut:  # fmt: skip
    """Request reports to be rendered in the background. Download them from the run when the job is done."""
    return _accepted(response, job_models.JobOut.of(services.report(asked.run, asked.formats, user.name)))


@router.get("/jobs/{job}")
def get_job(_: Reader, services: TheServices, job: JobName) -> job_models.JobOut:
    """One job."""
    return job_models.JobOut.of(services.job(job))


@router.post("/jobs/{job}/cancel")
def cancel_job(user: Runner, _ours: Checked, services: TheServices, job: JobName) -> job_models.JobOut:
    """Cancel a job: immediately if it waits, otherwise its worker is requested to stop. 409 if it has ended."""
    if not services.cancel(services.job(job).id, user.name):
        raise HTTPException(409, f"job {job} has already ended: {services.job(job).state.value}")
    return job_models.JobOut.of(services.job(job))


@router.get("/jobs/{job}/receipts")
def list_receipts(_: Reader, services: TheServices, job: JobName) -> job_models.Receipts:
    """States of all deliveries of a job."""
    found = Receipts(services.store.engine, services.clock).of(services.job(job).id)
    return job_models.Receipts(job=job, receipts=[job_models.ReceiptOut.model_validate(one) for one in found])


_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `job` with the job at each change, `end` with its final state, and "
        "keep-alive comments. The stream ends after `end` or after five minutes; then reconnect.",
    },
    204: {"description": "`Last-Event-ID` is the id of the `end` event: no more events follow."},
}


@router.get("/jobs/{job}/events", response_class=EventSourceResponse, responses=_EVENTS)
async def follow_job(
    request: Request, _: Reader, _some: Annotated[None, Depends(Limited(Cost.FOLLOW))], services: TheServices,
    now: FollowedJob, _room: Counted, last_event_id: LastEventId = "",
) -> AsyncIterator[ServerSentEvent]:  # fmt: skip
    """Stream the progress of a job."""
    if not is_known_end(now, last_event_id):
        async for event in job_events(request, services.queue, now, last_event_id):
            yield event


def _accepted(response: Response, job: job_models.JobOut) -> job_models.JobOut:
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job
