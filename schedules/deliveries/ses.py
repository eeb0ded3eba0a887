"""Mail through Amazon SES (SendEmail of its API v2, raw content)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schedules.deliveries.addresses import mailbox
from schedules.deliveries.aws import client, told
from schedules.deliveries.mail import MEGABYTE, mail
from schedules.deliveries.secret_places import Revealed
from schedules.deliveries.settings import SesDelivery
from schedules.jobs import Clock
from schedules.model import Parcel


def deliver(settings: SesDelivery, parcel: Parcel, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Hand one mail to SES, which takes it for all recipients or none.

    SES knows no key of ours: where its answer is lost, the next attempt is a second mail, with the same
    `X-Ecr-Audit-Delivery`.
    """
    letter = mail(parcel, settings.sender, settings.to, settings.megabytes * MEGABYTE, clock)
    with told("SES did not take the mail", revealed):
        ses = client(
            "sesv2", revealed, region=settings.region, profile=settings.profile, endpoint_url=settings.endpoint_url
        )
        answer = ses.send_email(
            FromEmailAddress=mailbox(settings.sender).addr_spec,
            Destination={"ToAddresses": [mailbox(one).addr_spec for one in settings.to]},
            Content={"Raw": {"Data": letter.data}},
        )
    return {"message_id": answer["MessageId"], "without": list(letter.left_out)}
