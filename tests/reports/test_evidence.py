"""An evidence pack is the same for the same run, and every way to alter it shows."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from reports.evidence import MANIFEST, PackError, pack, verify
from reports.view import build_view
from tests.reports import runs

KEPT = {"run.json.gz": b"\x1f\x8b run", "links.parquet": b"PAR1 links PAR1", "validations.json": b"[]"}
Entries = dict[str, bytes]


@cache
def packed() -> tuple[bytes, str]:
    run = runs.small_run()
    return pack(run, build_view(run), KEPT)


def entries() -> Entries:
    with zipfile.ZipFile(io.BytesIO(packed()[0])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(folder: Path, files: Entries) -> Path:
    path = folder / "pack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_same_run_same_bytes():
    run = runs.small_run()
    assert pack(run, build_view(run), KEPT) == packed()


def test_it_holds_what_an_auditor_asks_for():
    names = set(entries())
    assert {
        "report/report.pdf", "report/findings.csv", "report/gaps.csv", "report/findings.json", "tables/links.parquet",
        "run/run.json.gz", "run/validations.json", "inputs/baseline.yaml", "versions.json", "calls.json", "README.txt",
        MANIFEST,
    } <= names  # fmt: skip


def test_an_unaltered_pack_says_so(tmp_path: Path):
    path = tmp_path / "pack.zip"
    path.write_bytes(packed()[0])
    found = verify(path)
    assert found.intact
    assert found.manifest == packed()[1]
    assert found.files == len(entries()) - 1


def _alter(files: Entries) -> Entries:
    return {**files, "report/findings.csv": files["report/findings.csv"].replace(b"FAIL", b"PASS")}


def _drop(files: Entries) -> Entries:
    return {name: data for name, data in files.items() if name != "report/gaps.csv"}


def _add(files: Entries) -> Entries:
    return {**files, "report/good-news.txt": b"all is well"}


@pytest.mark.parametrize(
    ("change", "list_", "name"),
    [
        (_alter, "altered", "report/findings.csv"),
        (_drop, "missing", "report/gaps.csv"),
        (_add, "added", "report/good-news.txt"),
    ],
)
def test_every_change_shows(tmp_path: Path, change: Callable[[Entries], Entries], list_: str, name: str):
    found = verify(written(tmp_path, change(entries())))
    assert not found.intact
    assert getattr(found, list_) == (name,)
    assert found.manifest == packed()[1]


def test_a_manifest_written_anew_has_another_sum(tmp_path: Path):
    files = _alter(entries())
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items() if name != MANIFEST)
    found = verify(written(tmp_path, {**files, MANIFEST: "".join(lines).encode()}))
    assert found.intact
    assert found.manifest != packed()[1]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_is_altered(tmp_path: Path):
    path = written(tmp_path, entries())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.txt", entries()["README.txt"])
    assert "README.txt" in verify(path).altered


def test_a_damaged_byte_shows(tmp_path: Path):
    data = bytearray(packed()[0])
    with zipfile.ZipFile(io.BytesIO(packed()[0])) as archive:
        at = archive.getinfo("report/findings.json").header_offset + 80
    data[at] ^= 0xFF
    path = tmp_path / "pack.zip"
    path.write_bytes(data)
    assert verify(path).altered == ("report/findings.json",)


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_pack_is_refused(tmp_path: Path, data: bytes):
    path = tmp_path / "pack.zip"
    path.write_bytes(data)
    with pytest.raises(PackError):
        verify(path)


def test_a_manifest_with_nonsense_is_refused(tmp_path: Path):
    with pytest.raises(PackError, match="has an invalid line"):
        verify(written(tmp_path, {MANIFEST: b"nonsense\n"}))
