"""Evidence in an Amazon S3 bucket. Encryption, versioning and Object Lock are settings of the bucket.

Credentials and Region come from the machine (environment, profile, role); `AWS_ENDPOINT_URL_S3` sets another
endpoint. Required permissions: s3:PutObject, s3:GetObject and s3:ListBucket; s3:DeleteObject for retention.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

from audit.store.errors import StoreError, first_line
from audit.store.evidence_store import MARK, RUN, StoredFiles
from audit.store.evidence_store.folder import FolderStore

_ABSENT = ("NoSuchKey", "404")
_DENIED = ("AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken")


class BucketStore:
    """Objects under a prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str, staging: Path) -> None:
        """*staging*: local folder in which a run's files are written."""
        self._bucket, self._prefix, self._staging = bucket, prefix, staging
        self._client: Any = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """`s3://BUCKET/PREFIX`."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def staging(self) -> Path:
        """As `EvidenceStore.staging`."""
        return self._staging

    def claim(self, identity: str) -> None:
        """As `EvidenceStore.claim`."""
        key = self._key(MARK)
        try:
            found = self._get(key).decode("ascii", "replace").strip()
        except FileNotFoundError:
            with self._translated("written"):
                self._s3().put_object(Bucket=self._bucket, Key=key, Body=identity.encode())
            found = self._get(key).decode("ascii", "replace").strip()
        if found != identity:
            raise StoreError(
                f"{self.name} holds the evidence of another store; choose another location with --evidence"
            )

    def at(self, run: str) -> str:
        """S3 URL of the run's objects."""
        return f"{self.name}/runs/{run}"

    def add(self, run: str, folder: Path, sums: Mapping[str, str]) -> None:
        """As `EvidenceStore.add`: S3 verifies every object against its SHA-256."""
        for name, digest in sums.items():
            checksum = base64.b64encode(bytes.fromhex(digest)).decode()
            with self._translated("written"), (folder / name).open("rb") as body:
                self._s3().put_object(
                    Bucket=self._bucket,
                    Key=self._key("runs", run, name),
                    Body=body,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=checksum,
                )

    def read(self, run: str, name: str) -> bytes:
        """As `EvidenceStore.read`; the caller verifies the bytes against the hash in the database."""
        return self._get(self._key("runs", run, name))

    def entries(self) -> Iterator[StoredFiles]:
        """As `EvidenceStore.entries`. S3 lists keys sorted, so those of a run are consecutive."""
        below = self._key("runs", "")
        for run, found in groupby(
            self._listed(below), key=lambda one: one["Key"].removeprefix(below).partition("/")[0]
        ):
            objects = list(found)
            at = self.at(run)
            if not RUN.fullmatch(run):
                yield StoredFiles("", at, frozenset(), 0.0)
                continue
            names = frozenset(one["Key"].removeprefix(f"{below}{run}/") for one in objects)
            yield StoredFiles(run, at, names, max(one["LastModified"].timestamp() for one in objects))
        yield from (one for one in FolderStore(self._staging).entries() if one.partial)

    def remove(self, stored: StoredFiles) -> None:
        """As `EvidenceStore.remove`. With bucket versioning, old versions stay according to its lifecycle rules."""
        if stored.partial:
            FolderStore(self._staging).remove(stored)
            return
        for name in sorted(stored.names):
            with self._translated("deleted"):
                self._s3().delete_object(Bucket=self._bucket, Key=self._key("runs", stored.run, name))

    def _key(self, *parts: str) -> str:
        return "/".join((self._prefix, *parts) if self._prefix else parts)

    def _get(self, key: str) -> bytes:
        """The object *key*. Raises FileNotFoundError where it does not exist."""
        with self._translated("read", key):
            data: bytes = self._s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return data

    def _listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with self._translated("listed"):
            for page in pages:
                yield from page.get("Contents", ())

    def _s3(self) -> Any:
        """The client, created when needed: most commands read only rows."""
        with self._lock:
            if self._client is None:
                import boto3
                from botocore.config import Config

                config = Config(
                    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
                )
                self._client = boto3.session.Session().client("s3", config=config)
            return self._client

    @contextmanager
    def _translated(self, done: str, key: str = "") -> Iterator[None]:
        """Raise StoreError, which says why the evidence cannot be *done*, or FileNotFoundError where the object *key*
        is absent."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if key and code in _ABSENT:
                raise FileNotFoundError(f"{self.name} has no {key}") from error
            raise StoreError(f"the evidence in {self.name} cannot be {done}: {self._advice(code)}") from error
        except BotoCoreError as error:
            raise StoreError(f"the evidence in {self.name} cannot be {done}: {first_line(error)}") from error

    def _advice(self, code: str) -> str:
        if code == "NoSuchBucket":
            return f"the bucket {self._bucket} does not exist; create it, or set --evidence to another one"
        if code in _DENIED:
            return (
                f"S3 answered {code}; the credentials need s3:PutObject, s3:GetObject, s3:ListBucket and, "
                f"for retention, s3:DeleteObject there"
            )
        return f"S3 answered {code or 'an error'}"
