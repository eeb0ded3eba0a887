"""What a person sends through a configured delivery: a harmless trial, or a kept run. One attempt, and no receipt."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audit.model import Run
from audit.store import Store
from reports.view import ReportView
from schedules.deliveries import deliver, utc_now
from schedules.deliveries.aws import client, told
from schedules.deliveries.enclosures import Enclosures
from schedules.deliveries.secret_places import Revealed
from schedules.deliveries.settings import Delivery, S3Delivery, SecurityHubDelivery
from schedules.jobs import Clock, Job, Kind, State
from schedules.model import Decision, Event, Facts, Parcel, Reason
from schedules.telling.messages import compose


def trial(settings: Delivery, name: str, *, clock: Clock = utc_now) -> Mapping[str, Any]:
    """Send a message that says that it is a trial. Returns what a receipt would keep; raises DeliveryError.

    Nothing is locked in a bucket, and Security Hub, which takes nothing but findings, is only asked who we are.
    """
    now = clock()
    if isinstance(settings, SecurityHubDelivery):
        return {**_who(settings), "without": ["Nothing was sent: Security Hub takes nothing but findings."]}
    without = []
    if isinstance(settings, S3Delivery) and settings.object_lock is not None:
        settings = settings.model_copy(update={"object_lock": None})
        without.append("The trial's file was written without its object lock.")
    job = _job(now, "trial")
    decision = Decision((Reason(Event.REPORT, f"this is a trial of the delivery {name}."),))
    message = replace(
        compose(Facts(job, "", None, None, None, None, "", now), decision),
        subject=f"[ecr-audit] a trial of the delivery {name}",
        changed=("This is a trial. Nothing was audited and nothing is wrong.",),
        totals=(f"If you can read this, the delivery {name} works.",),
    )
    parcel = Parcel(f"{job.id}.{name}", "", job, None, None, message, {})
    detail = dict(deliver(settings, parcel, clock=clock))
    return {**detail, "without": [*without, *detail.get("without", ())]}


def hand_over(
    settings: Delivery,
    name: str,
    run: Run,
    view: ReportView,
    *,
    store: Store,
    by: str,
    link: str,
    clock: Clock = utc_now,
) -> Mapping[str, Any]:
    """Send a kept run, as after it was made, whatever the delivery's rules are. Raises DeliveryError.

    *link*: the run's page; empty where there is none.
    """
    now = clock()
    job = _job(now, by, run)
    facts = Facts(job, "", run, view, None, None, link, now)
    message = compose(facts, Decision((Reason(Event.REPORT, f"{by} sent this run."),)))
    files, without = Enclosures(facts, store).of(settings)
    parcel = Parcel(f"{job.id}.{name}", "", job, run, view, message, files)
    detail = dict(deliver(settings, parcel, clock=clock))
    return {**detail, "without": [*without, *detail.get("without", ())]}


def _job(now: dt.datetime, by: str, run: Run | None = None) -> Job:
    """A job that no ledger knows."""
    return Job(
        id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", kind=Kind.AUDIT, schedule="", due_at=None, asked_at=now,
        asked_by=by, request={}, state=State.DONE, reason="", run=run.id if run else "", started_at=now,
        finished_at=now, attempts=1, note="", done=0, total=0, cancel_asked_by="", holder="",
    )  # fmt: skip


def _who(settings: SecurityHubDelivery) -> Mapping[str, Any]:
    revealed = Revealed()
    with told("AWS did not say who we are", revealed):
        sts = client(
            "sts", revealed, region=settings.region, profile=settings.profile, endpoint_url=settings.endpoint_url
        )
        return {"account": sts.get_caller_identity()["Account"], "region": settings.region}
