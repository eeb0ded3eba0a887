"""Evidence in a folder: a run's folder is written under a hidden name and then renamed."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.store.errors import StoreError, translate_write_errors
from audit.store.evidence_store import MARK, RUN, StoredFiles
from audit.store.files import sync_folder

_PARTIAL = re.compile(rf"\.({RUN.pattern})\.\d+\.partial")


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder on a local or shared file system."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.folder.parent)

    @property
    def staging(self) -> Path:
        """The same folder: a run is renamed into place, not copied."""
        return self.folder

    def claim(self, identity: str) -> None:
        """As `EvidenceStore.claim`; a folder that is not writable is not marked, and can still be read."""
        mark = self.folder / MARK
        try:
            with translate_write_errors(self.folder, "the marker file of the store"):
                self.folder.mkdir(parents=True, exist_ok=True)
                self._write_mark(mark, identity)
                found = mark.read_text(encoding="ascii", errors="replace").strip()
        except StoreError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.EROFS, errno.EACCES):
                return
            raise
        if found != identity:
            raise StoreError(
                f"{self.folder} holds the evidence of another store; choose another location with --evidence"
            )

    @staticmethod
    def _write_mark(mark: Path, identity: str) -> None:
        if mark.exists():
            return
        partial = mark.with_name(f"{MARK}.{os.getpid()}.partial")
        try:
            partial.write_text(identity, encoding="ascii")
            # Of several processes the first one wins: a hard link is created once.
            os.link(partial, mark)
        except FileExistsError:
            return
        finally:
            partial.unlink(missing_ok=True)

    def at(self, run: str) -> str:
        """Path of the run's folder."""
        return str(self.folder / run)

    def add(self, run: str, folder: Path, sums: Mapping[str, str]) -> None:
        """As `EvidenceStore.add`."""
        with translate_write_errors(self.folder, "the run"):
            folder.rename(self.folder / run)
            sync_folder(self.folder)

    def read(self, run: str, name: str) -> bytes:
        """As `EvidenceStore.read`."""
        path = self.folder / run / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"run {run} cannot be read: {path}: {error.strerror}") from error

    def entries(self) -> Iterator[StoredFiles]:
        """As `EvidenceStore.entries`."""
        with _readable(self.folder):
            entries = sorted(self.folder.iterdir()) if self.folder.exists() else []
        for path in entries:
            partial = _PARTIAL.fullmatch(path.name)
            run = partial[1] if partial else path.name
            if not RUN.fullmatch(run):
                if not path.name.startswith("."):
                    yield StoredFiles("", str(path), frozenset(), 0.0)
                continue
            try:
                names = frozenset(entry.name for entry in path.iterdir())
                newest = max([path.stat().st_mtime, *(entry.stat().st_mtime for entry in path.iterdir())])
            except FileNotFoundError:
                continue  # renamed or deleted meanwhile
            except OSError as error:
                raise StoreError(f"{path} cannot be read: {error.strerror}") from error
            yield StoredFiles(run, str(path), names, newest, partial is not None)

    def remove(self, stored: StoredFiles) -> None:
        """As `EvidenceStore.remove`."""
        path = Path(stored.at)
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{error.filename or path} cannot be deleted: {error.strerror}") from error


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"the evidence in {folder} cannot be read: {error.strerror}") from error
