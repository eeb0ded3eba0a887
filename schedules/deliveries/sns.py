"""A message to an SNS topic: text for e-mail, JSON for applications, attributes for filter policies."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from reports.sanitize import one_line, visible
from schedules.deliveries.aws import client, translated
from schedules.deliveries.channel import Channel
from schedules.deliveries.payload import MANUAL, as_json, event_of, severity_of
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import ENDPOINT_URL, PROFILE, DeliverySettings, NoFiles
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent

MESSAGE_BYTES = 256 * 1024 - 4_096
"""SNS accepts 262,144 bytes including subject and attributes (SNS API reference, Publish)."""
TEXT_BYTES = 60_000
SUBJECT_LENGTH = 100
SMS_LENGTH = 140
_KEPT = {"version", "event", "reasons", "schedule", "job", "run", "organization", "verdict", "counts", "change"}
"""Keys of a document that stay where it is too large as a whole."""


class SnsDelivery(DeliverySettings):
    """A message to an SNS topic."""

    type: Literal["sns"]
    topic: Annotated[str, Field(pattern="^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$")]
    profile: str = Field(default="", description=PROFILE)
    endpoint_url: str = Field(default="", description=ENDPOINT_URL)
    attach: NoFiles = Field(default=())


def deliver(settings: SnsDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Publish once.

    A FIFO topic drops a repetition within five minutes; subscribers of standard topics find the key in the attributes.
    """
    message, without = structured(content)
    request: dict[str, Any] = {
        "TopicArn": settings.topic,
        "Message": message,
        "MessageStructure": "json",
        "Subject": subject(content.message.subject),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in _attributes(content).items()
        },
    }
    if settings.topic.endswith(".fifo"):
        request |= {"MessageGroupId": content.schedule or MANUAL, "MessageDeduplicationId": content.key}
    region = settings.topic.split(":")[3]
    with translated(f"the topic {settings.topic} did not accept the message", revealed):
        sns = client("sns", revealed, region=region, profile=settings.profile, endpoint_url=settings.endpoint_url)
        answer = sns.publish(**request)
    return {"message_id": answer["MessageId"], "without": list(without)}


def subject(text: str) -> str:
    """ASCII without control characters, at most 100, beginning with a letter, digit or punctuation (SNS Publish)."""
    plain = unicodedata.normalize("NFKD", one_line(text).replace("→", "->"))
    signs = "".join(sign if " " <= sign <= "~" else "?" for sign in plain if not unicodedata.combining(sign))
    words = " ".join(signs.split()) or "ECR audit"
    return words if len(words) <= SUBJECT_LENGTH else f"{words[: SUBJECT_LENGTH - 3]}..."


def structured(content: DeliveryContent) -> tuple[str, tuple[str, ...]]:
    """The message for each protocol of subscribers, and sentences about what was omitted."""
    without: tuple[str, ...] = ()
    text = _cut(visible(content.message.text), content.message.link)
    short = subject(content.message.subject)[:SMS_LENGTH]
    document = dict(content.message.document)
    while True:
        values = {"default": as_json(document).decode(), "email": text, "sms": short}
        message = json.dumps(values)
        if len(message.encode()) <= MESSAGE_BYTES or without:
            return message, without
        without = ("Details were omitted from the JSON message: it was too large for SNS.",)
        document = {name: value for name, value in document.items() if name in _KEPT and len(str(value)) < 2_000}
        document |= {"link": content.message.link, "left_out": "details: too large for SNS"}


def _attributes(content: DeliveryContent) -> dict[str, str]:
    return {
        "severity": severity_of(content),
        "event": event_of(content),
        "schedule": content.schedule or MANUAL,
        "delivery": content.key,
    }


def _cut(text: str, link: str) -> str:
    data = text.encode()
    if len(data) <= TEXT_BYTES:
        return text
    return f"{data[:TEXT_BYTES].decode(errors='ignore')}\n\n… truncated; see {link}\n"


CHANNEL = Channel(
    settings=SnsDelivery,
    deliver=deliver,
    arrives="text for e-mail, [JSON](message.schema.json) for applications, attributes `severity`, `event`, "
    "`schedule`, `delivery` for filter policies",
    repeated="FIFO topics drop it within five minutes; standard topics: the same attribute `delivery`",
    permissions="`sns:Publish` on the topic; for an encrypted topic `kms:GenerateDataKey` and `kms:Decrypt` on its key",
    example="""
topic:
  type: sns
  topic: arn:aws:sns:eu-central-1:111111111111:ecr-audit
  profile: ""
  endpoint_url: ""
""",
)
