"""findings.sarif: SARIF 2.1.0 (OASIS) for code scanning and security dashboards.

A check is a rule, a finding a result. Cloud resources have no source file: a result names its ARN as a logical
location, and, because code-scanning services refuse results without one, a path of account, Region and resource.
Unknown findings are results of kind `open`; waived ones carry a suppression.

GitHub's limits (SARIF support for code scanning, "Validating your SARIF file"): 10 MB gzipped, 20 runs a file, 25,000
results a run, of which the 5,000 most severe are shown. The file holds one run within them, open failures first and
worst first; a notification says what is left out.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from audit.model import Run
from checks.model import Finding, Gap, Severity, Status
from reports.breakdown import CheckView
from reports.check_texts import paragraphs
from reports.commands import CommandBook
from reports.formats.json_values import json_array, json_line
from reports.records import cause_record, gap_order, group_record, resource_arn
from reports.sanitize import visible
from reports.text import STATUS_WORDS, listed, narrowed_text, number, stamp
from reports.view import ReportView

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFORMATIONAL: "note",
}
SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFORMATIONAL: "0.0",
}
"""`security-severity`: 9.0 and more is read as critical, 7.0 high, 4.0 medium (GitHub, SARIF support)."""


MOST_RESULTS = 25_000
SHOWN_RESULTS = 5_000
"""Results that receivers show of a run."""
MOST_BYTES = 10_000_000
"""Of the gzipped file."""
MOST_NOTIFICATIONS = 1_000
"""Evidence gaps that are listed."""


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`findings.sarif` as UTF-8, within the limits of its receivers."""
    ordered = sorted(view.findings, key=_order)
    kept = min(len(ordered), MOST_RESULTS)
    while True:
        data = "".join(_parts(run, view, ordered, kept)).encode()
        packed = len(gzip.compress(data, mtime=0))
        if packed <= MOST_BYTES or not kept:
            return {"findings.sarif": data}
        kept = kept * MOST_BYTES * 9 // (packed * 10)


def _order(finding: Finding) -> int:
    """Open failures, check errors, unknown results, then what is waived; the view has each part worst first."""
    if finding.waiver is not None:
        return 3
    return {Status.FAIL: 0, Status.ERROR: 1}.get(finding.status, 2)


def _parts(run: Run, view: ReportView, ordered: Sequence[Finding], kept: int) -> Iterator[str]:
    """The document in pieces: results are most of it, and are written one a line."""
    numbers = {check.text.id: position for position, check in enumerate(view.checks)}
    yield f'{{\n"$schema": "{SCHEMA}",\n"version": "2.1.0",\n"runs": [{{\n'
    for name, value in _run(run, view, ordered, kept).items():
        yield f'"{name}": {json_line(value)},\n'
    yield '"results": '
    yield from json_array(_results(run, view, ordered[:kept], numbers))
    yield "\n}]\n}\n"


def _run(run: Run, view: ReportView, ordered: Sequence[Finding], kept: int) -> dict[str, Any]:
    driver = {
        "name": "ecr-audit",
        "version": run.program_version,
        "semanticVersion": run.program_version,
        "rules": [_rule(check) for check in view.checks],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{_category(run)}/{run.id}"},
        "invocations": [_invocation(run, ordered, kept)],
        "columnKind": "unicodeCodePoints",
    }


def _invocation(run: Run, ordered: Sequence[Finding], kept: int) -> dict[str, Any]:
    gaps = sorted(run.gaps, key=gap_order)
    notes = [*_left_out(ordered, kept), *_gaps_left_out(len(gaps))]
    return {
        "executionSuccessful": run.evidence_complete,
        "startTimeUtc": stamp(run.started_at),
        "endTimeUtc": stamp(run.finished_at),
        "toolExecutionNotifications": [
            *_narrowed(run),
            *({"level": "note", "descriptor": {"id": "limits"}, "message": {"text": note}} for note in notes),
            *map(_notification, gaps[:MOST_NOTIFICATIONS]),
        ],
    }


def _left_out(ordered: Sequence[Finding], kept: int) -> Iterator[str]:
    """What is not in the file, and what receivers do not show of it."""
    whole = number(len(ordered))
    if kept < len(ordered):
        rest = ordered[kept:]
        parts = Counter("waived" if one.waiver else STATUS_WORDS[one.status].lower() for one in rest)
        named = listed([f"{number(count)} {part}" for part, count in parts.items()])
        yield f"{number(len(rest))} of {whole} findings are not in this file ({named}); findings.json has all of them."
    if kept > SHOWN_RESULTS:
        yield (
            f"This file has {number(kept)} results, open failures first and worst first; code-scanning services show "
            f"the first {number(SHOWN_RESULTS)}."
        )


def _gaps_left_out(count: int) -> Iterator[str]:
    if count > MOST_NOTIFICATIONS:
        yield f"{number(MOST_NOTIFICATIONS)} of {number(count)} failed reads are listed; gaps.csv has all of them."


def _category(run: Run) -> str:
    """Results of one category replace each other (GitHub, SARIF support, runAutomationDetails): a run that left out
    checks must not close the alerts of whole runs."""
    return "/".join(["ecr-audit", run.organization_id or run.caller_account, *(["narrowed"] if run.narrowed else [])])


def _narrowed(run: Run) -> list[dict[str, Any]]:
    """That the run left out checks."""
    if not run.narrowed:
        return []
    return [{"level": "note", "descriptor": {"id": "narrowed"}, "message": {"text": visible(narrowed_text(run))}}]


def _notification(gap: Gap) -> dict[str, Any]:
    where = "/".join(part for part in (gap.account, gap.region) if part) or "the organization"
    return {
        "level": "warning",
        "descriptor": {"id": f"gap.{gap.kind.value}"},
        "message": {"text": visible(f"{gap.operation} of {where}: {gap.code} {gap.message}".strip())},
    }


def _rule(check: CheckView) -> dict[str, Any]:
    text = check.text
    severity = text.severity or check.severity
    rule: dict[str, Any] = {
        "id": text.id,
        "shortDescription": {"text": text.title},
        "fullDescription": {"text": " ".join(paragraphs(text.what)) or text.title},
        "help": {"text": "\n".join((*paragraphs(text.why), *paragraphs(text.fix))) or text.title},
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {
            "security-severity": SCORES[severity],
            "tags": ["security", "compliance", text.group, *text.aliases],
            "controls": list(text.controls),
        },
    }
    return rule


def _results(
    run: Run, view: ReportView, findings: Sequence[Finding], numbers: dict[str, int]
) -> Iterator[dict[str, Any]]:
    book = CommandBook(run)
    for finding in findings:
        failed = finding.status is Status.FAIL
        result: dict[str, Any] = {
            "ruleId": finding.check,
            "ruleIndex": numbers[finding.check],
            # SARIF 2.1.0, 3.27.9 and 3.27.10: where the kind is not `fail`, the level is `none`.
            "kind": "fail" if failed else "open",
            "level": LEVELS[finding.severity] if failed else "none",
            "message": {"text": visible(finding.message)},
            "locations": [_location(finding, run)],
            "partialFingerprints": {"ecrAudit/v1": finding.fingerprint},
            "properties": _properties(finding, book),
        }
        if view.change and failed:
            result["baselineState"] = "new" if finding.fingerprint in view.change.new else "unchanged"
        if finding.waiver:
            said = f"{finding.waiver.reason} ({finding.waiver.owner}, until {finding.waiver.until})"
            result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": visible(said)}]
        yield result


def _properties(finding: Finding, book: CommandBook) -> dict[str, Any]:
    remediation = finding.remediation
    return {
        "status": finding.status.value,
        "severity": finding.severity.value,
        "account": finding.account,
        "region": finding.region,
        "expected": finding.expected or None,
        "observed": finding.observed or None,
        "rows": finding.rows,
        "cause": cause_record(finding),
        "group": group_record(finding),
        "remediation": remediation.summary if remediation else None,
        "scripts": list(book.scripts_of(finding)),
    }


def _location(finding: Finding, run: Run) -> dict[str, Any]:
    arn = resource_arn(finding, run.partition)
    parts = (finding.account or "organization", finding.region or "global", finding.resource)
    return {
        "physicalLocation": {"artifactLocation": {"uri": "/".join(quote(visible(part), safe="") for part in parts)}},
        "logicalLocations": [
            {"name": visible(finding.resource), "fullyQualifiedName": visible(arn) or finding.check, "kind": "resource"}
        ],
    }
