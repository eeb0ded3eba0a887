"""Storage of the files of runs: a folder, or an Amazon S3 bucket that several machines read.

A marker file says which store an evidence location belongs to, so that no store deletes another store's evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from audit.store.errors import StoreError

RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
"""Form of a run id; nothing else in an evidence location is changed."""
MARK = ".ecr-audit-store"
"""Name of the file that says which store an evidence location belongs to."""


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The files of one run, or of one that was not completed."""

    run: str
    """Empty for what belongs to no run."""
    at: str
    """Path or S3 URL, as messages show it."""
    names: frozenset[str]
    newest: float
    """Epoch seconds at which the last of them was written, by the clock of the disk or the bucket."""
    partial: bool = False
    """Whether it has the name of a run that is being written."""


class EvidenceStore(Protocol):
    """Stores the files of runs. Every method raises StoreError where the disk or the bucket reports an error."""

    @property
    def name(self) -> str:
        """Path or `s3://…`, as messages show it and stores record it."""

    @property
    def staging(self) -> Path:
        """Local folder in which a run's files are written before they are stored."""

    def claim(self, identity: str) -> None:
        """Mark the location as that of the store *identity*. Raises StoreError where it belongs to another store."""

    def at(self, run: str) -> str:
        """Path or S3 URL of a run's files."""

    def add(self, run: str, folder: Path, sums: Mapping[str, str]) -> None:
        """Store the files in *folder*, whose SHA-256 are *sums*: durable when this returns."""

    def read(self, run: str, name: str) -> bytes:
        """One file. Raises FileNotFoundError where it does not exist."""

    def entries(self) -> Iterator[StoredFiles]:
        """Everything in the location."""

    def remove(self, stored: StoredFiles) -> None:
        """Delete those files; missing files are not an error."""


def open_evidence_store(name: str, folder: Path) -> EvidenceStore:
    """The evidence store *name*: `s3://BUCKET/PREFIX`, a path, or empty for `runs` in the store's own *folder*.

    Raises StoreError for an invalid name.
    """
    if not name.startswith("s3://"):
        if "://" in name:
            raise StoreError(
                f"--evidence cannot be {name.partition('://')[0]}://…: set it to a folder or s3://BUCKET/PREFIX"
            )
        from audit.store.evidence_store.folder import FolderStore

        return FolderStore((Path(name).absolute() if name else folder) / "runs")
    from audit.store.evidence_store.bucket import BucketStore

    bucket, _, prefix = name.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    # Amazon S3 user guide, "General purpose bucket naming rules"; a key is 1,024 bytes at most.
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise StoreError(f"--evidence: {bucket!r} is not a valid bucket name; write s3://BUCKET or s3://BUCKET/PREFIX")
    if not re.fullmatch(r"[A-Za-z0-9!_.*'()/=-]{0,120}", prefix) or "//" in prefix or ".." in prefix:
        raise StoreError("--evidence: a prefix has at most 120 of the characters A-Z a-z 0-9 ! _ . * ' ( ) / = -")
    return BucketStore(bucket, prefix, folder / "runs")
