"""AWS clients for deliveries: with the service's own credentials, or a profile's; never with the audit's roles.

boto3 is imported when it is used: loading a configuration does not need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reports.sanitize import one_line
from schedules.deliveries.secrets import Revealed
from schedules.notifications.model import DeliveryError

CONNECT_SECONDS, READ_SECONDS = 10, 60
MESSAGE_LENGTH = 400


def client(service: str, revealed: Revealed, *, region: str, profile: str, endpoint_url: str, tries: int = 1) -> Any:
    """A client of *service*. *tries*: attempts of one request; more than one only where repeating it is harmless."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(profile_name=profile or None, region_name=region)
    credentials = session.get_credentials()
    if credentials is not None:
        keys = credentials.get_frozen_credentials()
        for secret in filter(None, (keys.secret_key, keys.token)):
            revealed.hide(secret)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": tries},
        user_agent_extra="ecr-audit",
        # Other endpoints have no host name for each bucket.
        s3={"addressing_style": "path"} if endpoint_url else None,
    )
    return session.client(service, endpoint_url=endpoint_url or None, config=config)


@contextmanager
def translated(what: str, revealed: Revealed) -> Iterator[None]:
    """Convert exceptions of boto3 into a DeliveryError that begins with *what*."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    from audit.aws.failures import failure_of

    try:
        yield
        return
    except (ClientError, BotoCoreError) as error:
        failure = failure_of(error)
        words = one_line(revealed.hidden(failure.message))[:MESSAGE_LENGTH]
        again = failure.transient or failure.expired or isinstance(error, HTTPClientError)
        refusal = DeliveryError(f"{what}: {failure.code}: {words}", again=again)
    raise refusal
