"""CSV: findings.csv with one row a finding; checks.csv with the texts of the checks once; gaps, commands and calls.

RFC 4180: comma, CRLF between rows, quotes doubled, one width for every row, header always. UTF-8. Inside a cell, lines
end in LF. A cell that a spreadsheet would read as a formula gets an apostrophe in front; invisible characters
are written out (`<U+202E>`).
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TextIO

from audit.model import Run
from checks.model import Finding, Gap, Severity, Status
from checks.texts import CheckText
from reports.breakdown import CheckView
from reports.commands import SCRIPT_FOLDER, CommandBook
from reports.formats.columns import CALLS, CHECKS, COMMANDS, FINDINGS, GAPS, Column
from reports.formats.json_values import json_line
from reports.gap_groups import gap_fix, gap_title
from reports.records import resource_arn, resource_type
from reports.sanitize import visible
from reports.text import area_name, stamp
from reports.unknown_findings import cause_title
from reports.view import ReportView

LONGEST_CELL = 32_000
"""Spreadsheets hold 32,767 characters a cell and spill the rest into further rows."""

_FORMULA = re.compile(r"^[\s\ufeff]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What spreadsheets may take for a formula, full-width forms and leading blanks included."""


_MARKER = re.compile(r"^- ", re.MULTILINE)
"""A list marker of the checks' own pages; a spreadsheet would take a cell that begins with one for a formula."""


def render(run: Run, view: ReportView, *, bom: bool = False) -> dict[str, bytes]:
    """File name → content; *bom* puts a UTF-8 byte order mark first, for Excel."""
    return {
        "findings.csv": _file(FINDINGS, finding_rows(run, view), bom=bom),
        "checks.csv": _file(CHECKS, check_rows(view), bom=bom),
        "gaps.csv": _file(GAPS, gap_rows(run), bom=bom),
        "commands.csv": _file(COMMANDS, command_rows(run, view), bom=bom),
        "calls.csv": _file(CALLS, call_rows(run), bom=bom),
    }


def write_rows(stream: TextIO, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Header and rows to a text stream opened with `newline=""`; ValueError for a row of another width."""
    stream.write(_line([column.name for column in columns]))
    stream.writelines(map(_line, _of_width(rows, len(columns))))


def _line(row: Sequence[str]) -> str:
    """One row, as `csv.writer` writes it, in half the time, which counts for files of a hundred megabytes."""
    return f"{','.join(map(_quoted, row))}\r\n"


def _quoted(text: str) -> str:
    if '"' in text:
        text = text.replace('"', '""')
        return f'"{text}"'
    if "," in text or "\n" in text or "\r" in text:
        return f'"{text}"'
    return text


def cell(text: str, *, longest: int | None = LONGEST_CELL) -> str:
    """Text that came from outside, made safe for spreadsheets and short enough for a cell (None: of any length)."""
    if not text or (text.isascii() and text.isprintable() and text[0] not in "=+-@ " and len(text) <= (longest or 0)):
        return text
    text = visible(text)
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]} … [{len(text) - longest:,} more characters are in findings.json]"
    return f"'{text}" if _FORMULA.match(text) else text


_repeated = lru_cache(maxsize=4096)(cell)
"""`cell` for texts that many rows share."""


def finding_rows(run: Run, view: ReportView) -> Iterator[tuple[str, ...]]:
    """Rows of findings.csv, in the order of `FINDINGS`, as the view sorts findings."""
    book = CommandBook(run)
    statuses = {status: status.name for status in Status}
    severities = {severity: severity.value for severity in Severity}
    ages = _AgeCells(run, view)
    titles = {check.text.id: (cell(check.text.title), area_name(check.text.group)) for check in view.checks}
    names = {account: cell(name) for account, name in run.account_names.items()}
    narrowed_to = cell(run.selection.words)
    tail = (cell(run.partition), cell(run.organization_id), cell(run.id), stamp(run.started_at))
    for finding in view.findings:
        title, area = titles[finding.check]
        yield (
            statuses[finding.status],
            severities[finding.severity],
            _repeated(finding.check),
            title,
            area,
            _repeated(finding.account),
            names.get(finding.account, ""),
            _repeated(finding.region),
            resource_type(finding),
            cell(resource_arn(finding, run.partition)),
            cell(finding.resource),
            cell(finding.message),
            _repeated(finding.fact),
            _repeated(finding.expected),
            _repeated(finding.observed),
            finding.fingerprint,
            *_waiver_cells(finding),
            cell(json_line(finding.evidence)),
            *_remediation_cells(finding, book),
            cell(json_line(finding.key)),
            *tail,
            *ages.of(finding),
            narrowed_to,
            *_unknown_cells(finding),
        )


class _AgeCells:
    """The cells about the age of a finding."""

    def __init__(self, run: Run, view: ReportView) -> None:
        self._now, self._ages = run.started_at, view.ages
        change = view.change
        self._changes: dict[str, str] = {}
        if change is not None:
            for word in ("not_evaluated", "waived", "still", "new"):
                self._changes.update(dict.fromkeys(getattr(change, word), word))
        self._stamp = lru_cache(maxsize=4096)(stamp)

    def of(self, finding: Finding) -> tuple[str, str, str, str]:
        change, age = self._changes.get(finding.fingerprint, ""), self._ages.get(finding.fingerprint)
        if age is None:
            return (change, "", "", "")
        return (change, self._stamp(age.first_seen), str(age.days(self._now)), str(age.runs))


def check_rows(view: ReportView) -> Iterator[tuple[str, ...]]:
    """Rows of checks.csv, in the order of `CHECKS`, one for each check of the run in catalogue order; then the checks
    that a narrowed run left out."""
    yield from map(_check_row, view.checks)
    yield from (_text_row(text, ("",) * 5, "", evaluated=False) for text in view.not_selected)


def gap_rows(run: Run) -> Iterator[tuple[str, ...]]:
    """Rows of gaps.csv, in the order of `GAPS`, sorted by account, Region, operation and resource."""
    for gap in sorted(run.gaps, key=_gap_order):
        yield (
            gap.kind.value,
            gap_title(gap.kind),
            cell(gap.account),
            cell(run.account_names.get(gap.account, "")),
            cell(gap.region),
            cell(gap.operation),
            cell(gap.resource),
            cell(gap.code),
            cell(gap.message),
            cell(gap.permission),
            cell(gap_fix(gap)),
            cell(" ".join(gap.tables)),
        )


def command_rows(run: Run, view: ReportView) -> Iterator[tuple[str, ...]]:
    """Rows of commands.csv, in the order of `COMMANDS`: the findings that a command fixes.

    A run too large to repeat the commands of each finding has one row, which says so and where they are.
    """
    book = CommandBook(run)
    if not book.complete:
        yield ("", "", "", "", "", "", f"# {book.note}")
        return
    for finding in view.findings:
        commands = book.of(finding)
        if commands and finding.remediation:
            names = (finding.fingerprint, finding.check, finding.account, finding.region, finding.resource)
            yield (*(cell(name) for name in names), str(finding.remediation.safe), cell(commands, longest=None))


def call_rows(run: Run) -> Iterator[tuple[str, ...]]:
    """Rows of calls.csv, in the order of `CALLS`: every operation that the run called, by name."""
    calls = run.calls
    for name, sent in sorted(calls.sent.items()):
        yield (cell(name), str(sent), str(calls.refused.get(name, 0)), str(calls.throttled.get(name, 0)))


def _gap_order(gap: Gap) -> tuple[str, ...]:
    return (gap.account, gap.region, gap.operation, gap.resource, gap.code, gap.message)


def _waiver_cells(finding: Finding) -> tuple[str, str, str, str]:
    waiver = finding.waiver
    if waiver is None:
        return ("False", "", "", "")
    return ("True", cell(waiver.reason), cell(waiver.owner), cell(waiver.until))


def _unknown_cells(finding: Finding) -> tuple[str, str, str, str, str, str]:
    cause, group = finding.cause, finding.group
    if cause is None:
        return ("1", "", "", "", "", "")
    registries = " ".join(f"{one.account}/{one.region}" for one in group.registries) if group else ""
    return (
        str(finding.rows),
        _repeated(cause_title(cause)),
        cause.kind.value if cause.kind else "",
        _repeated(cause.operation),
        cell(registries),
        cell("\n".join(group.examples) if group else ""),
    )


def _remediation_cells(finding: Finding, book: CommandBook) -> tuple[str, str, str, str]:
    remediation = finding.remediation
    if remediation is None:
        return ("", "", "", "")
    steps = cell("\n".join(remediation.manual)) if remediation.manual else ""
    return (_repeated(remediation.summary), str(remediation.safe), steps, _run_all(book.scripts_of(finding)))


@lru_cache(maxsize=4096)
def _run_all(scripts: tuple[str, ...]) -> str:
    return cell(" && ".join(f"bash {SCRIPT_FOLDER}/{shlex.quote(name)}" for name in scripts))


def _check_row(check: CheckView) -> tuple[str, ...]:
    counts = check.counts
    figures = (
        counts[Status.PASS],
        counts[Status.FAIL],
        len(check.waived),
        counts[Status.UNKNOWN],
        counts[Status.NOT_APPLICABLE],
    )
    return _text_row(check.text, tuple(map(str, figures)), check.error, evaluated=True)


def _text_row(text: CheckText, figures: tuple[str, ...], error: str, *, evaluated: bool) -> tuple[str, ...]:
    return (
        cell(text.id),
        cell(" ".join(text.aliases)),
        cell(text.title),
        area_name(text.group),
        text.severity.value if text.severity else "",
        *figures,
        cell(error),
        *(cell(_MARKER.sub("", part)) for part in (text.what, text.why, text.fix, text.limits, text.references)),
        cell(" ".join(text.permissions)),
        cell(" | ".join(text.controls)),
        str(evaluated),
    )


def _of_width(rows: Iterable[Sequence[str]], width: int) -> Iterator[Sequence[str]]:
    for row in rows:
        if len(row) != width:
            raise ValueError(f"a row of {len(row)} cells under a header of {width}")
        yield row


def _file(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, bom: bool) -> bytes:
    stream = io.BytesIO()
    text = io.TextIOWrapper(stream, encoding="utf-8-sig" if bom else "utf-8", newline="", write_through=False)
    write_rows(text, columns, rows)
    text.flush()
    return stream.getvalue()
