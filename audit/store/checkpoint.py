"""Collections under way: each finished registry is kept, so that an interrupted run can go on."""

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
from audit.store.errors import kept_in
from audit.store.files import write_atomically


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection's folder: a file for each finished (phase, registry), and when it began."""

    folder: Path
    started_at: float
    """Epoch seconds; a resumed run keeps it, so that ages are judged as of one moment."""
    resumed: int
    """Parts that were there already."""

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        """What was kept of one registry, or None. A torn or foreign file counts as nothing kept."""
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
        """Keep one finished registry."""
        registry = evidence.registry
        with kept_in(self.folder, "what was read"):
            write_atomically(self._path(phase, registry.account, registry.region), encode_registry(evidence))

    def _path(self, phase: str, account: str, region: str) -> Path:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{phase}-{account}-{region}")
        return self.folder / f"{name}.json"


def request_key(*parts: object) -> str:
    """A name for "the same question": scope, baseline, endpoint and role, hashed."""
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:12]


@contextmanager
def open_collection(root: Path, key: str, now: float, *, resume: bool) -> Iterator[Collection]:
    """A collection for *key* under *root*: the latest interrupted one if *resume*, else a new one.

    Removed when the block ends well; kept for ``--resume`` when it does not. Folders of runs that are
    still alive are locked and left alone.
    """
    with kept_in(root, "what is read"):
        root.mkdir(parents=True, exist_ok=True)
        folder, lock = _claim(root, key, now, resume=resume)
    try:
        with kept_in(folder, "what is read"):
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
        raise RuntimeError(f"{folder} was taken by another process the moment it was made")
    return folder, lock


def _try_lock(folder: Path) -> int | None:
    """A locked descriptor, or None while another process holds it; the kernel frees a dead process's lock."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
