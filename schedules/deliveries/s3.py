"""Reports in an S3 bucket: PREFIX/SCHEDULE/RUN/FILE, with encryption and Object Lock as configured.

An existing object with the same content is not written again: that would create a second version and lock it, too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from checks.baseline.values import AccountId, Region, Strict, Text
from reports.commands import SCRIPT_FOLDER
from reports.formats import media_type
from schedules.deliveries.aws import client, translated
from schedules.deliveries.channel import Channel
from schedules.deliveries.payload import places
from schedules.deliveries.secrets import Revealed
from schedules.deliveries.settings import ENDPOINT_URL, PROFILE, Attached, DeliverySettings
from schedules.jobs.queue import Clock
from schedules.notifications.model import DeliveryContent
from schedules.notifications.notify_on import NotifyOn

PART_BYTES = 8 * 1024 * 1024
"""Larger files are uploaded in parts of this size."""
SUM = "ecr-audit-sha256"
"""Metadata key of the content's digest; the ETag depends on the encryption."""
_TRIES = 3
"""Attempts of one request; each part may fail separately."""


class ObjectLock(Strict):
    """Retention enforced by S3; the bucket must have Object Lock enabled."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    days: int = Field(ge=1, le=36_500)


class S3Delivery(DeliverySettings):
    """Reports in an S3 bucket."""

    type: Literal["s3"]
    bucket: Text
    prefix: str = Field(
        default="ecr-audit/", max_length=400, description="Key prefix; the files of a run are in PREFIX/SCHEDULE/RUN/."
    )
    region: Region
    profile: str = Field(default="", description=PROFILE)
    kms_key: str = Field(default="", description="KMS key for SSE-KMS; empty: the bucket's default encryption.")
    object_lock: ObjectLock | None = Field(default=None)
    expected_bucket_owner: AccountId | Literal[""] = Field(
        default="", description="Account ID that must own the bucket."
    )
    endpoint_url: str = Field(default="", description=ENDPOINT_URL)
    notify_on: NotifyOn = Field(default=NotifyOn(always=True))
    attach: Attached = Field(default=("pdf", "csv"))
    scripts: bool = Field(default=True, description="Include the remediation scripts.")


def deliver(settings: S3Delivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Upload the objects that do not exist yet."""
    from boto3.s3.transfer import TransferConfig

    prefix = settings.prefix.strip("/")
    transfer = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=2)
    written = 0
    place = f"s3://{settings.bucket}"
    with translated(f"the bucket {settings.bucket} did not take the files", revealed):
        s3 = client(
            "s3", revealed, region=settings.region, profile=settings.profile, endpoint_url=settings.endpoint_url,
            tries=_TRIES,
        )  # fmt: skip
        for name, data in places(content).items():
            key = f"{prefix}/{name}" if prefix else name
            place = f"s3://{settings.bucket}/{key}"
            digest = hashlib.sha256(data).hexdigest()
            if not _is_there(s3, settings, key, digest):
                arguments = _arguments(settings, name, digest, clock())
                s3.upload_fileobj(io.BytesIO(data), settings.bucket, key, ExtraArgs=arguments, Config=transfer)
                written += 1
    return {"place": place.rpartition("/")[0] + "/", "written": written}


def _arguments(settings: S3Delivery, name: str, digest: str, now: dt.datetime) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "ChecksumAlgorithm": "SHA256",
        "ContentType": _content_type(name),
        "Metadata": {SUM: digest},
    }
    if settings.kms_key:
        arguments |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key}
    if settings.object_lock is not None:
        until = now + dt.timedelta(days=settings.object_lock.days)
        arguments |= {"ObjectLockMode": settings.object_lock.mode, "ObjectLockRetainUntilDate": until}
    if settings.expected_bucket_owner:
        arguments["ExpectedBucketOwner"] = settings.expected_bucket_owner
    return arguments


def _content_type(name: str) -> str:
    if name.split("/")[-2:-1] == [SCRIPT_FOLDER]:
        return "text/x-shellscript; charset=utf-8"
    kind = media_type(name)
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _is_there(s3: Any, settings: S3Delivery, key: str, digest: str) -> bool:
    """Whether the object has this content. Without permission to read it, it is written: one more version at most."""
    from botocore.exceptions import ClientError

    owner = {"ExpectedBucketOwner": settings.expected_bucket_owner} if settings.expected_bucket_owner else {}
    try:
        head = s3.head_object(Bucket=settings.bucket, Key=key, **owner)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status in (403, 404):
            return False
        raise
    there: bool = head.get("Metadata", {}).get(SUM) == digest
    return there


def _trial(settings: S3Delivery, content: DeliveryContent, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Upload the message without Object Lock, which could not be undone."""
    if settings.object_lock is None:
        return deliver(settings, content, clock, revealed)
    detail = deliver(settings.model_copy(update={"object_lock": None}), content, clock, revealed)
    return {**detail, "without": ["The test object was written without Object Lock."]}


CHANNEL = Channel(
    settings=S3Delivery,
    deliver=deliver,
    trial=_trial,
    arrives="the same as `folder`, below the prefix: encryption and Object Lock as configured, SHA-256 checksums",
    repeated="existing objects with the same content are not written again",
    permissions="`s3:PutObject`, `s3:GetObject`, `s3:ListBucket` (to find existing objects), "
    "`s3:AbortMultipartUpload`; with `object_lock` `s3:PutObjectRetention`; with `kms_key` `kms:GenerateDataKey` and "
    "`kms:Decrypt` on the key",
    example="""
bucket:
  type: s3
  bucket: example-audit-reports
  prefix: ecr-audit/          # the files of a run are in PREFIX/SCHEDULE/RUN/
  region: eu-central-1
  profile: ""
  kms_key: ""                 # KMS key for SSE-KMS; empty: the bucket's default encryption
  object_lock:                # retention enforced by S3; default: none. The bucket must have Object Lock enabled
    mode: GOVERNANCE          # or COMPLIANCE, which cannot be shortened
    days: 365
  expected_bucket_owner: "111111111111"   # reject a bucket of any other account; default: not checked
  endpoint_url: ""            # endpoint other than AWS's, for tests
  attach: [pdf, csv, xlsx]
  scripts: true
""",
)
