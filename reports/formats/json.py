"""findings.json, version 1: the whole result of a run for programs. The schema is `findings-v1.schema.json`.

One finding a line, so that line tools can read the file and compared with `diff`. Version 1 may grow by fields;
a field that is there keeps its name and meaning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

from audit.model import Run
from checks.model import Severity, Status
from reports.commands import CommandBook
from reports.formats.json_values import json_line, json_value
from reports.history import ChangeSince, TrendPoint
from reports.records import check_record, finding_records, gap_order, gap_record, script_record
from reports.text import stamp
from reports.view import ReportView

VERSION = 1


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`findings.json` as UTF-8 with a final line feed."""
    return {"findings.json": "".join(_parts(run, view)).encode()}


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that findings.json keeps to."""
    text = resources.files("reports.formats").joinpath("findings-v1.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _parts(run: Run, view: ReportView) -> Iterator[str]:
    yield "{\n"
    for name, value in head(run, view).items():
        text = json.dumps(json_value(value), ensure_ascii=False, allow_nan=False, indent=1)
        yield f' "{name}": {text.replace(chr(10), chr(10) + " ")},\n'
    lists: dict[str, Iterator[Any]] = {
        "checks": (check_record(check) for check in view.checks),
        "gaps": (gap_record(gap) for gap in sorted(run.gaps, key=gap_order)),
        "scripts": (script_record(script) for script in run.scripts),
        "findings": finding_records(run, view),
    }
    for position, (name, entries) in enumerate(lists.items()):
        yield f' "{name}": ['
        for number, entry in enumerate(entries):
            yield f"{',' if number else ''}\n  {json_line(entry)}"
        yield "\n ]\n" if position == len(lists) - 1 else "\n ],\n"
    yield "}\n"


def head(run: Run, view: ReportView) -> dict[str, Any]:
    """Everything of the document but its lists."""
    coverage, note = run.coverage, CommandBook(run).note
    return {
        "version": VERSION,
        "run": _run(run),
        "scope": {
            "accounts": run.scope.accounts,
            "ous": run.scope.ous,
            "regions": run.scope.regions,
            "all_repositories": run.scope.all_repositories,
        },
        "selection": _selection(run),
        "limits": {"sources": run.limits_sources},
        "coverage": {
            "accounts_planned": coverage.accounts_planned,
            "accounts_read": coverage.accounts_read,
            "accounts_inactive": coverage.inactive,
            "registries_planned": coverage.registries_planned,
            "registries_complete": coverage.registries_complete,
            "registries_partial": coverage.registries_partial,
            "registries_unread": coverage.registries_unread,
            "repositories": coverage.repositories,
            "unaccounted": [str(one) for one in coverage.unaccounted],
            "evidence_complete": run.evidence_complete,
        },
        "verdict": {"level": view.conclusion.level, "word": view.conclusion.word, "sentence": view.verdict},
        "totals": {
            "open": {severity.value: view.open[severity] for severity in Severity},
            "waived": {severity.value: view.waived[severity] for severity in Severity},
            "unknown": view.unknown,
            "unknown_findings": view.unknown_findings,
            "check_errors": view.check_errors,
            "results": {status.value: view.counts[status] for status in Status},
        },
        "change": _change(view.change),
        "trend": [_point(point) for point in view.trend],
        "notes": [*run.notes, *([note] if note else [])],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "started_at": stamp(run.started_at),
        "finished_at": stamp(run.finished_at),
        "program_version": run.program_version,
        "versions": run.versions,
        "organization": {"id": run.organization_id, "name": run.organization_name},
        "caller_account": run.caller_account,
        "partition": run.partition,
        "baseline": {"name": run.baseline_name, "sha256": run.baseline_hash},
        **({"given": [{"name": one.name, "sha256": one.hash} for one in run.given]} if run.given else {}),
        "calls": run.calls.sent,
        "refused": run.calls.refused,
        "throttled": run.calls.throttled,
    }


def _selection(run: Run) -> dict[str, Any] | None:
    """What narrowed the run to some of the checks; null: it evaluated every check."""
    if not run.narrowed:
        return None
    return {
        "checks": run.selection.checks,
        "severity": run.selection.severity,
        "text": run.selection.words,
        "not_evaluated": run.not_selected,
    }


def _change(change: ChangeSince | None) -> dict[str, Any] | None:
    if change is None:
        return None
    lists = ("new", "fixed", "no_longer_required", "waived", "not_evaluated", "worse", "better")
    return {
        "since_run": change.run,
        "still": len(change.still),
        **{name: sorted(getattr(change, name)) for name in lists},
    }


def _point(point: TrendPoint) -> dict[str, Any]:
    return {
        "started_at": stamp(point.started_at),
        "open": {severity.value: point.open[severity] for severity in Severity},
        "unknown": point.unknown,
        "evidence_complete": point.evidence_complete,
        "requirements_changed": point.requirements_changed,
    }
