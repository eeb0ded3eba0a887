"""Findings of a run into AWS Security Hub, in batches, told apart by what Security Hub took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from audit.model import Run
from checks.baseline.values import Region
from reports.formats.asff import batches, findings
from reports.sanitize import one_line
from reports.view import ReportView
from schedules.deliveries.aws import client, translated
from schedules.deliveries.channel import Channel
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import ENDPOINT_URL, PROFILE, DeliverySettings, NoFiles
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent, DeliveryError
from schedules.notifications.notify_on import NotifyOn

LISTED_FAILURES = 20
"""Refusals that are told one by one."""
_TRIES = 3
"""Of one request: importing a batch twice is harmless."""
_WITHOUT_RUN = "there is no run, and Security Hub takes nothing but findings"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What Security Hub said."""

    account: str
    region: str
    taken: int
    refused: int
    refusals: tuple[str, ...]
    """The first refusals: id, code and message."""


def send(run: Run, view: ReportView, client: Any, *, account: str, region: str) -> Receipt:
    """Import every finding of *run* into the Security Hub of *account* in *region*; *client* is boto3's.

    Sending twice is harmless: a finding keeps its id over runs and is updated (Security Hub API reference,
    BatchImportFindings). Raises botocore's ClientError where the call itself is refused; batches sent before stay.
    """
    taken, refused = 0, 0
    refusals: list[str] = []
    for batch in _batches(run, view, account, region):
        answer = client.batch_import_findings(Findings=batch)
        taken += answer["SuccessCount"]
        refused += answer["FailedCount"]
        refusals += [
            f"{one['Id']}: {one['ErrorCode']} {one['ErrorMessage']}" for one in answer.get("FailedFindings", ())
        ]
    return Receipt(account, region, taken, refused, tuple(refusals[:LISTED_FAILURES]))


def _batches(run: Run, view: ReportView, account: str, region: str) -> Iterator[list[dict[str, Any]]]:
    return batches(findings(run, view, account=account, region=region))


class SecurityHubDelivery(DeliverySettings):
    """The findings into AWS Security Hub, as `ecr-audit send securityhub` does."""

    type: Literal["securityhub"]
    region: Region
    profile: str = Field(default="", description=PROFILE)
    endpoint_url: str = Field(default="", description=ENDPOINT_URL)
    notify_on: NotifyOn = Field(default=NotifyOn(always=True))
    attach: NoFiles = Field(default=())


def deliver(
    settings: SecurityHubDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed
) -> Mapping[str, Any]:
    """Import the run's findings. Sent again, they are updated."""
    if content.run is None or content.view is None:
        raise DeliveryError(_WITHOUT_RUN, again=False)
    where = {"region": settings.region, "profile": settings.profile, "endpoint_url": settings.endpoint_url}
    with translated(f"the Security Hub in {settings.region} did not take the findings", revealed):
        account = client("sts", revealed, **where, tries=_TRIES).get_caller_identity()["Account"]
        hub = client("securityhub", revealed, **where, tries=_TRIES)
        receipt = send(content.run, content.view, hub, account=account, region=settings.region)
    if receipt.refused:
        words = "; ".join(one_line(refusal) for refusal in receipt.refusals[:3])
        told_of = f"Security Hub refused {receipt.refused} of {receipt.refused + receipt.taken} findings: {words}"
        raise DeliveryError(told_of, again=any(" Internal" in refusal for refusal in receipt.refusals))
    return {"account": account, "region": settings.region, "taken": receipt.taken}


def _trial(
    settings: SecurityHubDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed
) -> Mapping[str, Any]:
    """Ask AWS which account we are, and send nothing."""
    with translated("AWS did not say who we are", revealed):
        sts = client(
            "sts", revealed, region=settings.region, profile=settings.profile, endpoint_url=settings.endpoint_url
        )
        account = sts.get_caller_identity()["Account"]
    without = ["Nothing was sent: Security Hub takes nothing but findings."]
    return {"account": account, "region": settings.region, "without": without}


CHANNEL = Channel(
    settings=SecurityHubDelivery,
    deliver=deliver,
    trial=_trial,
    without_run=_WITHOUT_RUN,
    arrives="every finding",
    repeated="updates the findings",
    permissions="`securityhub:BatchImportFindings`",
    example="""
findings:
  type: securityhub           # the findings into Security Hub, as `ecr-audit send securityhub` does
  region: eu-central-1
  profile: ""
  endpoint_url: ""
""",
)
