"""Metrics and readiness, over real stores: what they say is what happened, in a form that Prometheus takes."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from audit.model import Run
from audit.store import Store, open_store, schema
from checks.model import Severity
from ecr_audit.web import health
from ecr_audit.web.metrics import router as metrics_router
from ecr_audit.web.security.roles import LOCAL_USER, Role, User
from ecr_audit.web.services import Services
from schedules.configuration.service import Configuration
from schedules.deliveries.receipts import Receipts
from schedules.jobs.queue import Job, JobState, Kind
from tests.reports.mixed import mixed_run

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
CONFIGURATION = Configuration.model_validate(
    {
        "schedules": {
            "nightly": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"},
            "weekly": {"every": "weekly"},
            "asleep": {"every": "hourly", "paused": True},
        }
    },
    strict=True,
)


@dataclass
class World:
    """A store with a clock that tests turn, and an application over it."""

    store: Store
    services: Services
    app: FastAPI
    now: dt.datetime = NOW
    user: User | None = LOCAL_USER

    def get(self, path: str, **headers: str) -> httpx.Response:
        return call(self.app, path, **headers)

    def values(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """(name without prefix, label values) → value."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        return {
            (one.name.removeprefix("ecr_audit_"), tuple(one.labels[key] for key in sorted(one.labels))): one.value
            for family in families
            for one in family.samples
        }

    def job(self, schedule: str, state: JobState, *, due_at: dt.datetime | None = None, run: str = "") -> Job:
        """A job that took ten minutes and ended at *now*."""
        queue = self.services.queue
        if state in (JobState.MISSED, JobState.COALESCED):
            asked = queue.enqueue(Kind.AUDIT, by="schedule", schedule=schedule, due_at=due_at, state=state, reason="r")
            assert asked is not None
            return asked
        end = self.now
        self.now = end - dt.timedelta(minutes=10)
        asked = queue.enqueue(Kind.AUDIT, by="schedule", schedule=schedule, due_at=due_at)
        assert asked is not None
        queue.begin(asked.id, "h")
        self.now = end
        if run:
            queue.made(asked.id, "h", run)
        queue.end(asked.id, "h", state)
        ended = queue.get(asked.id)
        assert ended is not None
        return ended


def a_run(**changes: Any) -> Run:
    return mixed_run(documents={}, **changes)


def call(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://audit.test") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = open_store(str(tmp_path / "store"))
    app = FastAPI()
    app.include_router(metrics_router)
    app.include_router(health.router)
    made: World
    services = Services(CONFIGURATION, store, lambda: made.now)
    made = World(store, services, app)
    app.state.services = services

    @app.middleware("http")
    async def known(request: Request, go_on: Callable[..., Any]) -> Any:
        request.state.user, request.state.refused = made.user, ""
        return await go_on(request)

    yield made
    store.engine.dispose()


def test_what_a_night_left_is_reported(world: World) -> None:
    run = a_run()
    world.store.save(run, {})
    due = dt.datetime(2026, 11, 23, 1, 30, tzinfo=dt.UTC)
    job = world.job("nightly", JobState.DONE, due_at=due, run=run.id)
    receipts = Receipts(world.store.engine, lambda: world.now)
    receipts.promise(job.id, "mail", run.id)
    receipts.failed(job.id, "mail", "refused")
    receipts.suppressed(job.id, "chat", "nothing new")
    values = world.values()
    line = world.store.list()[0]
    assert values[("last_success_timestamp_seconds", ("nightly",))] == NOW.timestamp()
    assert values[("last_due_timestamp_seconds", ("nightly",))] == due.timestamp()
    assert values[("last_job_duration_seconds", ("nightly",))] == 600
    assert values[("last_job_attempts", ("nightly",))] == 1
    assert values[("last_outcome", ("nightly", "done"))] == 1
    assert values[("last_outcome", ("nightly", "failed"))] == 0
    assert values[("last_run_gaps", ("nightly",))] == len(run.gaps) > 0
    assert values[("last_run_unknown", ("nightly",))] == line.unknown + line.errors > 0
    assert values[("last_run_waived", ("nightly",))] == line.waived > 0
    assert values[("last_run_passed", ("nightly",))] == line.passed
    assert values[("last_run_registries_planned", ("nightly",))] == run.coverage.registries_planned
    assert values[("last_run_registries_complete", ("nightly",))] == run.coverage.registries_complete
    for severity in Severity:
        assert values[("last_run_findings_open", ("nightly", severity.value))] == line.failing[severity.value]
    assert values[("last_run_api_calls", ("nightly",))] == sum(run.calls.sent.values())
    assert values[("last_run_api_calls_refused", ("nightly",))] == sum(run.calls.refused.values())
    assert values[("last_run_api_calls_throttled", ("nightly",))] == sum(run.calls.throttled.values())
    assert values[("last_run_readable", ("nightly",))] == 1
    assert values[("last_delivery", ("mail", "nightly", "failed"))] == 1
    assert values[("last_delivery", ("mail", "nightly", "sent"))] == 0
    assert values[("receipts", ("chat", "suppressed"))] == 1
    assert values[("runs_stored", ())] == 1
    assert values[("store_answers", ())] == 1


def test_what_never_happened_has_no_value(world: World) -> None:
    values = world.values()
    assert not any(name.startswith("last_") for name, _labels in values)
    assert values[("schedule_paused", ("asleep",))] == 1
    assert values[("schedule_paused", ("nightly",))] == 0
    nightly = dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC)
    assert values[("next_occasion_timestamp_seconds", ("nightly",))] == nightly.timestamp()
    assert ("next_occasion_timestamp_seconds", ("asleep",)) not in values


def test_a_failure_after_a_success_is_the_outcome_and_the_success_stays(world: World) -> None:
    run = a_run()
    world.store.save(run, {})
    world.job("nightly", JobState.DONE, run=run.id)
    world.now += dt.timedelta(days=1)
    world.job("nightly", JobState.FAILED)
    world.now += dt.timedelta(hours=1)
    world.job("nightly", JobState.COALESCED, due_at=world.now)
    values = world.values()
    assert values[("last_success_timestamp_seconds", ("nightly",))] == NOW.timestamp()
    assert values[("last_outcome", ("nightly", "failed"))] == 1
    assert values[("last_outcome", ("nightly", "done"))] == 0
    assert ("last_outcome", ("nightly", "coalesced")) not in values


def test_the_queue_is_reported(world: World) -> None:
    queue = world.services.queue
    first = queue.enqueue(Kind.AUDIT, by="ann", schedule="nightly")
    world.now += dt.timedelta(minutes=5)
    queue.enqueue(Kind.REPORT, by="ann", run="r")
    running = queue.enqueue(Kind.AUDIT, by="ann")
    assert first is not None
    assert running is not None
    queue.begin(running.id, "h")
    values = world.values()
    assert values[("jobs", ("audit", "waiting"))] == 1
    assert values[("jobs", ("audit", "running"))] == 1
    assert values[("jobs", ("report", "waiting"))] == 1
    assert values[("oldest_waiting_job_timestamp_seconds", ())] == NOW.timestamp()


def test_a_run_that_was_pruned_or_altered_leaves_the_rest(world: World) -> None:
    run = a_run()
    world.store.save(run, {})
    world.job("nightly", JobState.DONE, run=run.id)
    world.job("weekly", JobState.DONE, run="20200101T000000Z-aaaaaa")
    (next(world.store.folder.rglob("run.json.gz"))).write_bytes(b"altered")
    values = world.values()
    assert values[("last_run_readable", ("nightly",))] == 0
    assert ("last_run_api_calls", ("nightly",)) not in values
    assert values[("last_run_gaps", ("nightly",))] == len(run.gaps)
    assert ("last_run_gaps", ("weekly",)) not in values
    assert ("last_success_timestamp_seconds", ("weekly",)) in values


def test_a_run_is_opened_once_for_its_calls(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run()
    world.store.save(run, {})
    world.job("nightly", JobState.DONE, run=run.id)
    before = world.values()
    monkeypatch.setattr(Store, "load", lambda *_: pytest.fail("opened again"))
    assert world.values()[("last_run_api_calls", ("nightly",))] == before[("last_run_api_calls", ("nightly",))]


def test_a_database_that_is_away_is_a_metric(world: World) -> None:
    with world.store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE jobs RENAME TO elsewhere"))
    values = world.values()
    assert values[("store_answers", ())] == 0
    assert ("next_occasion_timestamp_seconds", ("nightly",)) in values
    assert not any(name.startswith("last_") for name, _labels in values)


@pytest.mark.parametrize("stranger", [None])
def test_metrics_ask_who_reads_them_and_health_does_not(world: World, stranger: None) -> None:
    world.user = stranger
    assert world.get("/metrics").status_code == 401
    assert world.get("/healthz").status_code == 200
    assert world.get("/readyz").status_code == 200


# --- what `promtool check metrics` looks at ---------------------------------------------------------------------------


def full(world: World) -> str:
    run = a_run()
    world.store.save(run, {})
    for schedule in ("nightly", "weekly", "asleep"):
        job = world.job(schedule, JobState.DONE, run=run.id)
        Receipts(world.store.engine, lambda: world.now).failed(job.id, "mail", "refused")
    world.services.queue.enqueue(Kind.AUDIT, by="ann")
    return world.get("/metrics").text


def test_names_and_help_are_as_prometheus_wants_them(world: World) -> None:
    seen = set()
    for family in text_string_to_metric_families(full(world)):
        assert family.name not in seen, "a family may come once"
        seen.add(family.name)
        assert re.fullmatch("[a-z][a-z0-9_]*", family.name)
        assert family.documentation
        assert family.type in {"gauge", "counter", "info"}, family.name
        # promtool: base units, only counters end in _total, and names do not hold their type.
        assert not re.search("_(minutes|hours|days|milliseconds|ms|kilobytes|mebibytes|percent)(_|$)", family.name)
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))
        assert not re.search("_(gauge|counter|metric)(_|$)", family.name)
        labels = [tuple(sorted(one.labels.items())) for one in family.samples]
        assert len(labels) == len(set(labels)), "a series may come once"
        if not family.name.startswith("process_"):
            assert family.name.startswith("ecr_audit_")


def test_openmetrics_is_given_to_a_client_that_asks(world: World) -> None:
    plain = {family.name for family in text_string_to_metric_families(full(world))}
    answer = world.get("/metrics", accept="application/openmetrics-text; version=1.0.0\t;x,text/plain;q=0.5")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    names = {family.name for family in parse_openmetrics(answer.text)}
    assert {"ecr_audit_last_run_gaps", "ecr_audit_build"} <= names
    assert plain - names <= {"ecr_audit_build_info", "process_cpu_seconds"} | {name for name in plain if "cpu" in name}


@given(name=st.text(max_size=60), became=st.text(max_size=16))
def test_label_values_come_back_as_they_were(name: str, became: str) -> None:
    """Names of deliveries come from rows that an older configuration, or a hand, may have written."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    from ecr_audit.web.metrics import _gauge
    from reports.sanitize import one_line

    class One(Collector):
        def collect(self) -> Iterator[Any]:
            family = _gauge("receipts", "x", "delivery", "state")
            family.add_metric([one_line(name), one_line(became)], 1)
            yield family

    registry = CollectorRegistry()
    registry.register(One())
    (family,) = text_string_to_metric_families(generate_latest(registry).decode())
    (sample,) = family.samples
    assert (sample.labels["delivery"], sample.labels["state"]) == (one_line(name), one_line(became))


def test_hostile_names_in_rows_stay_labels(world: World) -> None:
    job = world.job("nightly", JobState.DONE, run="20260101T000000Z-aaaaaa")
    hostile = 'mail"} 1\necr_audit_store_answers 0\n\u202e\\'
    Receipts(world.store.engine, lambda: world.now).failed(job.id, hostile, "refused")
    text = world.get("/metrics").text
    assert "\u202e" not in text
    values = world.values()
    assert values[("store_answers", ())] == 1
    assert [labels for name, labels in values if name == "receipts"] == [
        ('mail"} 1 ecr_audit_store_answers 0 <U+202E>\\', "failed")
    ]


# --- readiness --------------------------------------------------------------------------------------------------------


class Service:
    def __init__(self, beat: float, trouble: str = "") -> None:
        self.beat, self.trouble = beat, trouble


def parts(answer: httpx.Response) -> dict[str, bool]:
    return {name: part["ok"] for name, part in answer.json()["parts"].items()}


def test_a_service_at_work_is_ready(world: World) -> None:
    world.app.state.service = Service(time.monotonic())
    answer = world.get("/readyz")
    assert answer.status_code == 200
    assert parts(answer) == {"database": True, "schema": True, "evidence": True, "files": True, "scheduler": True}


def test_a_service_that_is_being_stopped_gets_nobody_sent(world: World) -> None:
    world.app.state.closing = True
    answer = world.get("/readyz")
    assert answer.status_code == 503
    assert parts(answer)["web"] is False
    assert world.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("beat_seconds_ago", "trouble", "ready"),
    [(1.0, "", True), (health.SILENT_SECONDS + 1, "", False), (1.0, "the store does not answer", False)],
)
def test_the_scheduler_must_look_at_the_ledger(beat_seconds_ago: float, trouble: str, ready: bool) -> None:
    part = health.scheduler(Service(1000.0 - beat_seconds_ago, trouble), 1000.0)
    assert part.ok is ready
    assert trouble in part.detail


def test_before_its_first_look_a_service_is_not_ready() -> None:
    assert not health.scheduler(Service(0.0), 1000.0).ok


def test_a_database_of_another_schema_is_not_ready(world: World) -> None:
    with world.store.engine.begin() as connection:
        connection.execute(schema.revisions.update().values(version_num="99"))
    answer = world.get("/readyz")
    assert answer.status_code == 503
    assert parts(answer)["schema"] is False


def test_nothing_that_readiness_says_is_a_secret_or_a_path(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise sa.exc.OperationalError("connect postgresql://u:hunter2@db.internal/x", {}, Exception("hunter2"))

    monkeypatch.setattr(sa.Engine, "connect", refuses)
    answer = world.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == {"ok": False, "detail": "does not answer: OperationalError"}
    assert "hunter2" not in answer.text
    assert str(world.store.folder) not in answer.text


def test_a_database_that_hangs_holds_up_one_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    over, looks = threading.Event(), []
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(health, "database", lambda _store: looks.append(1) or (over.wait() and {}))
    examination = health.Examination(world.store, lambda: None)
    for _ in range(5):
        assert not examination.parts()["database"].ok
    over.set()
    assert len(looks) == 1


def test_a_folder_without_room_or_rights_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.room(tmp_path).ok
    assert not health.room(tmp_path / "gone").ok
    monkeypatch.setattr(health, "FREE_BYTES", 2**80)
    assert "free" in health.room(tmp_path).detail


def test_a_place_of_another_store_is_not_ready(world: World) -> None:
    with world.store.engine.begin() as connection:
        connection.execute(schema.about.update().where(schema.about.c.name == "identity").values(value="another"))
    answer = world.get("/readyz")
    assert parts(answer)["evidence"] is False
    assert str(world.store.folder) not in answer.text


def test_alive_is_said_without_looking_at_anything() -> None:
    app = FastAPI()
    app.include_router(health.router)
    answer = call(app, "/healthz")
    assert (answer.status_code, json.loads(answer.text)) == (200, {"status": "alive"})


def test_the_whole_application_has_them_and_its_own_doors(tmp_path: Path) -> None:
    """Through every layer: strangers get health alone, other names nothing."""
    from audit.store.access import AccessRows
    from ecr_audit.web.app import create_app
    from ecr_audit.web.security.tokens import Tokens

    store = open_store(str(tmp_path / "store"))
    configuration = Configuration.model_validate({"web": {"signin": "tokens", "names": ("audit.test",)}}, strict=True)
    services = Services(configuration, store, lambda: NOW)
    token = Tokens(AccessRows(store.engine), services.clock).add("prometheus", Role.READ)
    app = create_app(services)
    bearer = {"authorization": f"Bearer {token}"}
    assert call(app, "/healthz").status_code == 200
    assert call(app, "/readyz").status_code == 200
    # A browser is led to the page to sign in; a scraper finds no metrics there.
    assert call(app, "/metrics").status_code in (303, 401)
    assert call(app, "/metrics", authorization="Bearer wrong").status_code in (303, 401)
    assert "ecr_audit_store_answers 1.0" in call(app, "/metrics", **bearer).text
    assert call(app, "/metrics", host="rebound.example", **bearer).status_code == 421
    store.engine.dispose()


def test_numbers_of_a_schedule_do_not_depend_on_other_schedules(world: World) -> None:
    first, second = a_run(), a_run(id="20261123T030000Z-000001", gaps=())
    for run, schedule in ((first, "nightly"), (second, "weekly")):
        world.store.save(run, {})
        world.job(schedule, JobState.DONE, run=run.id)
    values = world.values()
    assert values[("last_run_gaps", ("weekly",))] == 0
    assert values[("last_run_gaps", ("nightly",))] == len(first.gaps)
