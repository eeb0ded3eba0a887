"""Import of a run's findings into AWS Security Hub, in batches, with the numbers of accepted and rejected findings."""

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
"""Rejected findings that are listed individually."""
_TRIES = 3
"""Attempts of one request: importing a batch twice is harmless."""
_WITHOUT_RUN = "there is no run, and Security Hub accepts only findings"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of an import."""

    account: str
    region: str
    taken: int
    refused: int
    refusals: tuple[str, ...]
    """The first rejected findings: id, error code and message."""


def send(run: Run, view: ReportView, client: Any, *, account: str, region: str) -> Receipt:
    """Import every finding of *run* into the Security Hub of *account* in *region*; *client* is boto3's.

    Sending twice is harmless: a finding keeps its id over runs and is updated (Security Hub API reference,
    BatchImportFindings). Raises botocore's ClientError where the call fails; batches that were sent before stay.
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
    """Imports the findings into AWS Security Hub, as `ecr-audit send securityhub` does."""

    type: Literal["securityhub"]
    region: Region
    profile: str = Field(default="", description=PROFILE)
    endpoint_url: str = Field(default="", description=ENDPOINT_URL)
    notify_on: NotifyOn = Field(default=NotifyOn(always=True))
    attach: NoFiles = Field(default=())


def deliver(
    settings: SecurityHubDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed
) -> Mapping[str, Any]:
    """Import the run's findings. A repetition updates them."""
    if content.run is None or content.view is None:
        raise DeliveryError(_WITHOUT_RUN, again=False)
    where = {"region": settings.region, "profile": settings.profile, "endpoint_url": settings.endpoint_url}
    with translated(f"Security Hub in {settings.region} did not accept the findings", revealed):
        account = client("sts", revealed, **where, tries=_TRIES).get_caller_identity()["Account"]
        hub = client("securityhub", revealed, **where, tries=_TRIES)
        receipt = send(content.run, content.view, hub, account=account, region=settings.region)
    if receipt.refused:
        words = "; ".join(one_line(refusal) for refusal in receipt.refusals[:3])
        problem = f"Security Hub rejected {receipt.refused} of {receipt.refused + receipt.taken} findings: {words}"
        raise DeliveryError(problem, again=any(" Internal" in refusal for refusal in receipt.refusals))
    return {"account": account, "region": settings.region, "taken": receipt.taken}


def _trial(
    settings: SecurityHubDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed
) -> Mapping[str, Any]:
    """Call GetCallerIdentity, and send nothing."""
    with translated("the call of sts:GetCallerIdentity failed", revealed):
        sts = client(
            "sts", revealed, region=settings.region, profile=settings.profile, endpoint_url=settings.endpoint_url
        )
        account = sts.get_caller_identity()["Account"]
    without = ["No test message was sent: Security Hub accepts only findings."]
    return {"account": account, "region": settings.region, "without": without}


CHANNEL = Channel(
    settings=SecurityHubDelivery,
    deliver=deliver,
    trial=_trial,
    without_run=_WITHOUT_RUN,
    arrives="all findings",
    repeated="the findings are updated",
    permissions="`securityhub:BatchImportFindings`",
    example="""
findings:
  type: securityhub           # imports the findings, as `ecr-audit send securityhub` does
  region: eu-central-1
  profile: ""
  endpoint_url: ""
""",
)
