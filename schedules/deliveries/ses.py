"""E-mail through Amazon SES (SendEmail of the SES API v2, raw content)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from checks.baseline.values import Region
from schedules.deliveries.addresses import MailAddress, mailbox
from schedules.deliveries.aws import client, translated
from schedules.deliveries.channel import Channel
from schedules.deliveries.mail import MEGABYTE, mail
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import (
    ENDPOINT_URL,
    MEGABYTES,
    PROFILE,
    Attached,
    DeliverySettings,
    Megabytes,
)
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent


class SesDelivery(DeliverySettings):
    """E-mail through Amazon SES."""

    type: Literal["ses"]
    region: Region
    profile: str = Field(default="", description=PROFILE)
    endpoint_url: str = Field(default="", description=ENDPOINT_URL)
    sender: MailAddress
    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=50, description="SES accepts at most 50 recipients.")
    attach: Attached = Field(default=("pdf",))
    megabytes: Megabytes = Field(default=10, description=MEGABYTES)


def deliver(settings: SesDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Send one e-mail through SES, which accepts it for all recipients or none.

    SES has no idempotency key: if its response is lost, the next attempt sends a second e-mail, with the same
    `X-Ecr-Audit-Delivery`.
    """
    letter = mail(content, settings.sender, settings.to, settings.megabytes * MEGABYTE, clock)
    with translated("SES did not accept the e-mail", revealed):
        ses = client(
            "sesv2", revealed, region=settings.region, profile=settings.profile, endpoint_url=settings.endpoint_url
        )
        answer = ses.send_email(
            FromEmailAddress=mailbox(settings.sender).addr_spec,
            Destination={"ToAddresses": [mailbox(one).addr_spec for one in settings.to]},
            Content={"Raw": {"Data": letter.data}},
        )
    return {"message_id": answer["MessageId"], "without": list(letter.left_out)}


CHANNEL = Channel(
    settings=SesDelivery,
    deliver=deliver,
    arrives="an e-mail as text and HTML, with the reports attached",
    repeated="a second e-mail with the same `X-Ecr-Audit-Delivery`: SES has no idempotency key",
    permissions="`ses:SendEmail` and `ses:SendRawEmail` on the identity",
    example="""
board:
  type: ses
  region: eu-central-1
  profile: ""
  endpoint_url: ""
  sender: ecr-audit@example.com
  to: [board@example.com]
  notify_on: {always: true}
""",
)
