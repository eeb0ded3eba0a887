"""Reports into a bucket: PREFIX/SCHEDULE/RUN/FILE, encrypted and locked as the configuration says.

An object that is there already with the same content is left alone: writing it again would make a second version, and
lock that one too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from reports.commands import SCRIPT_FOLDER
from reports.formats import media_type
from schedules.deliveries.aws import client, told
from schedules.deliveries.names import places
from schedules.deliveries.secret_places import Revealed
from schedules.deliveries.settings import S3Delivery
from schedules.jobs import Clock
from schedules.model import Parcel

PART_BYTES = 8 * 1024 * 1024
"""A larger file goes in parts of this size."""
SUM = "ecr-audit-sha256"
"""Metadata that names the content, whatever the encryption makes of the ETag."""
_TRIES = 3
"""Of one request; every part may fail by itself."""


def deliver(settings: S3Delivery, parcel: Parcel, clock: Clock, revealed: Revealed) -> Mapping[str, Any]:
    """Put what is not there yet."""
    from boto3.s3.transfer import TransferConfig

    prefix = settings.prefix.strip("/")
    transfer = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=2)
    written = 0
    place = f"s3://{settings.bucket}"
    with told(f"the bucket {settings.bucket} did not take the files", revealed):
        s3 = client(
            "s3", revealed, region=settings.region, profile=settings.profile, endpoint_url=settings.endpoint_url,
            tries=_TRIES,
        )  # fmt: skip
        for name, data in places(parcel).items():
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
    """Whether the object has this content. Where we may not look it is written: one version more, and none less."""
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
