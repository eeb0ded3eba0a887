"""Worker processes that die, and runs that are interrupted: nothing is lost silently, and no process stays behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.aws import AwsSettings
from audit.evidence import RegistryEvidence
from audit.inventory.executors import ProcessExecutor, TaskFailure, WorkerSetup
from audit.inventory.tasks import SummaryTask
from tests.audit.endpoint import Answer, Endpoint, Request, endpoint

OWN = "111111111111"
ROOT = Path(__file__).parents[3]
ANSWERS = {
    "DescribeRegistry": {"replicationConfiguration": {"rules": []}},
    "GetRegistryPolicy": {"policyText": "{}"},
    "DescribeRepositories": {"repositories": []},
}


def kill_workers() -> None:
    for child in multiprocessing.active_children():
        os.kill(child.pid or 0, signal.SIGKILL)


def region_of(request: Request) -> str:
    return request.headers["Authorization"].split("/")[2]


@contextmanager
def workers(served: Endpoint, processes: int = 2) -> Iterator[ProcessExecutor]:
    settings = AwsSettings(endpoint_url=served.url, home_region="eu-west-1")
    pool = ProcessExecutor(WorkerSetup(settings, OWN, "aws", None, threads=2), processes)
    try:
        yield pool
    finally:
        pool.close()
        assert multiprocessing.active_children() == []


def tasks(*regions: str) -> list[SummaryTask]:
    return [SummaryTask(OWN, region, "aws") for region in regions]


REGIONS = ("eu-west-1", "eu-west-2", "eu-west-3", "us-east-1", "us-east-2", "us-west-2")


def test_every_task_has_an_outcome() -> None:
    with endpoint(lambda request: (200, ANSWERS[request.operation])) as served, workers(served) as pool:
        outcomes = list(pool.run(tasks(*REGIONS)))
        again = list(pool.run(tasks("eu-west-1")))
    assert sorted(task.region for task, _ in outcomes) == sorted(REGIONS)
    assert all(isinstance(outcome, RegistryEvidence) and not outcome.gaps for _, outcome in outcomes)
    assert len(again) == 1


def test_what_a_dead_worker_did_is_done_by_another() -> None:
    killed: list[str] = []

    def answer(request: Request) -> Answer:
        if not killed:
            killed.append(region_of(request))
            kill_workers()
        return 200, ANSWERS[request.operation]

    with endpoint(answer) as served, workers(served) as pool:
        outcomes = list(pool.run(tasks(*REGIONS)))
    assert killed
    assert Counter(task.region for task, _ in outcomes) == Counter(REGIONS)
    assert all(isinstance(outcome, RegistryEvidence) and not outcome.gaps for _, outcome in outcomes)


def test_a_registry_that_kills_its_workers_is_given_up_and_the_others_are_read() -> None:
    def answer(request: Request) -> Answer:
        if region_of(request) == "us-east-1":
            kill_workers()
        return 200, ANSWERS[request.operation]

    with endpoint(answer) as served, workers(served, processes=1) as pool:
        outcomes = dict(pool.run(tasks("us-east-1")))
        after = list(pool.run(tasks("eu-west-1", "eu-west-2")))
    (lost,) = outcomes.values()
    assert isinstance(lost, TaskFailure)
    assert lost.code == "WorkerDied"
    assert len(after) == 2
    assert all(isinstance(outcome, RegistryEvidence) for _, outcome in after)


def test_workers_do_not_import_what_only_tables_need() -> None:
    script = (
        "import sys, audit.inventory.executors; "
        "heavy = {'pandas', 'pydantic', 'great_expectations', 'boto3', 'sqlalchemy'} & set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


INTERRUPTED = """
import sys
from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from audit.inventory.protocols import NoCheckpoint
from checks.baseline.schema import Baseline

class Kept(NoCheckpoint):
    def save(self, phase, evidence):
        print(phase, evidence.registry.region, flush=True)

try:
    collect(AwsSettings(), Scope(regions=("eu-west-1", "us-east-1")), Baseline(), processes=int(sys.argv[1]),
            checkpoint=Kept(), now=0.0)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_ends_quickly_keeps_what_is_finished_and_leaves_no_process_behind(processes: int) -> None:
    def answer(request: Request) -> Answer:
        if request.operation == "/":
            return 200, _query(request.body["raw"])
        if request.operation == "DescribeOrganization":
            return 400, {"__type": "AWSOrganizationsNotInUseException"}
        if request.operation in ANSWERS and region_of(request) == "us-east-1":
            time.sleep(15.0)  # a registry that AWS is slow to answer for
        return 200, ANSWERS.get(request.operation, {})

    with endpoint(answer) as served:
        run = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, str(processes)],
            cwd=ROOT,
            env={**os.environ, "AWS_ENDPOINT_URL": served.url},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert run.stdout is not None
        try:
            assert run.stdout.readline() == "summary eu-west-1\n"
            began = time.monotonic()
            os.killpg(run.pid, signal.SIGINT)
            assert run.stdout.read() == "interrupted\n"
            assert run.wait(timeout=10.0) == 130
            assert time.monotonic() - began < 10.0, "it did not wait for the slow answer"
            _wait_until_gone(run.pid)
        finally:
            run.kill()
            run.wait()
            run.stdout.close()


def _query(raw: str) -> bytes:
    if "GetCallerIdentity" in raw:
        identity = f"<Account>{OWN}</Account><Arn>arn:aws:iam::{OWN}:user/someone</Arn>"
        return f"<R><GetCallerIdentityResult>{identity}</GetCallerIdentityResult></R>".encode()
    names = "".join(f"<item><regionName>{name}</regionName></item>" for name in ("eu-west-1", "us-east-1"))
    return f"<R><regionInfo>{names}</regionInfo></R>".encode()


def _wait_until_gone(group: int) -> None:
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("a process of the run is still there")
