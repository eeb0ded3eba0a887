"""A JSON message to any address, signed, so that the receiver knows who sent it, when, and whether it was altered.

docs/webhooks.md is the receiver's side of this.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from schedules.deliveries.documents import as_json
from schedules.deliveries.posting import Receiver, hide_address, post
from schedules.deliveries.secret_places import Revealed
from schedules.deliveries.settings import WebhookDelivery
from schedules.jobs import Clock
from schedules.model import DeliveryError, Parcel

SHORTEST_SECRET = 16


def deliver(settings: WebhookDelivery, parcel: Parcel, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Send the message's document. Any 2xx answer means that the receiver has it."""
    secret = revealed.read(settings.secret, "the key of the webhook's signature")
    if len(secret) < SHORTEST_SECRET:
        words = f"the key of the webhook's signature is shorter than {SHORTEST_SECRET} characters"
        raise DeliveryError(f"{words}; make one with: openssl rand -hex 32", again=False)
    hide_address(settings.url, revealed)
    host = urlsplit(settings.url).netloc
    now = clock()
    body = as_json(parcel.message.document)
    headers = signed(body, secret, settings.key_id, int(now.timestamp()), parcel.key)
    post(Receiver(f"the webhook at {host}", settings.url, settings.ca_file), body, headers, now, revealed)
    return {"receiver": host, "key_id": settings.key_id}


def signed(body: bytes, secret: str, key_id: str, timestamp: int, key: str) -> dict[str, str]:
    """The headers that prove *body*: HMAC-SHA256 over the timestamp, a dot and the body as it is sent."""
    proof = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Ecr-Audit-Timestamp": str(timestamp),
        "Ecr-Audit-Key-Id": key_id,
        "Ecr-Audit-Signature": f"v1={proof}",
        "Idempotency-Key": key,
    }
