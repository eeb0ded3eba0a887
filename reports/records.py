"""Findings, checks, gaps and scripts as JSON records, and how a finding's resource is named: the shapes that
findings.json and findings.jsonl share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.model import Run
from checks.model import Finding, Gap, Script, Status
from reports.breakdown import CheckView
from reports.commands import CommandBook
from reports.text import stamp
from reports.unknown_findings import ROWS_FILE, cause_title
from reports.view import ReportView


def resource_arn(finding: Finding, partition: str) -> str:
    """ARN of the resource that a finding is about: repository, registry or account; empty where it belongs to none.

    Repository ARNs as in the ECR user guide (security_iam_service-with-iam.html). AWS has no ARN for a registry; the
    form used is that of other audit tools, `arn:aws:ecr:REGION:ACCOUNT:registry/ACCOUNT`.
    """
    account, region = finding.account, finding.region
    if not account:
        return ""
    if not region:
        return f"arn:{partition}:iam::{account}:root"
    repository = finding.key.get("repository")
    if repository:
        return f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"
    return f"arn:{partition}:ecr:{region}:{account}:registry/{account}"


def resource_type(finding: Finding) -> str:
    """`AwsEcrRepository`, `AwsEcrRegistry` or `AwsAccount`; empty where a finding belongs to no account."""
    if not finding.account:
        return ""
    if not finding.region:
        return "AwsAccount"
    return "AwsEcrRepository" if finding.key.get("repository") else "AwsEcrRegistry"


def finding_records(run: Run, view: ReportView) -> Iterator[dict[str, Any]]:
    """A record for each finding of the view, in its order. Values are JSON values once `json_value` saw them."""
    book = CommandBook(run)
    aliases = {check.text.id: list(check.text.aliases) for check in view.checks}
    return (_record(finding, run, view, book, aliases[finding.check]) for finding in view.findings)


def check_record(check: CheckView) -> dict[str, Any]:
    """One check with the figures of its rows."""
    text = check.text
    return {
        "id": text.id,
        "aliases": text.aliases,
        "title": text.title,
        "group": text.group,
        "severity": text.severity,
        "counts": {status.value: check.counts[status] for status in Status},
        "open": len(check.open),
        "waived": len(check.waived),
        "unknown_findings": len(check.unknown),
        "error": check.error or None,
        "controls": text.controls,
    }


def gap_record(gap: Gap) -> dict[str, Any]:
    """One gap of the evidence."""
    return {
        "account": gap.account,
        "region": gap.region,
        "operation": gap.operation,
        "kind": gap.kind,
        "code": gap.code,
        "message": gap.message,
        "tables": gap.tables,
        "resource": gap.resource,
        "permission": gap.permission,
    }


def gap_order(gap: Gap) -> tuple[str, ...]:
    """The order in which gaps are listed: by account, Region, operation and resource."""
    return (gap.account, gap.region, gap.operation, gap.resource, gap.code, gap.message)


def script_record(script: Script) -> dict[str, Any]:
    """One remediation script, without its text."""
    return {
        "name": script.name,
        "account": script.account,
        "region": script.region,
        "safe": script.safe,
        "findings": script.findings,
        "manual": script.manual,
        "refused": script.refused,
    }


def _record(finding: Finding, run: Run, view: ReportView, book: CommandBook, aliases: list[str]) -> dict[str, Any]:
    return {
        "check": finding.check,
        "aliases": aliases,
        "status": finding.status,
        "severity": finding.severity,
        "account": finding.account,
        "account_name": run.account_names.get(finding.account),
        "region": finding.region,
        "resource": {
            "name": finding.resource,
            "type": resource_type(finding),
            "arn": resource_arn(finding, run.partition),
            "key": finding.key,
        },
        "message": finding.message,
        "fact": finding.fact or None,
        "expected": finding.expected or None,
        "observed": finding.observed or None,
        "evidence": finding.evidence,
        "rows": finding.rows,
        "cause": cause_record(finding),
        "group": group_record(finding),
        "remediation": _remediation(finding, book),
        "fingerprint": finding.fingerprint,
        "waiver": _waiver(finding),
        "change": view.change.of(finding.fingerprint) or None if view.change else None,
        "age": _age(finding, run, view),
    }


def cause_record(finding: Finding) -> dict[str, Any] | None:
    """Why a finding is UNKNOWN; None for every other finding."""
    cause = finding.cause
    if cause is None:
        return None
    return {
        "title": cause_title(cause),
        "kind": cause.kind,
        "operation": cause.operation or None,
        "permission": cause.permission or None,
        "reason": cause.reason or None,
    }


def group_record(finding: Finding) -> dict[str, Any] | None:
    """What an UNKNOWN finding affects; None for every other finding."""
    group = finding.group
    if group is None:
        return None
    return {
        "registries": [one._asdict() for one in group.registries],
        "unread": [one._asdict() for one in group.unread],
        "examples": group.examples,
        "rows_in": ROWS_FILE,
    }


def _waiver(finding: Finding) -> dict[str, str] | None:
    waiver = finding.waiver
    return None if waiver is None else {"reason": waiver.reason, "owner": waiver.owner, "until": waiver.until}


def _remediation(finding: Finding, book: CommandBook) -> dict[str, Any] | None:
    remediation = finding.remediation
    if remediation is None:
        return None
    return {
        "summary": remediation.summary,
        "safe": remediation.safe,
        "commands": book.of(finding) if book.complete else None,
        "manual": remediation.manual,
        "scripts": book.scripts_of(finding),
    }


def _age(finding: Finding, run: Run, view: ReportView) -> dict[str, Any] | None:
    age = view.ages.get(finding.fingerprint)
    if age is None:
        return None
    return {"first_seen": stamp(age.first_seen), "days": age.days(run.started_at), "runs": age.runs}
