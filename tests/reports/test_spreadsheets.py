"""The spreadsheets opened by a spreadsheet program: LibreOffice reads every cell of the CSV as it was written."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook

from audit.model import Run
from reports.formats import render
from reports.view import build_view
from tests.reports import runs

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
pytestmark = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed here (libreoffice-calc-nogui)")


def _converted(file: Path, to: str, *more: str) -> Path:
    """The file converted by LibreOffice, without a word of warning."""
    folder = file.parent / "converted"
    done = subprocess.run(
        [str(OFFICE), f"-env:UserInstallation={(file.parent / 'profile').as_uri()}", "--headless", "--norestore", *more,
         "--convert-to", to, "--outdir", str(folder), str(file)],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "javaldx" not in line], (
        done.stderr
    )  # it wants no Java here
    return folder / f"{file.stem}.{to.split(':')[0]}"


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("office")


@pytest.mark.parametrize("make", [runs.mixed_run, runs.hostile_run], ids=["mixed", "hostile"])
def test_every_cell_of_the_csv_is_read_as_it_was_written(make: object, folder: Path) -> None:
    run: Run = make()  # type: ignore[operator]  # the parameters are functions
    data = render("csv", run, build_view(run))["findings.csv"]
    file = folder / f"findings-{run.coverage.accounts_planned}.csv"
    file.write_bytes(data)
    # Comma, double quote, UTF-8, from line 1, every column as text: what a person chooses in the dialog.
    columns = "/".join(f"{at}/2" for at in range(1, len(_rows(data)[0]) + 1))
    sheet = _converted(file, "xlsx", f"--infilter=CSV:44,34,76,1,{columns}")
    cells = [["" if one is None else str(one) for one in row] for row in load_workbook(sheet).active.values]
    assert cells == _rows(data)


def test_without_any_choice_no_cell_is_a_formula_or_an_error(folder: Path) -> None:
    run = runs.hostile_run()
    file = folder / "plain.csv"
    file.write_bytes(render("csv", run, build_view(run), bom=True)["findings.csv"])
    workbook = load_workbook(_converted(file, "xlsx"))
    assert not [cell.coordinate for row in workbook.active.iter_rows() for cell in row if cell.data_type in "fe"]


def test_the_workbook_opens_and_keeps_its_text(folder: Path) -> None:
    run = runs.mixed_run()
    file = folder / "report.xlsx"
    file.write_bytes(render("xlsx", run, build_view(run))["report.xlsx"])
    sheet = load_workbook(file)["Findings"]
    ours = [["" if one is None else str(one) for one in row] for row in sheet.values]
    again = load_workbook(_converted(file, "xlsx"))["Findings"]
    theirs = [["" if one is None else str(one) for one in row] for row in again.values]
    assert theirs[: len(ours)] == ours
    assert sheet.freeze_panes == "A2"
    assert again.auto_filter.ref
