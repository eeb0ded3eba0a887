"""Annexes of the PDF: one document per account, with its findings and nothing of the other accounts.

The HTML is written here and rendered in parallel processes, one per processor and at most `PROCESSES`: rendering is
the slow part, and the documents are independent.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

from audit.model import Run
from checks.model import CheckResult, Finding, Status
from reports.formats import pdf
from reports.view import ReportView, build_view

PROCESSES = 8
FOLDER = "accounts"


@dataclass(frozen=True, slots=True)
class _Page:
    """One annex before it is rendered."""

    file: str
    html: str
    identifier: str
    at: dt.datetime
    archive: bool


def render_annexes(
    run: Run, view: ReportView, *, archive: bool = False, processes: int = 0
) -> Iterator[tuple[str, bytes]]:
    """`accounts/ACCOUNT.pdf` and its content for every account with findings or gaps, in order, each as soon as it is
    ready.

    *processes*: number of processes; 0 for one per processor, at most `PROCESSES`. Raises ReportError as the report
    does.
    """
    pages = _pages(run, view, archive=archive)
    count = processes or min(os.cpu_count() or 1, PROCESSES)
    if count == 1:
        yield from map(_set, pages)
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_set, pages)


def _set(page: _Page) -> tuple[str, bytes]:
    return page.file, pdf.to_pdf(page.html, identifier=page.identifier, at=page.at, archive=page.archive)


def _pages(run: Run, view: ReportView, *, archive: bool) -> Iterator[_Page]:
    by_account: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in view.findings:
        by_account[finding.account][finding.check].append(finding)
    for account in sorted(one.account for one in view.accounts if one.account):
        part = _part(run, account, by_account[account])
        seen = build_view(part, (), view.ages)
        html = pdf.page(part, replace(seen, change=view.change), "annex.html.j2", account=account)
        yield _Page(f"{FOLDER}/{account}.pdf", html, f"{run.id}-{account}", run.finished_at, archive)


def _part(run: Run, account: str, findings: dict[str, list[Finding]]) -> Run:
    """The run as far as it concerns one account. Passed rows are not stored by account, so they are left out."""
    results = tuple(_result(result.check, findings[result.check]) for result in run.results if findings[result.check])
    return replace(
        run,
        results=results,
        gaps=tuple(gap for gap in run.gaps if gap.account == account),
        scripts=tuple(script for script in run.scripts if script.account == account),
    )


def _result(check: str, findings: list[Finding]) -> CheckResult:
    counts = dict.fromkeys(Status, 0)
    for finding in findings:
        counts[finding.status] += 1
    return CheckResult(check=check, counts=counts, findings=tuple(findings))
