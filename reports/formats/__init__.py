"""The report formats: a module and one line of `FORMATS` each.

Command line, API, web pages, delivery settings and documentation read `FORMATS`; none of them names a format by itself.
Asking for a format imports its module only: WeasyPrint is not loaded for a CSV.
"""

from __future__ import annotations

import importlib
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

    from audit.model import Run
    from reports.view import ReportView

    Tables = Callable[[str], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """What callers need to know of a format without importing its module.

    The module offers `render(run, view, **options) -> Mapping[str, bytes]`: file name → content. Same run and same
    program: same bytes.
    """

    name: str
    """As `--format` takes it."""
    label: str
    """Text of a link to the report."""
    files: str
    """Name of its file; `*.csv` where there are several."""
    media_type: str
    """Of its files, without a character set: text is UTF-8."""
    options: tuple[str, ...] = ()
    """Which of `render`'s options the module takes."""
    slow: bool = False
    """Whether a large run takes more than a few seconds."""
    module: str = ""
    """Where it lives; empty: `reports.formats.NAME`."""


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_REGISTRY = (
    ReportFormat("pdf", "PDF, to read and archive", "report.pdf", "application/pdf", ("archive",), slow=True),
    ReportFormat("csv", "CSV, every finding", "*.csv", "text/csv", ("bom",)),
    ReportFormat("xlsx", "Excel, with evidence tables", "report.xlsx", _XLSX, ("tables",), slow=True),
    ReportFormat("parquet", "Parquet, for notebooks", "findings.parquet", "application/vnd.apache.parquet"),
    ReportFormat("json", "JSON, everything", "findings.json", "application/json"),
    ReportFormat("jsonl", "JSON Lines, one finding a line", "findings.jsonl", "application/x-ndjson"),
    ReportFormat("html", "HTML, one page to share and search", "report.html", "text/html"),
    ReportFormat("sarif", "SARIF, for code scanning", "findings.sarif", "application/sarif+json"),
    ReportFormat("junit", "JUnit, for CI", "junit.xml", "application/xml"),
    ReportFormat("asff", "ASFF, for Security Hub", "findings.asff.json", "application/json"),
    ReportFormat("ocsf", "OCSF, for security lakes", "findings.ocsf.json", "application/json"),
    ReportFormat("markdown", "Markdown, for an issue", "summary.md", "text/markdown"),
)

FORMATS: dict[str, ReportFormat] = {one.name: one for one in _REGISTRY}
"""Name → format, in the order in which lists of them appear."""

if TYPE_CHECKING:
    FormatName = str
else:
    FormatName = Literal[tuple(FORMATS)]
    """The type of a format's name in settings and requests."""


def render(
    format: str,
    run: Run,
    view: ReportView,
    *,
    bom: bool = False,
    tables: Tables | None = None,
    archive: bool = False,
) -> Mapping[str, bytes]:
    """File name → content of one format of one run. Same run and same program: same bytes.

    *bom* puts a UTF-8 byte order mark before CSV files, for spreadsheets that would guess another encoding. *archive*
    sets the PDF as PDF/A-2a instead of PDF/UA-1. *tables* gives the run's evidence tables to formats that show
    some; without it they say so. A format ignores options that its line does not name.
    Raises ValueError for a name that is not in `FORMATS`.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown report format {format!r}; known are {', '.join(FORMATS)}")
    known = FORMATS[format]
    module = importlib.import_module(known.module or f"reports.formats.{known.name}")
    given = {"bom": bom, "tables": tables, "archive": archive}
    files: Mapping[str, bytes] = module.render(run, view, **{name: given[name] for name in known.options})
    return files


def media_type(file: str) -> str:
    """Media type of a report's file by its ending, without a character set; of another file as `mimetypes` says."""
    suffix = PurePath(file).suffix
    known = (one.media_type for one in FORMATS.values() if PurePath(one.files).suffix == suffix)
    return next(known, None) or mimetypes.guess_type(file)[0] or "application/octet-stream"
