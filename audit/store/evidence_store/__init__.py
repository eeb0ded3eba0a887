"""Where the files of kept runs lie: a folder, or a bucket of Amazon S3 that several machines read.

A place knows the store that it belongs to by a mark, so that two stores can never sweep each other's evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from audit.store.errors import StoreError

RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
"""What a run is called; nothing else below a place is ever touched."""
MARK = ".ecr-audit-store"
"""Name of the file that says which store a place belongs to."""


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The files of one run, or of one that was not completed."""

    run: str
    """Empty for what is no run's."""
    at: str
    """Path or address, as messages show it."""
    names: frozenset[str]
    newest: float
    """Epoch seconds at which the last of them was written, by the clock of the disk or the bucket."""
    partial: bool = False
    """Whether it bears the name of a run that is being written."""


class EvidenceStore(Protocol):
    """Keeps the files of runs. Every method raises StoreError where the disk or the bucket refuses."""

    @property
    def name(self) -> str:
        """Path or `s3://…`, as messages show it and stores remember it."""

    @property
    def staging(self) -> Path:
        """Local folder in which a run's files are completed before they are kept."""

    def claim(self, identity: str) -> None:
        """Belong to the store called *identity* from now on. Raises StoreError where it is another's."""

    def at(self, run: str) -> str:
        """Path or address of a run's files."""

    def keep(self, run: str, folder: Path, sums: Mapping[str, str]) -> None:
        """Take over the files in *folder*, whose SHA-256 are *sums*: durable when this returns."""

    def read(self, run: str, name: str) -> bytes:
        """One file. Raises FileNotFoundError where it is not there."""

    def kept(self) -> Iterator[StoredFiles]:
        """Everything that lies there."""

    def remove(self, kept: StoredFiles) -> None:
        """Delete those files; what is gone already is no error."""


def open_evidence_store(name: str, folder: Path) -> EvidenceStore:
    """The place called *name*: `s3://BUCKET/PREFIX`, a path, or nothing for `runs` in the store's own *folder*.

    Raises StoreError for a name that means no place.
    """
    if not name.startswith("s3://"):
        if "://" in name:
            raise StoreError(
                f"--evidence cannot be {name.partition('://')[0]}://…: it is a folder, or s3://BUCKET/PREFIX"
            )
        from audit.store.evidence_store.folder import FolderStore

        return FolderStore((Path(name).absolute() if name else folder) / "runs")
    from audit.store.evidence_store.bucket import BucketStore

    bucket, _, prefix = name.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    # Amazon S3 user guide, "General purpose bucket naming rules"; a key is 1,024 bytes at most.
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise StoreError(f"--evidence names no bucket: {bucket!r}; write s3://BUCKET or s3://BUCKET/PREFIX")
    if not re.fullmatch(r"[A-Za-z0-9!_.*'()/=-]{0,120}", prefix) or "//" in prefix or ".." in prefix:
        raise StoreError("--evidence: a prefix has at most 120 of the characters A-Z a-z 0-9 ! _ . * ' ( ) / = -")
    return BucketStore(bucket, prefix, folder / "runs")
