"""findings.asff.json: AWS Security Finding Format (schema version 2018-10-08), a JSON array.

A custom integration may import findings only for the account that calls, and only in the Region that is called
(Security Hub API reference, BatchImportFindings). So every finding is filed under the account that ran the audit; the
account and Region that it is about stand in its resource and in its product fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from audit.model import Run
from checks.engine.gc import no_search_for_cycles
from checks.model import Finding, Severity, Status
from reports.breakdown import CheckView
from reports.commands import CommandBook
from reports.formats.json_values import json_array, json_line, json_value
from reports.records import resource_arn, resource_type
from reports.sanitize import one_line
from reports.text import stamp
from reports.unknown_findings import group_facts
from reports.view import ReportView

BATCH = 100
"""Findings that one call of BatchImportFindings takes (Security Hub API reference)."""
DEFAULT_REGION = "us-east-1"
"""Region of the file where no finding names one."""

_LABELS = {
    Severity.CRITICAL: "CRITICAL",
    Severity.HIGH: "HIGH",
    Severity.MEDIUM: "MEDIUM",
    Severity.LOW: "LOW",
    Severity.INFORMATIONAL: "INFORMATIONAL",
}
_COMPLIANCE = {Status.FAIL: "FAILED", Status.UNKNOWN: "NOT_AVAILABLE", Status.ERROR: "WARNING"}


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`findings.asff.json`, filed under the caller's account and the Region that most findings are about."""
    with no_search_for_cycles():
        return {"findings.asff.json": "".join((*json_array(findings(run, view)), "\n")).encode()}


def findings(run: Run, view: ReportView, *, account: str = "", region: str = "") -> Iterator[dict[str, Any]]:
    """ASFF findings for import into *account* (default: the caller's) and *region*."""
    book = CommandBook(run)
    checks = {check.text.id: check for check in view.checks}
    account = account or run.caller_account
    region = region or _usual_region(view.findings)
    product = f"arn:{run.partition}:securityhub:{region}:{account}:product/{account}/default"
    for finding in view.findings:
        found: dict[str, Any] = json_value(_finding(finding, run, view, checks[finding.check], book))
        yield {"ProductArn": product, "AwsAccountId": account, **found}


def batches(found: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """*found* in lists of at most `BATCH`."""
    while batch := list(islice(found, BATCH)):
        yield batch


def _usual_region(found: Sequence[Finding]) -> str:
    regions = [finding.region for finding in found if finding.region]
    return max(sorted(set(regions)), key=regions.count, default=DEFAULT_REGION)


def _finding(finding: Finding, run: Run, view: ReportView, check: CheckView, book: CommandBook) -> dict[str, Any]:
    age = view.ages.get(finding.fingerprint)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"ecr-audit/{run.organization_id or run.caller_account}/{finding.fingerprint}",
        "GeneratorId": f"ecr-audit/{finding.check}",
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "FirstObservedAt": stamp(age.first_seen if age else run.started_at),
        "LastObservedAt": stamp(run.started_at),
        "CreatedAt": stamp(age.first_seen if age else run.started_at),
        "UpdatedAt": stamp(run.finished_at),
        "Severity": {"Label": _LABELS[finding.severity], "Original": finding.severity.value},
        "Title": _cut(check.text.title, 256),
        "Description": _cut(finding.message, 1_024),
        "Remediation": {"Recommendation": {"Text": _cut(_advice(finding, book), 512)}},
        "ProductFields": _product_fields(finding, run),
        "Resources": [_resource(finding, run)],
        "Compliance": {"Status": _COMPLIANCE[finding.status], **_requirements(check)},
        "Workflow": {"Status": "SUPPRESSED" if finding.waiver else "NEW"},
        "RecordState": "ACTIVE",
        **_note(finding, run),
    }


def _requirements(check: CheckView) -> dict[str, list[str]]:
    """Control mappings with a source; proposals of ecr-audit are left out: no standard requires them."""
    sourced = [_cut(control, 256) for control in check.text.controls if not control.startswith("own:")]
    return {"RelatedRequirements": sourced[:32]} if sourced else {}


def _note(finding: Finding, run: Run) -> dict[str, Any]:
    waiver = finding.waiver
    if waiver is None:
        return {}
    text = _cut(f"Waived until {waiver.until}: {waiver.reason}", 512)
    return {"Note": {"Text": text, "UpdatedBy": _cut(waiver.owner, 512), "UpdatedAt": stamp(run.finished_at)}}


def _advice(finding: Finding, book: CommandBook) -> str:
    remediation = finding.remediation
    if remediation is None:
        return "See the report of the audit."
    scripts = book.scripts_of(finding)
    return f"{remediation.summary} Script: {scripts[0]}" if scripts else remediation.summary


def _product_fields(finding: Finding, run: Run) -> dict[str, str]:
    fields = {
        "ProviderName": "ecr-audit",
        "ProviderVersion": run.program_version,
        "ecr-audit/run": run.id,
        "ecr-audit/narrowed-to": run.selection.words,
        "ecr-audit/fingerprint": finding.fingerprint,
        "ecr-audit/account": finding.account,
        "ecr-audit/region": finding.region,
        "ecr-audit/resource": finding.resource,
        "ecr-audit/expected": finding.expected,
        "ecr-audit/observed": finding.observed,
        "ecr-audit/evidence": json_line(finding.evidence),
        **{f"ecr-audit/{name.replace(' ', '-')}": text for name, text in group_facts(finding).items()},
    }
    return {name: _cut(value, 2_048) for name, value in fields.items() if value}


def _resource(finding: Finding, run: Run) -> dict[str, Any]:
    kind = resource_type(finding)
    arn = resource_arn(finding, run.partition) or f"arn:{run.partition}:organizations:::{run.organization_id}"
    resource: dict[str, Any] = {
        # ASFF knows AwsEcrRepository; a registry and an account are Other and AwsAccount.
        "Type": {"AwsEcrRepository": kind, "AwsAccount": kind}.get(kind, "Other"),
        "Id": _cut(arn, 512),
        "Partition": run.partition,
    }
    if finding.region:
        resource["Region"] = finding.region
    return resource


def _cut(text: str, longest: int) -> str:
    """One visible line of at most *longest* characters; an ellipsis marks a cut, the whole text is in findings.json."""
    text = one_line(text) or "-"
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
