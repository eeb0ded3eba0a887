"""The evidence pack: all that a run found, was asked and was told, in one ZIP file that says whether it was altered.

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
"""Bytes of a manifest that are read: a pack has some dozens of files, a hostile one may claim anything."""
_CHUNK = 1 << 20


class PackError(ValueError):
    """The file is no evidence pack; the message says why."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a pack since it was made."""

    manifest: str
    """SHA-256 of its manifest: names the pack. Compare it with the one that was told when it was made."""
    files: int
    altered: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    """Entries that the manifest does not name."""

    @property
    def intact(self) -> bool:
        """Whether every file is there as it was, and no other."""
        return not (self.altered or self.missing or self.added)


def pack(
    run: Run, view: ReportView, kept: Mapping[str, bytes], tables: Callable[[str], pd.DataFrame] | None = None
) -> tuple[bytes, str]:
    """The ZIP file, and the SHA-256 of its manifest. *kept*: the run's stored files by name, as the store has them."""
    files = dict(sorted(_files(run, view, kept, tables)))
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
    """Hold every entry of the pack at *path* against its manifest. Raises PackError for what is no pack."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _verify(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise PackError(f"{path} cannot be read as a ZIP file: {error}") from error


def _verify(archive: zipfile.ZipFile) -> Verification:
    names = archive.namelist()
    if names.count(MANIFEST) != 1:
        raise PackError(f"there is no single {MANIFEST} in it, so it is no evidence pack")
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
        raise PackError("its manifest is too long to be one of ours")
    expected: dict[str, str] = {}
    for line in manifest.decode("utf-8", "replace").split("\n")[:-1]:
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or not name:
            raise PackError(f"its manifest has a line that is none: {line[:80]!r}")
        expected[name] = digest
    return expected


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    """SHA-256 of an entry, read in pieces; a wrong checksum of the archive itself counts as altered."""
    found = hashlib.sha256()
    try:
        with archive.open(name) as file:
            while piece := file.read(_CHUNK):
                found.update(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return ""
    return found.hexdigest()


def _files(
    run: Run, view: ReportView, kept: Mapping[str, bytes], tables: Callable[[str], pd.DataFrame] | None
) -> Iterable[tuple[str, bytes]]:
    for format in FORMATS:
        for name, data in render(format, run, view, tables=tables).items():
            yield f"report/{name}", data
    for script in run.scripts:
        yield f"report/{SCRIPT_FOLDER}/{script.name}", script.text.encode()
    for name, data in kept.items():
        folder = "tables" if name.endswith(".parquet") else "run"
        yield f"{folder}/{name}", data
    yield "asked/baseline.yaml", run.baseline_text.encode()
    for number, given in enumerate(run.given, start=1):
        yield f"asked/{number:02d}-{_file_name(given.name)}", given.text.encode()
    yield "versions.json", _json({"ecr-audit": run.program_version, **run.versions})
    yield (
        "calls.json",
        _json({"requests": run.calls.sent, "refused": run.calls.refused, "throttled": run.calls.throttled}),
    )
    yield "README.txt", _readme(run, view).encode()


def _file_name(name: str) -> str:
    """The last part of *name* with nothing in it that any file system or shell would mind."""
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
        "tables/     what was read, joined into tables (Parquet); docs/tables.md describes every column",
        "run/        the whole run, and Great Expectations' own validation results",
        "asked/      the baseline as it was used, and files that were given besides it",
        "calls.json  every API operation: requests sent, refused and throttled; none of them changes anything",
        f"{MANIFEST}  SHA-256 of every file here",
        "",
        "Nothing was altered as long as this says so, and tells the manifest's sum that was told when it was made:",
        "    ecr-audit evidence verify FILE.zip",
        f"Without ecr-audit: unpack it, run `sha256sum -c {MANIFEST}`, and compare `sha256sum {MANIFEST}`.",
    )
    return "\n".join(lines) + "\n"
