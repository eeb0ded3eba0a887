"""The audit request of a job: its schedule's settings, and the options of the job's request."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.model import GivenFile
from audit.run import Request
from schedules.configuration.service import AwsSection, Configuration, Schedule, ScopeSettings
from schedules.jobs.queue import Job


def schedule_of(configuration: Configuration, job: Job) -> Schedule:
    """The settings of the job's schedule; for a manual job without a schedule, the defaults.

    Raises LookupError where the schedule is no longer configured.
    """
    if not job.schedule:
        return Schedule(every="nightly")
    try:
        return configuration.schedules[job.schedule]
    except KeyError:
        raise LookupError(f"the schedule {job.schedule!r} is no longer configured") from None


def request_of(configuration: Configuration, job: Job, now: dt.datetime) -> Request:
    """What to audit. Raises LookupError as above, OSError and UnicodeDecodeError for files that cannot be read."""
    schedule = schedule_of(configuration, job)
    narrowed = job.request.get("scope")
    scope = ScopeSettings.model_validate_json(json.dumps(narrowed), strict=True) if narrowed else schedule.scope
    return Request(
        aws=_aws(configuration.aws),
        scope=Scope(
            accounts=scope.accounts, ous=scope.ous, regions=scope.regions, all_repositories=scope.all_repositories
        ),
        baseline_name=Path(schedule.baseline).name if schedule.baseline else "defaults",
        baseline_text=Path(schedule.baseline).read_text("utf-8-sig") if schedule.baseline else "",
        processes=configuration.aws.processes or min(os.cpu_count() or 1, 4),
        resume=_begun_recently(job, now),
        waivers=_given(schedule.waivers),
        custom_checks=_custom_checks(schedule.custom_checks),
    )


RESUMED_WITHIN = dt.timedelta(hours=6)
"""Evidence of an earlier attempt is reused within this time; after that, it is collected again."""


def _begun_recently(job: Job, now: dt.datetime) -> bool:
    # The first attempt has no `reason`: that is why an earlier attempt did not finish.
    return bool(job.reason) and job.started_at is not None and now - job.started_at < RESUMED_WITHIN


def _aws(section: AwsSection) -> AwsSettings:
    return AwsSettings(
        profile=section.profile or None,
        role_name=section.role_name,
        external_id=section.external_id or None,
        endpoint_url=section.endpoint_url or None,
    )


def _given(name: str) -> GivenFile | None:
    """The file; None where it does not exist yet: the first waiver that is granted creates it."""
    if not name or not Path(name).exists():
        return None
    return GivenFile(Path(name).name, Path(name).read_text("utf-8-sig"))


def _custom_checks(folder: str) -> tuple[GivenFile, ...]:
    if not folder:
        return ()
    return tuple(GivenFile(path.name, path.read_text("utf-8-sig")) for path in sorted(Path(folder).glob("*.json")))
