"""The columns of the workbook's sheets, as data, their rows, and the sizes of rows and pages."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.model import Run
from checks.model import Finding, Gap, Severity, Status
from checks.texts import CheckText
from reports.breakdown import AccountView, CheckView, is_waived
from reports.check_texts import paragraphs
from reports.commands import CommandBook
from reports.formats.json_values import json_line
from reports.gap_groups import gap_fix, gap_title
from reports.text import SEVERITY_WORDS, STATUS_WORDS, area_name, in_utc
from reports.unknown_findings import cause_title
from reports.view import ReportView

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter.worksheet import Worksheet

MOST_LINES = 12
"""Lines of the tallest row."""
PRINTED_WIDTH = 330
"""Characters of width that are printed of a sheet; the columns to the right are for the screen."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet."""

    title: str
    width: int
    kind: str = "text"
    """text, prose (wrapped), long (wrapped and cropped: rows stay two lines tall), number, time, day, flag, severity
    or check (text with a link to the page of the check)."""


FINDINGS = (
    Column("Severity", 15, "severity"), Column("Status", 11), Column("Area", 22), Column("Check", 36, "check"),
    Column("Title", 44, "prose"), Column("Account", 15), Column("Account name", 22), Column("Region", 15),
    Column("Resource", 46, "long"), Column("What was found", 80, "long"), Column("Expected", 28, "long"),
    Column("Observed", 28, "long"), Column("To fix", 60, "long"),
    Column("Safe without review", 13), Column("Scripts", 44, "long"), Column("Manual steps", 50, "long"),
    Column("Change", 9), Column("First seen (UTC)", 18, "time"), Column("Days", 7, "number"),
    Column("Runs", 7, "number"), Column("Waived until", 13, "day"), Column("Fingerprint", 20),
    Column("Evidence", 60, "long"), Column("Results", 9, "number"), Column("Cause", 44, "long"),
    Column("Registries", 44, "long"), Column("Examples", 60, "long"),
)  # fmt: skip
GAPS = (
    Column("Reason", 26), Column("Account", 15), Column("Account name", 22), Column("Region", 15),
    Column("Operation", 36), Column("Resource", 40), Column("Code", 26), Column("Message", 70, "prose"),
    Column("Permission", 32), Column("How to close it", 60, "prose"), Column("Tables", 30, "prose"),
)  # fmt: skip
WAIVERS = (
    Column("Severity", 15, "severity"), Column("Check", 36, "check"), Column("Account", 15), Column("Region", 15),
    Column("Resource", 46, "prose"), Column("Reason", 60, "prose"), Column("Owner", 30), Column("Until", 13, "day"),
    Column("Fingerprint", 20),
)  # fmt: skip
CHECKS = (
    Column("Check", 36), Column("Title", 44, "prose"), Column("Area", 22), Column("Passed", 10, "number"),
    Column("Failed", 10, "number"), Column("Waived", 10, "number"), Column("Unknown", 10, "number"),
    Column("What it checks", 70, "prose"), Column("Why it matters", 70, "prose"), Column("How to fix", 70, "prose"),
    Column("Controls", 40, "prose"), Column("Evaluated", 10),
)  # fmt: skip
BY_ACCOUNT = (
    Column("Account", 22), Column("Account name", 30),
    *(Column(SEVERITY_WORDS[severity], 13, "number") for severity in Severity),
    Column("Open failures", 13, "number"), Column("Waived", 10, "number"), Column("Unknown results", 15, "number"),
    Column("Failed reads", 12, "number"),
)  # fmt: skip
BY_CHECK = (
    Column("Check", 36, "check"), Column("Title", 60, "prose"), Column("Area", 22),
    *(Column(SEVERITY_WORDS[severity], 13, "number") for severity in Severity),
    Column("Open failures", 13, "number"), Column("Waived", 10, "number"), Column("Unknown results", 15, "number"),
    Column("Unknown findings", 15, "number"), Column("Passed", 10, "number"),
)  # fmt: skip
REGISTRIES = (
    "account", "region", "account_name", "ou_path", "evidence_complete", "evidence_missing", "repository_count",
    "is_source", "is_destination", "rule_count", "rules_limit", "destinations_present", "destinations_needed",
    "destinations_limit", "policy_characters", "policy_characters_limit", "policy_scope", "limits_source",
)  # fmt: skip
REPLICAS = (
    "repository", "source_account", "source_region", "destination_account", "destination_region", "matched", "expected",
    "required_by", "destination_present", "source_images", "images_missing", "images_in_flight", "delete_replication",
    "tag_mutability", "scan_frequency", "encryption", "lifecycle_rules",
)  # fmt: skip


def height(row: Sequence[Any], columns: Sequence[Column]) -> float:
    """Points for the longest prose of a row: not every spreadsheet program computes it."""
    lines = [
        -(-len(str(one)) // column.width) for one, column in zip(row, columns, strict=True) if column.kind == "prose"
    ]
    return 15 * min(max(lines, default=1) or 1, MOST_LINES)


def set_up_print(sheet: Worksheet, rows: int, columns: Sequence[Column]) -> None:
    """On paper: A4 landscape, the header on every page, the first columns as wide as the page."""
    width, last = 0, -1
    for column in columns:
        width += column.width
        if last >= 0 and width > PRINTED_WIDTH:
            break
        last += 1
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.print_area(0, 0, rows, last)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&Rpage &P of &N")


def finding_rows(run: Run, view: ReportView) -> Iterator[Sequence[Any]]:
    """Rows of `FINDINGS`."""
    book = CommandBook(run)
    titles = {check.text.id: (check.text.title, area_name(check.text.group)) for check in view.checks}
    for finding in view.findings:
        title, area = titles[finding.check]
        age, remediation = view.ages.get(finding.fingerprint), finding.remediation
        yield (
            finding.severity,
            "Waived" if is_waived(finding) else STATUS_WORDS[finding.status],
            area,
            finding.check,
            title,
            finding.account,
            run.account_names.get(finding.account, ""),
            finding.region,
            finding.resource,
            finding.message,
            finding.expected,
            finding.observed,
            remediation.summary if remediation else "",
            ("yes" if remediation.safe else "no") if remediation and remediation.changes else "",
            "\n".join(book.scripts_of(finding)),
            "\n".join(remediation.manual) if remediation else "",
            view.change.of(finding.fingerprint) if view.change else "",
            _naive(age.first_seen) if age else None,
            age.days(run.started_at) if age else None,
            age.runs if age else None,
            dt.date.fromisoformat(finding.waiver.until) if finding.waiver else None,
            finding.fingerprint,
            json_line(finding.evidence),
            finding.rows,
            *_group_cells(finding),
        )


def _group_cells(finding: Finding) -> tuple[str, str, str]:
    group = finding.group
    registries = [f"{one.account}/{one.region}: {one.rows:,}" for one in group.registries] if group else []
    cause = cause_title(finding.cause) if finding.cause else ""
    return cause, "\n".join(registries), "\n".join(group.examples) if group else ""


def gap_row(run: Run, gap: Gap) -> Sequence[Any]:
    """A row of `GAPS`."""
    name = run.account_names.get(gap.account, "")
    return (
        gap_title(gap.kind), gap.account, name, gap.region, gap.operation, gap.resource, gap.code, gap.message,
        gap.permission, gap_fix(gap), ", ".join(gap.tables),
    )  # fmt: skip


def waiver_row(finding: Finding) -> Sequence[Any]:
    """A row of `WAIVERS`."""
    waiver = finding.waiver
    until = dt.date.fromisoformat(waiver.until) if waiver else None
    return (
        finding.severity, finding.check, finding.account, finding.region, finding.resource,
        waiver.reason if waiver else "", waiver.owner if waiver else "", until, finding.fingerprint,
    )  # fmt: skip


def account_row(account: AccountView) -> Sequence[Any]:
    """A row of `BY_ACCOUNT`: the figures of the PDF."""
    return (
        account.account or "no single account", account.name, *(account.open[severity] for severity in Severity),
        account.failures, account.waived, account.unknown, account.gaps,
    )  # fmt: skip


def by_check_row(check: CheckView) -> Sequence[Any]:
    """A row of `BY_CHECK`."""
    text = check.text
    open_ = Counter(finding.severity for finding in check.open)
    return (
        text.id, text.title, area_name(text.group), *(open_[severity] for severity in Severity), len(check.open),
        len(check.waived), check.unknown_rows, len(check.unknown), check.counts[Status.PASS],
    )  # fmt: skip


def check_row(check: CheckView) -> Sequence[Any]:
    """A row of `CHECKS`."""
    text, counts = check.text, check.counts
    prose = (" ".join(paragraphs(part)) for part in (text.what, text.why, text.fix))
    return (
        text.id, text.title, area_name(text.group), counts[Status.PASS], counts[Status.FAIL], len(check.waived),
        counts[Status.UNKNOWN], *prose, "; ".join(text.controls), "yes",
    )  # fmt: skip


def left_out_row(text: CheckText) -> Sequence[Any]:
    """A row of `CHECKS` for a check that a narrowed run left out: not evaluated."""
    prose = (" ".join(paragraphs(part)) for part in (text.what, text.why, text.fix))
    figures = (None, None, None, None)
    return (text.id, text.title, area_name(text.group), *figures, *prose, "; ".join(text.controls), "no")


def plain(column: pd.Series[Any]) -> list[Any]:
    """Values of a column, None where one is missing."""
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def _naive(moment: dt.datetime) -> dt.datetime:
    """The time in UTC without a zone: Excel has no time zones."""
    return in_utc(moment).replace(tzinfo=None)
