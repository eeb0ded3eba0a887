"""One file a format. Asking for one imports that one only: WeasyPrint is not loaded for a CSV."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.model import Run
    from reports.view import ReportView

FORMATS = ("csv", "json", "pdf")
"""Names of the formats, as `--format` takes them."""


def render(format: str, run: Run, view: ReportView, *, bom: bool = False) -> Mapping[str, bytes]:
    """File name → content of one format of one run. Same run and same program: same bytes.

    *bom* puts a UTF-8 byte order mark before CSV files, for spreadsheets that would guess another encoding; other
    formats ignore it. Raises ValueError for a name that is not in `FORMATS`.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown report format {format!r}; known are {', '.join(FORMATS)}")
    module = importlib.import_module(f"reports.formats.{format}")
    files: Mapping[str, bytes] = module.render(run, view, bom=bom) if format == "csv" else module.render(run, view)
    return files
