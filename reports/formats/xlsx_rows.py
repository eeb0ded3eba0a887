"""What the rows of the workbook's sheets hold, in the order of their columns in `xlsx_sheets`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from audit.model import Run
from checks.model import Finding, Gap, Status
from reports.breakdown import CheckView
from reports.check_texts import paragraphs
from reports.commands import CommandBook
from reports.formats.json_values import json_line
from reports.gap_groups import gap_fix, gap_title
from reports.view import ReportView
from reports.words import STATUS_WORDS, area_name, in_utc

if TYPE_CHECKING:
    import pandas as pd


def finding_rows(run: Run, view: ReportView) -> Iterator[Sequence[Any]]:
    """Rows of `FINDINGS`."""
    book = CommandBook(run)
    titles = {check.text.id: (check.text.title, area_name(check.text.group)) for check in view.checks}
    for finding in view.findings:
        title, area = titles[finding.check]
        age, remedy = view.ages.get(finding.fingerprint), finding.remedy
        yield (
            finding.severity,
            STATUS_WORDS[finding.status],
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
            remedy.summary if remedy else "",
            ("yes" if remedy.safe else "no") if remedy and remedy.edits else "",
            "\n".join(book.scripts_of(finding)),
            "\n".join(remedy.manual) if remedy else "",
            view.change.of(finding.fingerprint) if view.change else "",
            _naive(age.first_seen) if age else None,
            age.days(run.started_at) if age else None,
            age.runs if age else None,
            dt.date.fromisoformat(finding.waiver.until) if finding.waiver else None,
            finding.fingerprint,
            json_line(finding.evidence),
        )


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


def check_row(check: CheckView) -> Sequence[Any]:
    """A row of `CHECKS`."""
    text, counts = check.text, check.counts
    prose = (" ".join(paragraphs(part)) for part in (text.what, text.why, text.fix))
    return (
        text.id, text.title, area_name(text.group), counts[Status.PASS], counts[Status.FAIL], len(check.waived),
        counts[Status.UNKNOWN], *prose, "; ".join(text.controls),
    )  # fmt: skip


def plain(column: pd.Series[Any]) -> list[Any]:
    """Values of a column, None where one is missing."""
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def _naive(moment: dt.datetime) -> dt.datetime:
    """Excel knows no time zones: the moment in UTC without one."""
    return in_utc(moment).replace(tzinfo=None)
