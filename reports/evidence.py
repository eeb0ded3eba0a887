"""The evidence pack: reports, tables, stored run and inputs of a run in one ZIP file that shows any later change.

Entries are sorted, carry the run's time, and are listed with their SHA-256 in `MANIFEST.sha256`, which `sha256sum -c`
reads too. The same run and the same program give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit.model import Run
from reports.commands import SCRIPT_FOLDER
from reports.formats import render
from reports.formats.json_values import json_value
from reports.text import in_utc, moment_text, stamp
from reports.view import ReportView

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "MANIFEST.sha256"
FORMATS = ("pdf", "csv", "json")
"""Reports in a pack."""
LONGEST_MANIFEST = 4_000_000
"""Bytes of a manifest that are read: a pack has a few dozen files, a hostile one may claim any size."""
_CHUNK = 1 << 20


class PackError(ValueError):
    """The file is not a valid evidence pack; the message says why."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What changed in a pack since it was made."""

    manifest: str
    """SHA-256 of its manifest: identifies the pack. Compare it with the one that was printed when the pack was made."""
    files: int
    altered: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    """Entries that the manifest does not name."""

    @property
    def intact(self) -> bool:
        """Whether every file is present and unchanged, and no file was added."""
        return not (self.altered or self.missing or self.added)


def pack(
    run: Run, view: ReportView, stored: Mapping[str, bytes], tables: Callable[[str], pd.DataFrame] | None = None
) -> tuple[bytes, str]:
    """The ZIP file, and the SHA-256 of its manifest. *stored*: the run's files in the store, by name."""
    files = dict(sorted(_files(run, view, stored, tables)))
    manifest = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()).encode()
    stream = io.BytesIO()
    moment = in_utc(run.finished_at).timetuple()[:6]
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in {MANIFEST: manifest, **files}.items():
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue(), hashlib.sha256(manifest).hexdigest()


def verify(path: Path) -> Verification:
    """Compare every entry of the pack at *path* with its manifest. Raises PackError for a file that is not a pack."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _verify(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise PackError(f"{path} cannot be read as a ZIP file: {error}") from error


def _verify(archive: zipfile.ZipFile) -> Verification:
    names = archive.namelist()
    if names.count(MANIFEST) != 1:
        raise PackError(f"it is not a valid evidence pack: it must contain exactly one {MANIFEST}")
    with archive.open(MANIFEST) as file:
        manifest = file.read(LONGEST_MANIFEST + 1)
    expected = _expected(manifest)
    altered = [name for name in names if name in expected and _digest(archive, name) != expected[name]]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return Verification(
        manifest=hashlib.sha256(manifest).hexdigest(),
        files=len(expected),
        altered=tuple(dict.fromkeys((*altered, *twice))),
        missing=tuple(name for name in expected if name not in names),
        added=tuple(name for name in dict.fromkeys(names) if name not in expected and name != MANIFEST),
    )


def _expected(manifest: bytes) -> dict[str, str]:
    if len(manifest) > LONGEST_MANIFEST:
        raise PackError(f"it is not a valid evidence pack: its manifest is longer than {LONGEST_MANIFEST:,} bytes")
    expected: dict[str, str] = {}
    for line in manifest.decode("utf-8", "replace").split("\n")[:-1]:
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or not name:
            raise PackError(f"its manifest has an invalid line (expected a SHA-256 and a file name): {line[:80]!r}")
        expected[name] = digest
    return expected


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    """SHA-256 of an entry, read in chunks; empty for a wrong CRC in the archive, which counts as altered."""
    found = hashlib.sha256()
    try:
        with archive.open(name) as file:
            while piece := file.read(_CHUNK):
                found.update(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return ""
    return found.hexdigest()


def _files(
    run: Run, view: ReportView, stored: Mapping[str, bytes], tables: Callable[[str], pd.DataFrame] | None
) -> Iterable[tuple[str, bytes]]:
    for format in FORMATS:
        for name, data in render(format, run, view, tables=tables).items():
            yield f"report/{name}", data
    for script in run.scripts:
        yield f"report/{SCRIPT_FOLDER}/{script.name}", script.text.encode()
    for name, data in stored.items():
        folder = "tables" if name.endswith(".parquet") else "run"
        yield f"{folder}/{name}", data
    yield "inputs/baseline.yaml", run.baseline_text.encode()
    for position, given in enumerate(run.given, start=1):
        yield f"inputs/{position:02d}-{_file_name(given.name)}", given.text.encode()
    yield "versions.json", _json({"ecr-audit": run.program_version, **run.versions})
    yield (
        "calls.json",
        _json({"requests": run.calls.sent, "refused": run.calls.refused, "throttled": run.calls.throttled}),
    )
    yield "README.txt", _readme(run, view).encode()


def _file_name(name: str) -> str:
    """The last part of *name* with only ASCII letters, digits, `.`, `_` and `-`."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in Path(name).name)
    return plain.lstrip(".-") or "file"


def _json(value: object) -> bytes:
    return (json.dumps(json_value(value), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _readme(run: Run, view: ReportView) -> str:
    lines: Sequence[str] = (
        f"Evidence of the Amazon ECR replication audit {run.id}",
        f"of {moment_text(run.started_at)} ({stamp(run.started_at)}), organization {view.organization}.",
        "",
        f"{view.conclusion.word}. {view.verdict}",
        "",
        "report/     the report as PDF, CSV and JSON, and the remediation scripts",
        "tables/     the evidence tables (Parquet); docs/tables.md describes every column",
        "run/        the stored run, and the validation results of Great Expectations",
        "inputs/      the inputs: the baseline that was used, and the files given with it",
        "calls.json  every API operation: requests sent, denied and throttled; all of them only read",
        f"{MANIFEST}  SHA-256 of every file here",
        "",
        "To verify that nothing was changed, run the command below. It must print the manifest's SHA-256 that was",
        "printed when this file was made:",
        "    ecr-audit evidence verify FILE.zip",
        f"Without ecr-audit: unpack the file, run `sha256sum -c {MANIFEST}`, and compare `sha256sum {MANIFEST}`.",
    )
    return "\n".join(lines) + "\n"
