"""`/metrics` for Prometheus: read from the database at each scrape, so that values are correct after a restart and
identical across several services. Rules that use the metrics: deploy/prometheus/alerts.yaml.
"""

from __future__ import annotations

import datetime as dt
import platform
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from audit.describe import program_version
from audit.store import RunListEntry, Store, StoreError
from audit.store.errors import DatabaseError
from ecr_audit.web.security.roles import Role, User, require
from ecr_audit.web.services import Services
from reports.sanitize import one_line
from schedules.deliveries.receipts import ReceiptState
from schedules.jobs.queue import JobState
from schedules.schedule_status import RECEIPT_DAYS, ScheduleStatus, service_status

log = structlog.get_logger()
router = APIRouter()

_HORIZON = dt.timedelta(days=400)
"""How far ahead the next occasion is searched for: some are on the 29th of February."""


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request, _user: Annotated[User, Depends(require(Role.READ))]) -> Response:
    """All metrics, as Prometheus text format or OpenMetrics, depending on the `Accept` header."""
    services: Services = request.app.state.services
    registry = CollectorRegistry()
    registry.register(StoreCollector(services, _calls_of(request.app.state)))
    ProcessCollector(registry=registry)
    if "application/openmetrics-text" in request.headers.get("accept", ""):
        text = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]  # it ships none
        return Response(text, media_type=openmetrics.CONTENT_TYPE_LATEST)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _calls_of(state: Any) -> Calls:
    """The cache of this application."""
    if not hasattr(state, "calls_of_runs"):
        state.calls_of_runs = Calls()
    calls: Calls = state.calls_of_runs
    return calls


class Calls:
    """API request counts of runs. Only the run's file has them, so they are read once per run and cached."""

    _MOST = 200

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, int, int] | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, store: Store, run_id: str) -> tuple[int, int, int] | None:
        """Requests, those refused, those throttled; None where the run cannot be read."""
        with self._lock:
            if run_id not in self._known:
                self._known[run_id] = _calls(store, run_id)
                if len(self._known) > self._MOST:
                    self._known.popitem(last=False)
            return self._known[run_id]


def _calls(store: Store, run_id: str) -> tuple[int, int, int] | None:
    try:
        run = store.load(run_id)
    except StoreError as error:
        log.error("run-unreadable", run=run_id, reason=str(error))
        return None
    return sum(run.calls.sent.values()), sum(run.calls.refused.values()), sum(run.calls.throttled.values())


class StoreCollector(Collector):
    """Metrics from the store. A database that does not answer is a metric, too."""

    def __init__(self, services: Services, calls: Calls) -> None:
        self._services, self._calls = services, calls

    def collect(self) -> Iterator[Metric]:
        """Every metric family."""
        about = {"version": program_version(), "python": platform.python_version()}
        yield InfoMetricFamily("ecr_audit_build", "Versions of this service.", value=about)
        yield from self._schedules()
        answers = GaugeMetricFamily("ecr_audit_store_answers", "1 if the database answered this scrape.")
        try:
            found = list(self._stored())
        except (DatabaseError, StoreError) as error:
            log.error("store-not-answering", reason=type(error).__name__)
            answers.add_metric([], 0)
            yield answers
            return
        answers.add_metric([], 1)
        yield answers
        yield from found

    def _schedules(self) -> Iterator[Metric]:
        from schedules.calendar.occasions import occasions

        now = self._services.clock()
        paused = _gauge("schedule_paused", "1 if the configuration pauses the schedule.", "schedule")
        next_at = _gauge("next_occasion_timestamp_seconds", "When the schedule is due next.", "schedule")
        for name, schedule in self._services.configuration.schedules.items():
            paused.add_metric([name], schedule.paused)
            if not schedule.paused:
                for moment in tuple(occasions(schedule, now, now + _HORIZON, limit=1)):
                    next_at.add_metric([name], moment.timestamp())
        yield paused
        yield next_at

    def _stored(self) -> Iterator[Metric]:
        services = self._services
        status = service_status(services.store.engine, services.configuration.schedules, services.clock())
        by_schedule, waiting = status.schedules, status.queue
        yield from _outcomes(by_schedule)
        yield from _last_runs(by_schedule)
        yield from self._asked(by_schedule)
        jobs = _gauge("jobs", "Jobs that wait or run.", "kind", "state")
        for (kind, state), number in waiting.counts.items():
            jobs.add_metric([kind.value, state.value], number)
        yield jobs
        oldest = _gauge("oldest_waiting_job_timestamp_seconds", "When the job that has waited longest was requested.")
        if waiting.oldest_waiting is not None:
            oldest.add_metric([], waiting.oldest_waiting.timestamp())
        yield oldest
        receipts = _gauge("receipts", f"Receipts of deliveries of the last {RECEIPT_DAYS} days.", "delivery", "state")
        for (delivery, outcome), number in sorted(status.receipts.items()):
            receipts.add_metric([one_line(delivery), one_line(outcome)], number)
        yield receipts
        yield GaugeMetricFamily("ecr_audit_runs_stored", "Stored runs.", value=status.runs)
        yield GaugeMetricFamily("ecr_audit_runs_held", "Runs under legal hold.", value=status.held)

    def _asked(self, by_schedule: Mapping[str, ScheduleStatus]) -> Iterator[Metric]:
        """API requests of the newest run of each schedule."""
        readable = _gauge("last_run_readable", "1 if the last run's file exists and is unaltered.", "schedule")
        calls = _gauge("last_run_api_calls", "Requests to AWS of the last run, retries included.", "schedule")
        refused = _gauge("last_run_api_calls_refused", "Of these, those that AWS denied.", "schedule")
        throttled = _gauge("last_run_api_calls_throttled", "Of these, those that AWS throttled.", "schedule")
        for name, one in by_schedule.items():
            if one.line is None:
                continue
            found = self._calls.of(self._services.store, one.line.id)
            readable.add_metric([name], found is not None)
            for family, number in zip((calls, refused, throttled), found or (), strict=False):
                family.add_metric([name], number)
        yield from (readable, calls, refused, throttled)


def _outcomes(by_schedule: Mapping[str, ScheduleStatus]) -> Iterator[Metric]:
    """How the jobs of each schedule ended."""
    success = _gauge(
        "last_success_timestamp_seconds", "When the schedule's last audit that produced a run ended.", "schedule"
    )
    due = _gauge("last_due_timestamp_seconds", "The schedule's latest occasion that was recorded.", "schedule")
    outcome = _gauge("last_outcome", "1 for how the schedule's last job ended, 0 for other ways.", "schedule", "state")
    duration = _gauge("last_job_duration_seconds", "Duration of the last audit that produced a run.", "schedule")
    attempts = _gauge("last_job_attempts", "How often that audit was started.", "schedule")
    delivery = _gauge(
        "last_delivery",
        "1 for the state of a delivery of the last job, 0 for other states.",
        "schedule",
        "delivery",
        "state",
    )
    for name, one in by_schedule.items():
        if one.due_at is not None:
            due.add_metric([name], one.due_at.timestamp())
        if one.good is not None:
            success.add_metric([name], one.good.finished_at.timestamp())
            attempts.add_metric([name], one.good.attempts)
            if one.good.seconds is not None:
                duration.add_metric([name], one.good.seconds)
        if one.last is not None:
            for state in JobState:
                if state.ended and state is not JobState.COALESCED:
                    outcome.add_metric([name, state.value], state is one.last.state)
        for target, outcome_of_target in one.receipts.items():
            for receipt in ReceiptState:
                delivery.add_metric([name, one_line(target), receipt.value], receipt.value == outcome_of_target)
    yield from (success, due, outcome, duration, attempts, delivery)


_NUMBERS: tuple[tuple[str, str, Callable[[RunListEntry], int]], ...] = (
    ("unknown", "Rows with an unknown result or a check error.", lambda line: line.unknown + line.errors),
    ("waived", "Failures that a waiver covers.", lambda line: line.waived),
    ("passed", "Rows that passed.", lambda line: line.passed),
    ("gaps", "Reads that were denied or failed after all retries.", lambda line: line.gaps),
    ("registries_planned", "Registries that were planned to be read.", lambda line: line.registries_planned),
    ("registries_complete", "Registries that were read completely.", lambda line: line.registries_complete),
)
"""Name, meaning and value of each number of a run."""


def _last_runs(by_schedule: Mapping[str, ScheduleStatus]) -> Iterator[Metric]:
    """What the newest run of each schedule found."""
    lines = {name: one.line for name, one in by_schedule.items() if one.line is not None}
    failing = _gauge("last_run_findings_open", "Unwaived failures of the last run.", "schedule", "severity")
    for name, line in lines.items():
        for severity, number in line.failing.items():
            failing.add_metric([name, severity], number)
    yield failing
    for what, meaning, value in _NUMBERS:
        family = _gauge(f"last_run_{what}", f"{meaning[:-1]}, of the last run.", "schedule")
        for name, line in lines.items():
            family.add_metric([name], value(line))
        yield family


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ecr_audit_{name}", meaning, labels=labels)
