"""One file a format. Asking for one imports that one only: WeasyPrint is not loaded for a CSV."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from audit.model import Run
    from reports.view import ReportView

    Tables = Callable[[str], pd.DataFrame]

FORMATS = ("pdf", "csv", "xlsx", "parquet", "json", "jsonl", "html", "sarif", "junit", "asff", "ocsf", "markdown")
"""Names of the formats, as `--format` takes them."""


_WITH_TABLES = ("xlsx",)


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

    *bom* puts a UTF-8 byte order mark before CSV files, for spreadsheets that would guess another encoding; other
    formats ignore it. *archive* sets the PDF as PDF/A-2a instead of PDF/UA-1; other formats ignore it. *tables* gives
    the run's evidence tables to formats that show some; without it they say so.
    Raises ValueError for a name that is not in `FORMATS`.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown report format {format!r}; known are {', '.join(FORMATS)}")
    module = importlib.import_module(f"reports.formats.{format}")
    options: dict[str, object] = {"bom": bom} if format == "csv" else {}
    if format == "pdf":
        options["archive"] = archive
    if format in _WITH_TABLES:
        options["tables"] = tables
    files: Mapping[str, bytes] = module.render(run, view, **options)
    return files
