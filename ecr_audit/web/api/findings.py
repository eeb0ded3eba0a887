"""Findings of a run, with the filters of the pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field

from checks.model import Finding, Severity
from ecr_audit.web.api import models
from ecr_audit.web.api.dependencies import Bounds, Reader, TheRun, TheServices, plain
from ecr_audit.web.pages.filters import LONGEST, PAGE, Filter
from ecr_audit.web.pages.findings_index import FindingsIndex, Indexes
from ecr_audit.web.services import Opened
from reports.commands import CommandBook
from reports.records import finding_records

router = APIRouter(tags=["findings"])

_INDEXES = Indexes()


class FindingQuery(Bounds):
    """Filters of findings. An empty filter matches every finding; several values of one filter match any of them."""

    severity: list[Severity] = Field(default=[], max_length=5)
    status: list[Literal["fail", "unknown", "error", "waived"]] = Field(
        default=[], max_length=4, description="A waived finding has the status `waived`, whatever its check found."
    )
    state: list[Literal["new", "worse", "better", "still"]] = Field(
        default=[], max_length=4, description="Change of an open failure since the previous run."
    )
    check: str = Field(default="", max_length=LONGEST)
    account: str = Field(default="", max_length=LONGEST)
    region: str = Field(default="", max_length=LONGEST)
    text: str = Field(default="", max_length=LONGEST, description="Words that the finding must contain, all of them.")
    sort: Literal[
        "", "check", "resource", "account", "region", "since", "-check", "-resource", "-account", "-region", "-since"
    ] = Field(default="", description="Empty: highest severity first; `-` before a name: descending.")

    @property
    def filter(self) -> Filter:
        """The filter that pages use."""
        return Filter(
            severities=tuple(self.severity), statuses=tuple(self.status), states=tuple(self.state), check=self.check,
            account=self.account, region=self.region, text=self.text, sort=self.sort,
        )  # fmt: skip


@router.get("/runs/{run}/findings")
def list_findings(_: Reader, opened: TheRun, wanted: Annotated[FindingQuery, Query()]) -> models.Findings:
    """Findings of a run: failed, unknown and waived ones, and check errors."""
    count, rows = _window(_INDEXES.of(opened.run, opened.view), wanted)
    end = wanted.start + wanted.limit
    return models.Findings.model_validate({
        "run": opened.run.id, "count": count, "total": len(opened.view.findings), "findings": _records(opened, rows),
        "next": str(end) if end < count else None,
    })  # fmt: skip


@router.get("/runs/{run}/findings/{fingerprint}")
def get_finding(
    _: Reader,
    opened: TheRun,
    services: TheServices,
    fingerprint: Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="As printed in reports.")],
) -> models.FindingDetail:
    """One finding, its command, and its history over runs."""
    found = _INDEXES.of(opened.run, opened.view).by_fingerprint.get(fingerprint)
    if found is None:
        raise HTTPException(404, f"run {opened.run.id} has no finding {fingerprint}")
    (record,) = _records(opened, [found])
    if record["remediation"] and record["remediation"]["commands"] is None:
        # Left out of long lists for their length; included for a single finding.
        record["remediation"]["commands"] = plain(CommandBook(opened.run).of(found))
    seen = [
        {
            "run": one.run, "started_at": one.started_at, "status": one.status, "severity": one.severity,
            "waived": one.waived,
        }
        for one in services.store.findings_over_time(opened.run, fingerprint)
    ]  # fmt: skip
    return models.FindingDetail.model_validate({**record, "seen": seen})


def _window(index: FindingsIndex, wanted: FindingQuery) -> tuple[int, list[Finding]]:
    """Number of matches, and the requested ones: pages of the index have another length than those of the API."""
    number = wanted.start // PAGE + 1
    shown = index.chosen(wanted.filter.at(number))
    rows: list[Finding] = []
    while number <= shown.pages:
        rows += shown.rows
        number += 1
        if len(rows) >= wanted.start % PAGE + wanted.limit:
            break
        shown = index.chosen(wanted.filter.at(number))
    first = wanted.start % PAGE
    return shown.count, rows[first : first + wanted.limit]


def _records(opened: Opened, rows: list[Finding]) -> list[models.Json]:
    view = replace(opened.view, findings=tuple(rows))
    return [plain(record) for record in finding_records(opened.run, view)]
