"""findings.ocsf.json: OCSF 1.5 Compliance Finding (class 2003), a JSON array, for security lakes and SIEMs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.model import Run
from checks.engine.gc import no_search_for_cycles
from checks.model import Finding, Severity, Status
from reports.breakdown import CheckView
from reports.commands import CommandBook
from reports.formats.json_values import json_array
from reports.records import cause_record, group_record, resource_arn, resource_type
from reports.sanitize import visible
from reports.text import SEVERITY_WORDS, in_utc
from reports.view import ReportView

VERSION = "1.5.0"
"""Of the schema (https://schema.ocsf.io)."""

CLASS, CREATE, UPDATE = 2003, 1, 2
_SEVERITIES = {
    Severity.INFORMATIONAL: 1,
    Severity.LOW: 2,
    Severity.MEDIUM: 3,
    Severity.HIGH: 4,
    Severity.CRITICAL: 5,
}
_COMPLIANCE = {Status.FAIL: (3, "Fail"), Status.UNKNOWN: (0, "Unknown"), Status.ERROR: (0, "Unknown")}
_AWS_ACCOUNT = 10
_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`findings.ocsf.json` as UTF-8."""
    with no_search_for_cycles():
        return {"findings.ocsf.json": "".join((*json_array(events(run, view)), "\n")).encode()}


def events(run: Run, view: ReportView) -> Iterator[dict[str, Any]]:
    """One event a finding."""
    book = CommandBook(run)
    checks = {check.text.id: check for check in view.checks}
    for finding in view.findings:
        yield _event(finding, run, view, checks[finding.check], book)


def _event(finding: Finding, run: Run, view: ReportView, check: CheckView, book: CommandBook) -> dict[str, Any]:
    known = bool(view.change and finding.fingerprint in view.change.still)
    activity, status = UPDATE if known else CREATE, _NEW
    if finding.waiver:
        status = _SUPPRESSED
    event: dict[str, Any] = {
        "activity_id": activity,
        "activity_name": "Update" if known else "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": f"Compliance Finding: {'Update' if known else 'Create'}",
        "time": _milliseconds(run.started_at),
        "severity_id": _SEVERITIES[finding.severity],
        "severity": SEVERITY_WORDS[finding.severity],
        "status_id": status[0],
        "status": status[1],
        "status_code": finding.status.name,
        "status_detail": visible(finding.message),
        "message": visible(finding.message),
        "metadata": _metadata(run, finding),
        "finding_info": _information(finding, run, view, check),
        "compliance": _compliance(finding, check),
        "resources": [_resource(finding, run)],
        "cloud": _cloud(finding, run),
    }
    if finding.remediation:
        steps = [finding.remediation.summary, *finding.remediation.manual, *book.scripts_of(finding)]
        event["remediation"] = {"desc": visible("\n".join(steps))}
    if finding.waiver:
        waiver = finding.waiver
        event["comment"] = visible(f"Waived by {waiver.owner} until {waiver.until}: {waiver.reason}")
    return event


def _metadata(run: Run, finding: Finding) -> dict[str, Any]:
    return {
        "version": VERSION,
        "uid": f"{run.id}/{finding.fingerprint}",
        "correlation_uid": run.id,
        "event_code": finding.check,
        "product": {"name": "ecr-audit", "vendor_name": "ecr-audit", "version": run.program_version},
        "profiles": ["cloud"],
        **({"labels": [f"narrowed to {visible(run.selection.words)}"]} if run.narrowed else {}),
        "tenant_uid": run.organization_id or run.caller_account,
    }


def _information(finding: Finding, run: Run, view: ReportView, check: CheckView) -> dict[str, Any]:
    age = view.ages.get(finding.fingerprint)
    return {
        "uid": finding.fingerprint,
        "title": check.text.title,
        "desc": " ".join(check.text.what.split()) or check.text.title,
        "types": ["Compliance"],
        "first_seen_time": _milliseconds(age.first_seen if age else run.started_at),
        "last_seen_time": _milliseconds(run.started_at),
    }


def _compliance(finding: Finding, check: CheckView) -> dict[str, Any]:
    status_id, status = _COMPLIANCE[finding.status]
    sourced = [control for control in check.text.controls if not control.startswith("own:")]
    return {
        "control": finding.check,
        "standards": ["ecr-audit baseline"],
        "requirements": sourced,
        "status_id": status_id,
        "status": status,
        "desc": check.text.title,
    }


def _resource(finding: Finding, run: Run) -> dict[str, Any]:
    return {
        "uid": visible(resource_arn(finding, run.partition)) or run.organization_id,
        "name": visible(finding.resource),
        "type": resource_type(finding) or "Organization",
        "region": finding.region,
        "cloud_partition": run.partition,
        "data": {
            "fact": finding.fact,
            "expected": finding.expected,
            "observed": finding.observed,
            "evidence": finding.evidence,
            "key": finding.key,
            "rows": finding.rows,
            "cause": cause_record(finding),
            "group": group_record(finding),
        },
    }


def _cloud(finding: Finding, run: Run) -> dict[str, Any]:
    """The cloud profile: where it was found."""
    name = run.account_names.get(finding.account, "")
    return {
        "provider": "AWS",
        "region": finding.region,
        "account": {"uid": finding.account, "name": name, "type_id": _AWS_ACCOUNT, "type": "AWS Account"},
        "org": {"uid": run.organization_id, "name": run.organization_name},
    }


def _milliseconds(moment: Any) -> int:
    return round(in_utc(moment).timestamp() * 1000)
