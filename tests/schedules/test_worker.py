"""A real worker process: what it leaves when it is done, told to end, or loses its parent."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.store import Store, open_store
from checks.catalog import CHECKS
from ecr_audit.simulator import DEMO_WORLD, Simulation, load_world, serve
from ecr_audit.simulator.faults import Fault
from schedules.configuration.service import AwsSection, Configuration, Retention, Schedule, ScopeSettings
from schedules.deliveries.folder import FolderDelivery
from schedules.deliveries.receipts import Receipts, ReceiptState
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from schedules.service.processes import Task, WorkerCommand
from schedules.service.worker import utc_now

SECONDS = 120.0


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulation]:
    with serve(load_world(DEMO_WORLD)) as found:
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def configuration(tmp_path: Path, simulation: Simulation) -> Configuration:
    return Configuration(
        aws=AwsSection(endpoint_url=simulation.endpoint, processes=1),
        retention=Retention(runs=5),
        schedules={
            "nightly": Schedule(
                every="nightly", scope=ScopeSettings(accounts=("210000000041",)), deliveries=("archive", "gone")
            )
        },
        deliveries={"archive": FolderDelivery(type="folder", folder=str(tmp_path / "archive"), attach=("csv",))},
    )


def begun(store: Store, **more: object) -> Job:
    queue = JobQueue(store.engine, utc_now)
    job = queue.enqueue(Kind.AUDIT, by="ada", schedule="nightly", request={"deliveries": ["archive", "gone"]}, **more)  # type: ignore[arg-type]
    assert job is not None
    taken = queue.begin(job.id, "this attempt")
    assert taken is not None
    return taken


def worker(store: Store, configuration: Configuration, job: Job) -> subprocess.Popen[bytes]:
    command = WorkerCommand(
        task=Task.WORK,
        job=job.id,
        holder=job.holder,
        store=store.engine.url.render_as_string(hide_password=False),
        configuration=configuration.model_dump_json(),
    )
    process = subprocess.Popen([sys.executable, "-P", "-m", "schedules.service.worker"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(command.as_line())
    process.stdin.flush()
    return process


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def found(store: Store, job: Job) -> Job:
    now = JobQueue(store.engine, utc_now).get(job.id)
    assert now is not None
    return now


def test_it_records_the_outcome_and_tells_whoever_was_promised(
    store: Store, configuration: Configuration, tmp_path: Path
) -> None:
    job = begun(store)
    with worker(store, configuration, job) as process:
        assert process.wait(SECONDS) == 0
    ended = found(store, job)
    assert (ended.state, ended.reason) == (JobState.DONE, "")
    assert store.run_of(job.id) == ended.run
    run = store.load(ended.run)
    assert [one.id for one in run.checks] == [one.id for one in CHECKS]
    assert {one.check for one in run.results} == {one.id for one in run.checks}
    assert all(one.title and one.what and one.why and one.fix for one in run.checks)
    receipts = {one.delivery: one for one in Receipts(store.engine, utc_now).of(job.id)}
    assert receipts["archive"].state is ReceiptState.SENT
    assert (tmp_path / "archive" / "nightly" / ended.run / "findings.csv").exists()
    assert receipts["gone"].state is ReceiptState.FAILED
    assert "the delivery 'gone' is no longer configured" in receipts["gone"].reason


def test_told_to_end_it_keeps_what_it_read_and_another_goes_on(
    store: Store, configuration: Configuration, simulation: Simulation
) -> None:
    # The last registry of the account answers slowly, so that others are read by then.
    slow = Fault("ecr:DescribeRegistry", "latency", regions=("us-east-1",), seconds=3.0)
    simulation.world.faults = (*simulation.world.faults, slow)
    job = begun(store)
    kept = store.folder / "collections"
    with worker(store, configuration, job) as process:
        until(lambda: any(kept.glob("*/summary-*.json")))
        process.terminate()
        assert process.wait(SECONDS) == 143
    assert found(store, job).state is JobState.RUNNING, "what becomes of it is for its parent to say"
    queue = JobQueue(store.engine, utc_now)
    assert queue.again(job.id, job.holder, "the service was stopped", counted=False)
    simulation.world.faults = simulation.world.faults[:-1]
    again = queue.begin(job.id, "the next attempt")
    assert again is not None
    with worker(store, configuration, again) as process:
        assert process.wait(SECONDS) == 0
    run = store.load(found(store, job).run)
    assert any("reused from an interrupted collection" in note for note in run.notes)


def test_it_ends_when_its_parent_does(store: Store, configuration: Configuration, simulation: Simulation) -> None:
    simulation.world.faults = (Fault("organizations:*", "latency", seconds=20.0),)
    job = begun(store)
    with worker(store, configuration, job) as process:
        until(lambda: found(store, job).note != "")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(SECONDS) == 143


def test_a_baseline_that_is_wrong_fails_the_job_at_once(
    store: Store, configuration: Configuration, tmp_path: Path
) -> None:
    (tmp_path / "baseline.yaml").write_text("replicaton: []\n")
    wrong = configuration.schedules["nightly"].model_copy(update={"baseline": str(tmp_path / "baseline.yaml")})
    job = begun(store)
    with worker(store, configuration.model_copy(update={"schedules": {"nightly": wrong}}), job) as process:
        assert process.wait(SECONDS) == 0
    ended = found(store, job)
    assert ended.state is JobState.FAILED
    assert "baseline.yaml:1" in ended.reason
    assert "unknown key" in ended.reason


def test_an_attempt_that_lost_its_job_changes_nothing(store: Store, configuration: Configuration) -> None:
    job = begun(store)
    other = JobQueue(store.engine, lambda: utc_now() + dt.timedelta(minutes=5))
    assert other.again(job.id, job.holder, "its service died")
    assert other.begin(job.id, "the next attempt") is not None
    with worker(store, configuration, job) as process:
        assert process.wait(SECONDS) == 0
    assert found(store, job).state is JobState.RUNNING
    assert found(store, job).holder == "the next attempt"
