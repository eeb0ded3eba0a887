"""The page of one finding: evidence, history, fix and waiver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from checks.baseline.check_names import NEVER_WAIVED
from checks.model import Finding, Status
from checks.tables import TABLES, Table
from ecr_audit.web.pages import evidence, urls
from ecr_audit.web.pages.dependencies import ShownRun, finding_of, services_of, shown_run
from ecr_audit.web.pages.evidence import rows_where
from ecr_audit.web.pages.rendering import page
from ecr_audit.web.security.csrf import checked
from ecr_audit.web.security.rate_limits import Cost, Limited
from ecr_audit.web.security.roles import Role, User, require
from ecr_audit.web.services import WaiveError
from reports.sanitize import visible
from reports.unknown_findings import group_facts

router = APIRouter()

LONGEST_REASON = 2_000
"""Maximum characters of a reason."""
_ACTS = 1_000
"""Number of recorded acts that are searched for waivers of a finding."""


@router.get("/runs/{run_id}/findings/{fingerprint}")
def finding(request: Request, run_id: str, fingerprint: str, row: str = "") -> Response:
    """A finding; with *row* `whole`, every column of the evaluated row."""
    of = shown_run(request, run_id)
    return _page(request, of, finding_of(of, fingerprint), whole_row=row == "whole")


@router.post(
    "/runs/{run_id}/findings/{fingerprint}/waive",
    dependencies=[Depends(require(Role.ADMIN)), Depends(checked), Depends(Limited(Cost.WAIVER))],
)
def waive(
    request: Request,
    run_id: str,
    fingerprint: str,
    user: Annotated[User, Depends(require(Role.ADMIN))],
    reason: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
) -> Response:
    """Waive a finding until a day, for a reason."""
    of = shown_run(request, run_id)
    found = finding_of(of, fingerprint)
    typed = {"reason": reason[:LONGEST_REASON], "until": until[:10]}
    if problem := _problem(reason, until):
        return _page(request, of, found, status=400, typed=typed, problem=problem)
    try:
        services_of(request).waive(of.run.id, fingerprint, reason.strip(), dt.date.fromisoformat(until), user.name)
    except WaiveError as error:
        return _page(request, of, found, status=400, typed=typed, problem=str(error))
    return RedirectResponse(urls.finding(of.run.id, fingerprint) + "#waiver", 303)


def _problem(reason: str, until: str) -> str:
    """What is wrong with the form, as a sentence; empty if the form is valid."""
    if not reason.strip():
        return "Enter the reason for the waiver. It is shown in every report."
    if len(reason) > LONGEST_REASON:
        return f"The reason has {len(reason):,} characters; shorten it to {LONGEST_REASON:,} or fewer."
    try:
        dt.date.fromisoformat(until)
    except ValueError:
        return "Enter the last day of the waiver as YYYY-MM-DD, for example 2027-01-31."
    return ""


def _page(
    request: Request,
    of: ShownRun,
    found: Finding,
    *,
    whole_row: bool = False,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    services, run = services_of(request), of.run
    table = next((one for one in TABLES if one.name == of.index.checks[found.check].table), None)
    command = of.index.commands.of(found)
    history = services.store.findings_over_time(run, found.fingerprint)
    granted = [
        one for one in services.store.audit_log(_ACTS) if one.act == "waive" and one.subject == found.fingerprint
    ]
    shown = tuple(evidence.display_values({**group_facts(found), **found.evidence}))
    row = _row(of, found, table, request) if whole_row and table else ()
    return page(
        request, "finding.html.j2", status=status, run=run, view=of.view, finding=found,
        check=of.index.checks[found.check], evidence=shown, key=found.key,
        state=of.index.state_of(found.fingerprint), age=of.view.ages.get(found.fingerprint), history=history,
        command=command, command_exact=visible(command) == command,
        scripts=[one for one in run.scripts if found.fingerprint in one.findings],
        table=table, row=row, whole_row=whole_row, granted=[one for one in granted if _since(one, run.started_at)],
        waivable=found.status is not Status.ERROR and not found.check.startswith(NEVER_WAIVED),
        today=services.clock().date(), typed=typed or {"reason": "", "until": ""}, problem=problem,
        longest_reason=LONGEST_REASON,
    )  # fmt: skip


def _since(act: Any, moment: dt.datetime) -> bool:
    return bool(act.at >= moment)


def _row(of: ShownRun, found: Finding, table: Table, request: Request) -> tuple[evidence.DisplayValue, ...]:
    """Every column of the evaluated row, with its meaning; empty if the run has no such table or row."""
    chosen = next(iter(rows_where(services_of(request).store, of.run.id, table.name, found.key)), None)
    if chosen is None:
        return ()
    return tuple(
        evidence.display_value(column.name.replace("_", " "), chosen.get(column.name), column.meaning)
        for column in table.columns
        if column.name in chosen
    )
