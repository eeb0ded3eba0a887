"""report.xlsx: a workbook to sort, filter and share.

Sheets: Summary, Findings, By account, By check, Registries, Replicas, Gaps, Waivers, Checks.

Written row by row in constant memory. Every text is written as text, so that nothing can become a formula or a link;
account ids keep their zeros; times are times, in UTC. The sheet Summary
says which rows do not fit on a sheet.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from audit.model import Run
from checks.engine.gc import no_search_for_cycles
from checks.model import Severity
from reports.formats.xlsx_sheets import (
    BY_ACCOUNT,
    BY_CHECK,
    CHECKS,
    FINDINGS,
    GAPS,
    REGISTRIES,
    REPLICAS,
    WAIVERS,
    Column,
    account_row,
    by_check_row,
    check_row,
    finding_rows,
    gap_row,
    height,
    left_out_row,
    plain,
    set_up_print,
    waiver_row,
)
from reports.records import gap_order
from reports.sanitize import visible
from reports.text import SEVERITY_MARKS, SEVERITY_WORDS, in_utc, moment_text, number
from reports.view import ReportView

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

Tables = Callable[[str], "pd.DataFrame"]
"""Evidence table by name."""

MOST_ROWS = 200_000
"""Rows of one sheet. Excel takes 1,048,576; beyond this, a workbook is slow to open, and Parquet serves better."""
LONGEST = 32_000
"""Characters of one cell; Excel takes 32,767."""
TALL = 30
"""Height of a row with long texts in points: two lines; a click shows the whole text."""
MOST_LINKS = 60_000
"""Links of one sheet; Excel takes 65,530."""

_COLOURS = {
    Severity.CRITICAL: ("#7A0916", "#FFFFFF"),
    Severity.HIGH: ("#F3C2B8", "#5A1206"),
    Severity.MEDIUM: ("#FBE3A6", "#4D3800"),
    Severity.LOW: ("#D8E7F5", "#12395C"),
    Severity.INFORMATIONAL: ("#ECECEC", "#333333"),
}
"""Background and text colour; the cell contains the word and a mark too."""


def render(run: Run, view: ReportView, *, tables: Tables | None = None) -> dict[str, bytes]:
    """`report.xlsx`; *tables* gives the evidence of the sheets Registries and Replicas. Same run, same bytes."""
    import xlsxwriter

    stream = io.BytesIO()
    options = {
        "constant_memory": True, "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd hh:mm", "remove_timezone": True,
    }  # fmt: skip
    with no_search_for_cycles(), xlsxwriter.Workbook(stream, options) as workbook:
        workbook.set_properties(
            {
                "title": f"Amazon ECR replication audit of {visible(view.organization)}",
                "author": f"ecr-audit {run.program_version}",
                "comments": f"Run {run.id}",
                "created": in_utc(run.finished_at).replace(tzinfo=None),
            }
        )
        _Book(workbook, run, view).write(tables)
    return {"report.xlsx": stream.getvalue()}


class _Book:
    """The workbook while it is written."""

    def __init__(self, workbook: Workbook, run: Run, view: ReportView) -> None:
        self.workbook, self.run, self.view = workbook, run, view
        plain = {"valign": "top"}
        self.text = workbook.add_format({**plain, "num_format": "@"})
        self.wrapped = workbook.add_format({**plain, "num_format": "@", "text_wrap": True})
        self.number = workbook.add_format({**plain, "num_format": "#,##0"})
        self.time = workbook.add_format({**plain, "num_format": "yyyy-mm-dd hh:mm", "align": "left"})
        self.day = workbook.add_format({**plain, "num_format": "yyyy-mm-dd", "align": "left"})
        self.link = workbook.add_format({**plain, "num_format": "@", "font_color": "#0B4F9E", "underline": 1})
        self.head = workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#E9EDF2", "text_wrap": True})
        self.title = workbook.add_format({"bold": True, "font_size": 16})
        self.strong = workbook.add_format({"bold": True, "valign": "top"})
        self.severity = {
            severity: workbook.add_format({**plain, "bg_color": back, "font_color": ink, "bold": True})
            for severity, (back, ink) in _COLOURS.items()
        }
        self.notes: list[str] = []

    def write(self, tables: Tables | None) -> None:
        """Every sheet. The summary is the first sheet and is written last, since it lists what was left out."""
        summary = self.workbook.add_worksheet("Summary")
        view, run = self.view, self.run
        self._sheet("Findings", FINDINGS, finding_rows(run, view), len(view.findings), "findings.csv")
        self._sheet("By account", BY_ACCOUNT, map(account_row, view.accounts), len(view.accounts), "findings.csv")
        self._sheet("By check", BY_CHECK, map(by_check_row, view.checks), len(view.checks), "checks.csv")
        for name, columns in (("Registries", REGISTRIES), ("Replicas", REPLICAS)):
            self._evidence(name, columns, tables)
        gaps = sorted(run.gaps, key=gap_order)
        self._sheet("Gaps", GAPS, (gap_row(run, gap) for gap in gaps), len(gaps), "gaps.csv")
        waived = [finding for finding in view.findings if finding.waiver]
        self._sheet("Waivers", WAIVERS, map(waiver_row, waived), len(waived), "findings.csv")
        checks = (*map(check_row, view.checks), *map(left_out_row, view.not_selected))
        self._sheet("Checks", CHECKS, checks, len(checks), "checks.csv")
        self._summary(summary)

    def _sheet(
        self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], count: int, whole: str
    ) -> None:
        sheet = self.workbook.add_worksheet(name)
        for at, column in enumerate(columns):
            sheet.set_column(at, at, column.width)
            sheet.write_string(0, at, column.title, self.head)
        sheet.freeze_panes(1, 0)
        shown = min(count, MOST_ROWS)
        sheet.autofilter(0, 0, max(shown, 1), len(columns) - 1)
        set_up_print(sheet, shown, columns)
        tall = TALL if any(column.kind == "long" for column in columns) else None
        write = [self._writer(sheet, column.kind) for column in columns]
        for at, row in enumerate(rows, start=1):
            if at > shown:
                break
            sheet.set_row(at, tall or height(row, columns))
            for place, value in enumerate(row):
                if value is not None and value != "":
                    write[place](at, place, value)
        if count > shown:
            self.notes.append(f"{name}: {number(shown)} of {number(count)} rows are shown; {whole} holds all.")

    def _writer(self, sheet: Worksheet, kind: str) -> Callable[[int, int, Any], Any]:
        if kind == "number":
            return lambda row, column, value: sheet.write_number(row, column, value, self.number)
        if kind == "time":
            return lambda row, column, value: sheet.write_datetime(row, column, value, self.time)
        if kind == "day":
            return lambda row, column, value: sheet.write_datetime(row, column, value, self.day)
        if kind == "severity":
            return lambda row, column, value: sheet.write_string(
                row, column, f"{SEVERITY_MARKS[value]} {SEVERITY_WORDS[value]}", self.severity[value]
            )
        if kind == "check":
            return self._check_writer(sheet)
        if kind == "flag":
            return lambda row, column, value: sheet.write_boolean(row, column, bool(value), self.text)
        form = self.wrapped if kind in ("prose", "long") else self.text
        return lambda row, column, value: sheet.write_string(row, column, _cell(value), form)

    def _check_writer(self, sheet: Worksheet) -> Callable[[int, int, Any], Any]:
        """A check's id, linked to its row on the sheet Checks."""
        rows = {check.text.id: row for row, check in enumerate(self.view.checks, start=2)}
        written = 0

        def write(row: int, column: int, value: str) -> None:
            nonlocal written
            written += 1
            if value not in rows or written > MOST_LINKS:
                sheet.write_string(row, column, _cell(value), self.text)
            else:
                sheet.write_url(row, column, f"internal:'Checks'!A{rows[value]}", self.link, _cell(value))

        return write

    def _evidence(self, name: str, columns: Sequence[str], tables: Tables | None) -> None:
        from checks.tables import TABLES

        if tables is None:
            self.notes.append(f"{name}: the evidence tables of this run are not available.")
            return
        declared = next(table for table in TABLES if table.name == name.lower())
        kinds = {"boolean": "flag", "integer": "number", "time": "time"}
        shown = [
            Column(column.replace("_", " ").capitalize(), 18, kinds.get(declared.column(column).type.value, "text"))
            for column in columns
        ]
        frame = tables(declared.name)
        known = [column for column in columns if column in frame.columns]
        head = frame.loc[:, known].head(MOST_ROWS)
        nothing = [None] * len(head)
        values = [plain(head[column]) if column in known else nothing for column in columns]
        self._sheet(name, shown, zip(*values, strict=True), len(frame), f"{declared.name}.parquet in the store")

    def _summary(self, sheet: Worksheet) -> None:
        view, run = self.view, self.run
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 100)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_row(0, 24)
        sheet.write_string(0, 0, "Amazon ECR replication audit", self.title)
        lines: list[tuple[str, Any]] = [
            ("Organization", view.organization),
            ("Verdict", f"{view.conclusion.mark} {view.conclusion.word}. {view.verdict}"),
            ("Start of the audit", f"{moment_text(run.started_at)} (all times are UTC)"),
            ("Scope", ". ".join(view.scope)),
            ("Coverage", " ".join(view.coverage)),
            ("Baseline", f"{run.baseline_name}, SHA-256 {run.baseline_hash}"),
            ("Run", f"{run.id}, ecr-audit {run.program_version}"),
        ]
        if view.change:
            lines.append(("Change", view.change.sentence))
        at = 2
        for label, text in lines:
            sheet.write_string(at, 0, label, self.strong)
            sheet.write_string(at, 1, _cell(text), self.wrapped)
            sheet.set_row(at, 15 * -(-len(text) // 95))
            at += 1
        at += 1
        for severity in Severity:
            sheet.write_string(at, 0, f"{SEVERITY_MARKS[severity]} {SEVERITY_WORDS[severity]}", self.severity[severity])
            sheet.write_number(at, 1, view.open[severity], self.number)
            at += 1
        for label, figure in (("? Unknown results", view.unknown), ("Waived", sum(view.waived.values()))):
            sheet.write_string(at, 0, label, self.strong)
            sheet.write_number(at, 1, figure, self.number)
            at += 1
        for note in self.notes:
            at += 1
            sheet.write_string(at, 0, "Not shown", self.strong)
            sheet.write_string(at, 1, note, self.wrapped)


def _cell(value: Any) -> str:
    text = visible(str(value))
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]} … [{len(text) - LONGEST:,} more characters are in findings.json]"
