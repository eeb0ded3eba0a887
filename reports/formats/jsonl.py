"""findings.jsonl: JSON Lines for log pipelines and line tools. The first line is the run, then gaps, then findings.

Every line is one object with a `type`: `run`, `check`, `gap`, `script` or `finding`; the rest of it is what
findings.json holds under that name, so its schema describes both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.model import Run
from reports.formats.json import head
from reports.formats.json_values import json_line
from reports.records import check_record, finding_records, gap_order, gap_record, script_record
from reports.view import ReportView


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`findings.jsonl` as UTF-8, one line feed after each line."""
    return {"findings.jsonl": "".join(f"{line}\n" for line in lines(run, view)).encode()}


def lines(run: Run, view: ReportView) -> Iterator[str]:
    """The lines, one at a time: a reader may stop early, and a writer holds one line at a time."""
    return (json_line(entry) for entry in _entries(run, view))


def _entries(run: Run, view: ReportView) -> Iterator[Mapping[str, Any]]:
    yield {"type": "run", **head(run, view)}
    yield from ({"type": "check", **check_record(check)} for check in view.checks)
    yield from ({"type": "gap", **gap_record(gap)} for gap in sorted(run.gaps, key=gap_order))
    yield from ({"type": "script", **script_record(script)} for script in run.scripts)
    yield from ({"type": "finding", **finding} for finding in finding_records(run, view))
