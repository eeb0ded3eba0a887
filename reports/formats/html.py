"""report.html: one self-contained page to search, sort and print. It sends no request.

Style and script are inline and named by their SHA-256 in the page's own content-security-policy, which forbids
everything else: no text from AWS or a user can run or be fetched. Findings are data in the page; the script shows a
page of them at a time. Without a script the page shows the first `STATIC_ROWS` and says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from audit.model import Run
from checks.model import Finding, Severity, Status
from reports import text as reports_text
from reports.commands import CommandBook
from reports.formats.json_values import json_value
from reports.formats.pdf_details import account_label
from reports.formats.templates import environment, packaged
from reports.sanitize import visible
from reports.text import not_shown
from reports.unknown_findings import group_facts
from reports.view import ReportView

STATIC_ROWS = 200
"""Findings that the page shows without its script."""
COMMANDS_FOR_AT_MOST = 400
"""A page with more findings names their scripts instead of holding every command, to stay small enough for e-mail."""
EVIDENCE = 2_000
"""Characters of one piece of evidence."""


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`report.html` as UTF-8. Same run, same bytes."""
    return {"report.html": page(run, view).encode()}


def page(run: Run, view: ReportView) -> str:
    """The whole page."""
    style, script = packaged("page.css"), packaged("page.js")
    template = environment().get_template("page.html.j2")
    html: str = template.render(
        run=run,
        view=view,
        style=style,
        script=script,
        policy=_policy(style, script),
        data=_embedded(_data(run, view)),
        severities=tuple(Severity),
        statuses=(Status.FAIL, Status.UNKNOWN, Status.ERROR),
        rows=view.findings[:STATIC_ROWS],
        titles={check.text.id: check.text.title for check in view.checks},
        hidden=not_shown(
            len(view.findings) - STATIC_ROWS, len(view.findings), "finding", "findings", file="findings.csv"
        ),
        complete=len(view.findings) <= COMMANDS_FOR_AT_MOST,
    )
    return html


def _policy(style: str, script: str) -> str:
    """Content-security-policy: this style and this script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(run: Run, view: ReportView) -> dict[str, Any]:
    """Findings column by column; what repeats (checks, accounts, Regions) is named once and numbered."""
    book = CommandBook(run)
    whole = len(view.findings) <= COMMANDS_FOR_AT_MOST
    lists: dict[str, dict[str, int]] = {"checks": {}, "accounts": {}, "regions": {}, "fixes": {}}

    def at(name: str, value: str) -> int:
        return lists[name].setdefault(value, len(lists[name]))

    rows = []
    for finding in view.findings:
        remediation, age = finding.remediation, view.ages.get(finding.fingerprint)
        rows.append(
            [
                finding.severity.rank,
                finding.status.value,
                at("checks", finding.check),
                at("accounts", finding.account),
                at("regions", finding.region),
                finding.resource,
                finding.message,
                finding.fingerprint,
                at("fixes", remediation.summary) if remediation else -1,
                list(remediation.manual) if remediation else [],
                list(book.scripts_of(finding)),
                book.of(finding) if whole else "",
                [*_comparison(finding), *map(list, group_facts(finding).items()), *_evidence(finding.evidence)],
                [finding.waiver.reason, finding.waiver.owner, finding.waiver.until] if finding.waiver else 0,
                (view.change.of(finding.fingerprint) if view.change else ""),
                reports_text.stamp(age.first_seen)[:10] if age else "",
            ]
        )
    titles = {check.text.id: check.text.title for check in view.checks}
    return {
        "rows": rows,
        "checks": [[name, titles[name]] for name in lists["checks"]],
        "accounts": [account_label(run, account) for account in lists["accounts"]],
        "regions": list(lists["regions"]),
        "fixes": list(lists["fixes"]),
        "severities": [
            [one.value, reports_text.SEVERITY_MARKS[one], reports_text.SEVERITY_WORDS[one]] for one in Severity
        ],
        "statuses": {status.value: reports_text.STATUS_WORDS[status] for status in Status},
    }


def _comparison(finding: Finding) -> list[list[str]]:
    named = (("expected", finding.expected), ("observed", finding.observed)) if finding.expected else ()
    return [[name, text[:EVIDENCE]] for name, text in named]


def _evidence(evidence: Any) -> list[list[str]]:
    pairs = []
    for name, value in json_value(evidence).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        more = f" … [{len(text) - EVIDENCE:,} more characters in findings.json]" if len(text) > EVIDENCE else ""
        pairs.append([name.replace("_", " "), text[:EVIDENCE] + more])
    return pairs


def _embedded(data: dict[str, Any]) -> str:
    """JSON that can stand inside a script element: no `<` in it, and nothing invisible."""
    text = json.dumps(_shown(data), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items()}
    return value
