"""A signed JSON message to any URL: the receiver can verify its sender, its time and its integrity.

docs/webhooks.md describes the receiver's side.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from schedules.deliveries.addresses import WebAddress
from schedules.deliveries.channel import Channel
from schedules.deliveries.payload import as_json
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import CA_FILE, DeliverySettings, FilePath, NoFiles, SecretPlace
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent, DeliveryError

SHORTEST_SECRET = 16


class WebhookDelivery(DeliverySettings):
    """A signed JSON message to any URL."""

    type: Literal["webhook"]
    url: WebAddress = Field(
        repr=False, description="URL that receives a POST; http only on this machine. Redirects are not followed."
    )
    secret: SecretPlace = Field(description="Key of the HMAC-SHA256 signature, at least 16 characters.")
    key_id: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,40}$")] = Field(
        default="1", description="Identifier of the key, sent with each message, for key rotation without downtime."
    )
    ca_file: FilePath = Field(default="", description=CA_FILE)
    attach: NoFiles = Field(default=())


def deliver(settings: WebhookDelivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Send the message's document. Any 2xx response means that the receiver has it."""
    from schedules.deliveries.http import Receiver, hide_address, post  # loading a configuration needs no urllib3

    secret = revealed.read(settings.secret, "the key of the webhook's signature")
    if len(secret) < SHORTEST_SECRET:
        words = f"the key of the webhook's signature is shorter than {SHORTEST_SECRET} characters"
        raise DeliveryError(f"{words}; create one with: openssl rand -hex 32", again=False)
    hide_address(settings.url, revealed)
    host = urlsplit(settings.url).netloc
    now = clock()
    body = as_json(content.message.document)
    headers = signed(body, secret, settings.key_id, int(now.timestamp()), content.key)
    post(Receiver(f"the webhook at {host}", settings.url, settings.ca_file), body, headers, now, revealed)
    return {"receiver": host, "key_id": settings.key_id}


def signed(body: bytes, secret: str, key_id: str, timestamp: int, key: str) -> dict[str, str]:
    """The headers that authenticate *body*: HMAC-SHA256 over the timestamp, a dot and the body as sent."""
    proof = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Ecr-Audit-Timestamp": str(timestamp),
        "Ecr-Audit-Key-Id": key_id,
        "Ecr-Audit-Signature": f"v1={proof}",
        "Idempotency-Key": key,
    }


CHANNEL = Channel(
    settings=WebhookDelivery,
    deliver=deliver,
    arrives="[signed JSON](webhooks.md)",
    repeated="the same message with the same `Idempotency-Key`",
    example="""
on-call:
  type: webhook
  url: https://alerts.example.com/ecr-audit
  secret:                     # key of the HMAC-SHA256 signature, at least 16 characters
    file: /run/secrets/webhook-key
  key_id: "1"                 # identifier of the key, sent with each message, for key rotation without downtime
  ca_file: ""
  notify_on: {new: critical, worse: false, recovery: true, failed: true}

alerts:
  type: webhook
  url: https://siem.example.com/in
  secret: {env: SIEM_KEY}
  notify_on: {always: true}
""",
)
