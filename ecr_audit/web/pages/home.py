"""The overview page: latest run, jobs in progress, schedules and recent runs."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from audit.store import RunListEntry, StoreError
from checks.model import Severity
from ecr_audit.web.pages.dependencies import ShownRun, services_of, shown_run
from ecr_audit.web.pages.rendering import page
from ecr_audit.web.services import Services
from reports.charts import trend
from schedules.jobs.queue import Job, JobState

router = APIRouter()

NEWEST = 12
"""Runs on the first page."""
PAGE = 100
"""Runs on a page of all of them."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a run's bar in the list."""

    x: float
    width: float
    fill: str


_BAR_WIDTH = 120.0


@router.get("/")
def home(request: Request) -> Response:
    """The overview page."""
    services = services_of(request)
    lines = services.store.list(NEWEST + 1)
    latest, unreadable = _latest(request)
    shown = lines[:NEWEST]
    return page(
        request, "home.html.j2", latest=latest, unreadable=unreadable, lines=shown, more=len(lines) > NEWEST,
        bars=bars(shown), active=active(services), schedules=services.schedules(),
        by_run=services.queue.makers([line.id for line in shown]),
        holds=services.store.holds(), trend=trend.draw(latest.view.trend) if latest and latest.view.trend else "",
    )  # fmt: skip


@router.get("/runs")
def runs(request: Request, before: str = "") -> Response:
    """Every run, newest first; *before*: only those older than this one."""
    services = services_of(request)
    lines = services.store.list(PAGE + 1, before)
    return page(
        request, "runs.html.j2", lines=lines[:PAGE], bars=bars(lines[:PAGE]), more=len(lines) > PAGE, before=before,
        by_run=services.queue.makers([line.id for line in lines]), holds=services.store.holds(),
    )  # fmt: skip


def active(services: Services) -> tuple[Job, ...]:
    """Waiting and running jobs, oldest first."""
    return tuple(reversed(services.queue.list(states=(JobState.WAITING, JobState.RUNNING), limit=20)))


def bars(lines: tuple[RunListEntry, ...]) -> dict[str, tuple[Bar, ...]]:
    """For each run its open failures as pieces of a bar, on one scale."""
    longest = max((sum(line.failing.values()) for line in lines), default=0) or 1
    made = {}
    for line in lines:
        pieces, x = [], 0.0
        for severity in Severity:
            if count := line.failing.get(severity.value, 0):
                width = max(1.5, _BAR_WIDTH * count / longest)
                pieces.append(Bar(round(x, 1), round(width, 1), trend.COLOURS[severity]))
                x += width
        made[line.id] = tuple(pieces)
    return made


def _latest(request: Request) -> tuple[ShownRun | None, str]:
    """The newest run of every check, or why it cannot be shown: the other runs are still listed."""
    try:
        return shown_run(request, "latest"), ""
    except StoreError as error:
        return None, str(error)
