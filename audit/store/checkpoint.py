"""Unfinished collections: each finished registry is stored, so that an interrupted run can be resumed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.evidence import RegistryEvidence
from audit.store.codec import UnreadableError, decode_registry, encode_registry
from audit.store.errors import translate_write_errors
from audit.store.files import write_atomically


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection's folder: a file for each finished (phase, registry), and when it started."""

    folder: Path
    started_at: float
    """Epoch seconds; a resumed run keeps it, so that ages are evaluated at one moment."""
    resumed: int
    """Finished parts that were already stored."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """The stored evidence of one registry, or None. An incomplete or foreign file counts as absent."""
        path = self._path(phase, account, region)
        try:
            return decode_registry(path.read_bytes(), str(path))
        except FileNotFoundError:
            return None
        except UnreadableError:
            # Reading the registry again is always right, and cheaper than failing the run.
            path.unlink(missing_ok=True)
            return None

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        """Store one finished registry."""
        registry = evidence.registry
        with translate_write_errors(self.folder, "the collected evidence"):
            write_atomically(self._path(phase, registry.account, registry.region), encode_registry(evidence))

    def _path(self, phase: str, account: str, region: str) -> Path:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{phase}-{account}-{region}")
        return self.folder / f"{name}.json"


def request_key(*parts: object) -> str:
    """Hash of a request (scope, baseline, endpoint, role …): equal requests have the same key."""
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:12]


@contextmanager
def open_collection(root: Path, key: str, now: float, *, resume: bool) -> Iterator[Collection]:
    """A collection for *key* under *root*: the latest interrupted one if *resume*, else a new one.

    Deleted when the block succeeds; kept for ``--resume`` when it does not. Folders of runs that are
    still active are locked and stay untouched.
    """
    with translate_write_errors(root, "the collected evidence"):
        root.mkdir(parents=True, exist_ok=True)
        folder, lock = _claim(root, key, now, resume=resume)
    try:
        with translate_write_errors(folder, "the collected evidence"):
            begun = folder / "begun"
            resumed = sum(1 for path in folder.glob("*.json"))
            if not begun.exists():
                write_atomically(begun, repr(now).encode())
            began = float(begun.read_text())
        yield Collection(folder, began, resumed)
        shutil.rmtree(folder)
    finally:
        os.close(lock)


def _claim(root: Path, key: str, now: float, *, resume: bool) -> tuple[Path, int]:
    chosen: tuple[Path, int] | None = None
    for folder in sorted(root.glob(f"{key}-*"), reverse=True):
        lock = _try_lock(folder)
        if lock is None:
            continue
        if resume and chosen is None and (folder / "begun").exists():
            chosen = folder, lock
            continue
        shutil.rmtree(folder)
        os.close(lock)
    if chosen is not None:
        return chosen
    folder = root / f"{key}-{int(now * 1000):015d}-{os.getpid()}"
    folder.mkdir()
    lock = _try_lock(folder)
    if lock is None:
        raise RuntimeError(f"{folder} was locked by another process when it was created")
    return folder, lock


def _try_lock(folder: Path) -> int | None:
    """A locked descriptor, or None while another process holds it; the lock of a process that ends is released."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
