"""Schedules and waivers."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ecr_audit.web.api import job_models
from ecr_audit.web.api.dependencies import RUN_PATTERN, Admin, Checked, Lines, OneLine, Reader, TheServices
from ecr_audit.web.security.rate_limits import Cost, Limited

router = APIRouter()


@router.get("/schedules", tags=["schedules"])
def list_schedules(_: Reader, services: TheServices) -> job_models.Schedules:
    """Every schedule of the configuration, with its next times and its last job."""
    return job_models.Schedules(schedules=[job_models.ScheduleOut.of(line) for line in services.schedules()])


def _as_written(value: object) -> object:
    """A date as YYYY-MM-DD only; pydantic would also accept seconds since 1970 and times of day."""
    if not isinstance(value, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("write the date as YYYY-MM-DD, for example 2027-01-31")
    return value


class WaiverRequest(BaseModel):
    """The finding to waive, the reason and the last day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"fingerprint": "3f9a1c0b57e2d4a8", "reason": "Moves in spring, PLAT-4711", "until": "2027-03-31"}
            ]
        },
    )

    run: Annotated[str, Field(pattern=RUN_PATTERN)] = "latest"
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{8,16}$", description="Fingerprint, or its first characters.")]
    reason: Lines
    owner: OneLine | None = Field(default=None, description="Owner of the waiver; by default the user of the request.")
    until: Annotated[dt.date, BeforeValidator(_as_written)] = Field(description="Last day of the waiver.")


@router.post("/waivers", tags=["waivers"], status_code=201)
def add_waiver(
    user: Admin,
    _ours: Checked,
    _some: Annotated[None, Depends(Limited(Cost.WAIVER))],
    services: TheServices,
    asked: WaiverRequest,
) -> job_models.WaiverOut:
    """Waive a finding from the next run on. 409 if it cannot be waived; `detail` states the reason."""
    file = services.waive(asked.run, asked.fingerprint, asked.reason, asked.until, user.name, asked.owner or "")
    owner = asked.owner or user.name
    return job_models.WaiverOut(fingerprint=asked.fingerprint, until=asked.until, owner=owner, file=file)
