"""findings.parquet: every finding with typed columns, for analysis: timestamps, booleans, account ids as text."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from audit.model import Run
from checks.model import Finding
from reports.commands import CommandBook
from reports.formats.json_values import json_line
from reports.records import resource_arn, resource_type
from reports.text import area_name, in_utc
from reports.unknown_findings import cause_title
from reports.view import ReportView

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "1"
"""Kept in the file's metadata under `ecr-audit.version`."""


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`findings.parquet`, one row a finding, in the order of findings.csv; same run, same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    narrowed = {"ecr-audit.narrowed-to": run.selection.words} if run.narrowed else {}
    schema = _schema(pa).with_metadata({"ecr-audit.version": VERSION, "ecr-audit.run": run.id, **narrowed})
    columns = _columns(schema.names, run, view)
    table = pa.table({name: pa.array(columns[name], schema.field(name).type) for name in schema.names}, schema=schema)
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return {"findings.parquet": stream.getvalue()}


def _schema(pa: Any) -> pa.Schema:
    text, flag, moment, day = pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC"), pa.date32()
    return pa.schema(
        [
            ("run", text), ("started_at", moment), ("organization", text), ("partition", text), ("check", text),
            ("title", text), ("area", text), ("status", text), ("severity", text), ("account", text),
            ("account_name", text), ("region", text), ("resource", text), ("resource_type", text),
            ("resource_arn", text), ("message", text), ("fact", text),
            ("expected", text), ("observed", text), ("fingerprint", text), ("change", text),
            ("first_seen_at", moment), ("runs_seen", pa.int64()), ("waived", flag), ("waiver_reason", text),
            ("waiver_owner", text), ("waiver_until", day), ("remediation", text), ("remediation_safe", flag),
            ("remediation_steps", pa.list_(text)), ("scripts", pa.list_(text)), ("evidence", text), ("key", text),
            ("run_narrowed_to", text),
            ("rows", pa.int64()), ("cause", text), ("cause_kind", text), ("cause_operation", text),
            ("registries", pa.list_(text)), ("examples", pa.list_(text)),
        ]
    )  # fmt: skip


def _columns(names: Sequence[str], run: Run, view: ReportView) -> dict[str, list[Any]]:
    book = CommandBook(run)
    titles = {check.text.id: (check.text.title, area_name(check.text.group)) for check in view.checks}
    rows = [_row(finding, run, view, book, titles) for finding in view.findings]
    return {name: [_encodable(row[name]) for row in rows] for name in names}


def _row(
    finding: Finding, run: Run, view: ReportView, book: CommandBook, titles: dict[str, tuple[str, str]]
) -> dict[str, Any]:
    title, area = titles[finding.check]
    age, waiver, remediation = view.ages.get(finding.fingerprint), finding.waiver, finding.remediation
    return {
        "run": run.id,
        "started_at": in_utc(run.started_at),
        "organization": run.organization_id,
        "partition": run.partition,
        "check": finding.check,
        "title": title,
        "area": area,
        "status": finding.status.value,
        "severity": finding.severity.value,
        "account": finding.account,
        "account_name": run.account_names.get(finding.account),
        "region": finding.region,
        "resource": finding.resource,
        "resource_type": resource_type(finding),
        "resource_arn": resource_arn(finding, run.partition),
        "message": finding.message,
        "fact": finding.fact,
        "expected": finding.expected,
        "observed": finding.observed,
        "fingerprint": finding.fingerprint,
        "change": (view.change.of(finding.fingerprint) or None) if view.change else None,
        "first_seen_at": in_utc(age.first_seen) if age else None,
        "runs_seen": age.runs if age else None,
        "waived": waiver is not None,
        "waiver_reason": waiver.reason if waiver else None,
        "waiver_owner": waiver.owner if waiver else None,
        "waiver_until": dt.date.fromisoformat(waiver.until) if waiver else None,
        "remediation": remediation.summary if remediation else None,
        "remediation_safe": remediation.safe if remediation else None,
        "remediation_steps": list(remediation.manual) if remediation else [],
        "scripts": list(book.scripts_of(finding)),
        "evidence": json_line(finding.evidence),
        "key": json_line(finding.key),
        "run_narrowed_to": run.selection.words or None,
        **_cause(finding),
    }


def _cause(finding: Finding) -> dict[str, Any]:
    cause, group = finding.cause, finding.group
    return {
        "rows": finding.rows,
        "cause": cause_title(cause) if cause else None,
        "cause_kind": cause.kind.value if cause and cause.kind else None,
        "cause_operation": (cause.operation or None) if cause else None,
        "registries": [f"{one.account}/{one.region}" for one in group.registries] if group else [],
        "examples": list(group.examples) if group else [],
    }


def _encodable(value: Any) -> Any:
    """*value* without lone surrogates, which Parquet's UTF-8 cannot hold."""
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()
