"""`ecr-audit schedule`: what recurs, when it is due, one audit now, and the check of a configuration."""

from __future__ import annotations

import csv
import datetime as dt
import json
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.store import open_store
from ecr_audit.cli import schedule as commands
from ecr_audit.cli.schedule_run import JobProgress
from ecr_audit.simulator import serve
from schedules.configuration.loading import example_configuration
from schedules.deliveries.receipts import Receipts
from schedules.jobs.leases import Leases
from schedules.jobs.queue import Job, JobQueue, JobState, Kind
from tests.docs.quick_ecr_audit import kept_ecr_audit
from tests.ecr_audit.test_commands import ENVIRONMENT, ecr_audit
from tests.ecr_audit.test_end_to_end import small_world

pytestmark = pytest.mark.xdist_group("commands")
NOW = dt.datetime(2026, 3, 28, 12, 0, tzinfo=dt.UTC)
"""The day before the clocks go forward in Europe."""
CONFIGURATION = """
store: data
schedules:
  nightly: {every: nightly, timezone: Europe/Berlin, deliveries: [archive]}
  hourly: {cron: "0 * * * *", timezone: America/New_York}
  asleep: {every: weekly, paused: true}
deliveries:
  archive: {type: folder, folder: out, attach: [csv], scripts: false}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "_now", lambda: NOW)
    for name in ("ECR_AUDIT_CONFIG", "ECR_AUDIT_STORE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "service.yaml").write_text(CONFIGURATION)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(commands.schedule, arguments)


def recorded(folder: Path, schedule: str, state: JobState, reason: str = "", at: dt.datetime = NOW) -> Job:
    queue = JobQueue(open_store(str(folder / "data")).engine, lambda: at)
    job = queue.enqueue(Kind.AUDIT, by="me", schedule=schedule, state=state, reason=reason)
    assert job is not None
    return job


def test_list(folder: Path) -> None:
    recorded(folder, "nightly", JobState.FAILED, "AWS said\n\x1b[31mno")
    recorded(folder, "nightly", JobState.COALESCED, "a later one stands for it", NOW + dt.timedelta(hours=1))
    answer = call("list")
    assert answer.exit_code == 0, answer.output
    head, nightly, hourly, asleep = answer.output.splitlines()
    assert head.split() == ["NAME", "WHEN", "TIME", "ZONE", "NEXT", "LAST"]
    assert "every day at 02:30   Europe/Berlin     Sun 2026-03-29 03:00 +0200" in nightly
    assert "failed 2026-03-28 12:00 UTC: AWS said" in nightly
    assert "\x1b" not in answer.output
    assert "Sat 2026-03-28 09:00 -0400" in hourly
    assert hourly.endswith("never ran")
    assert "on Mondays at 02:30" in asleep
    assert "paused" in asleep


def test_list_as_json(folder: Path) -> None:
    job = recorded(folder, "nightly", JobState.MISSED, "the service was not running")
    nightly, _, asleep = json.loads(call("list", "--json").output)
    assert nightly == {
        "name": "nightly",
        "words": "every day at 02:30",
        "cron": "30 2 * * *",
        "timezone": "Europe/Berlin",
        "paused": False,
        "next_at": "2026-03-29T01:00:00+00:00",
        "next_local": "2026-03-29T03:00:00+02:00",
        "last": {
            "job": job.id,
            "state": "missed",
            "at": NOW.isoformat(),
            "reason": "the service was not running",
            "run": None,
        },
    }
    assert (asleep["paused"], asleep["next_at"], asleep["last"]) == (True, None, None)


def test_list_looks_where_the_store_is_said_to_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(folder / "other", "nightly", JobState.CANCELLED, "cancelled by me")
    assert "cancelled by me" not in call("list").output
    assert "cancelled by me" in call("list", "--store", str(folder / "other" / "data")).output
    monkeypatch.setenv("ECR_AUDIT_STORE", str(folder / "other" / "data"))
    assert "cancelled by me" in call("list").output


def test_list_without_any(folder: Path) -> None:
    (folder / "empty.yaml").write_text("version: 1\n")
    assert "has no schedule" in call("list", "--config", "empty.yaml").output
    assert call("list", "--config", "empty.yaml", "--json").output == "[]\n"


def test_next_shows_what_daylight_saving_does(folder: Path) -> None:
    answer = call("next", "nightly", "--count", "2")
    assert answer.output.splitlines() == [
        "nightly: every day at 02:30, Europe/Berlin",
        "  Sun 2026-03-29 03:00 +0200  01:00 UTC  daylight saving time skips the scheduled time; this is the"
        " first moment after the gap",
        "  Mon 2026-03-30 02:30 +0200  00:30 UTC",
    ]
    assert json.loads(call("next", "nightly", "--count", "1", "--json").output) == [
        {
            "at": "2026-03-29T01:00:00+00:00",
            "local": "2026-03-29T03:00:00+02:00",
            "remark": "daylight saving time skips the scheduled time; this is the first moment after the gap",
        }
    ]
    assert "(paused: it will not run)" in call("next", "asleep").output


def test_next_of_a_rare_day(folder: Path) -> None:
    (folder / "rare.yaml").write_text("schedules: {rare: {cron: 0 0 29 2 *}}")
    lines = call("next", "rare", "--config", "rare.yaml", "--count", "3").output.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["2028-02-29", "2032-02-29", "2036-02-29"]


@pytest.mark.parametrize("command", ["next", "run"])
def test_a_name_that_nobody_knows(folder: Path, command: str) -> None:
    answer = call(command, "nihgtly")
    assert answer.exit_code == 2
    assert "schedule 'nihgtly' does not exist: did you mean nightly?" in answer.output


@pytest.mark.parametrize("arguments", [["list"], ["next", "x"], ["run", "x"], ["check"]])
def test_a_configuration_that_is_not_there(folder: Path, arguments: list[str]) -> None:
    answer = call(*arguments, "--config", "nowhere.yaml")
    assert answer.exit_code == 2
    assert "configuration file nowhere.yaml does not exist" in answer.output
    assert "ecr-audit schedule example > service.yaml" in answer.output


def test_the_variable_names_the_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "service.yaml").rename(folder / "elsewhere.yaml")
    monkeypatch.setenv("ECR_AUDIT_CONFIG", str(folder / "elsewhere.yaml"))
    assert call("check").exit_code == 0
    assert call("check", "--config", "service.yaml").exit_code == 2


def test_check_notes_what_may_not_be_meant(folder: Path) -> None:
    (folder / "odd.yaml").write_text(
        """
schedules:
  often: {cron: "* 2 * * *", deliveries: [chat]}
  alone: {every: weekly, paused: true}
deliveries:
  chat: {type: slack, url: {env: NO_SUCH_VARIABLE}}
  mail: {type: smtp, host: h, username: u, password: {file: nowhere}, sender: a@b.example, to: [c@d.example]}
"""
    )
    answer = call("check", "--config", "odd.yaml")
    assert answer.exit_code == 0, answer.output
    assert answer.output.splitlines() == [
        "odd.yaml: valid; schedules: often, alone; deliveries: chat, mail",
        "  note: often is due every day at minute 0-59 of hour 2: at times 1 minutes apart",
        "  note: alone is paused",
        "  note: alone sends no notifications: it has no delivery",
        "  note: deliveries.chat.url: the variable NO_SUCH_VARIABLE is not set here",
        "  note: the delivery mail is not used by any schedule",
        f"  note: deliveries.mail.password: {folder}/nowhere cannot be read here",
    ]


def test_check_looks_into_the_files_that_are_named(folder: Path) -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "own.json").write_text("{}")
    (folder / "baseline.yaml").write_text("versoin: 1\nseverity: {no.such-check: low}\n")
    (folder / "waivers.yaml").write_text("waivers: 1\n")
    (folder / "named.yaml").write_text(
        "schedules:\n"
        "  one: {every: nightly, baseline: baseline.yaml, waivers: waivers.yaml, custom_checks: rules}\n"
        "  two: {every: weekly, baseline: baseline.yaml}\n"
    )
    answer = call("check", "--config", "named.yaml")
    assert answer.exit_code == 2
    said = answer.output.removeprefix("Error: ").splitlines()
    assert [line.partition(":")[0] for line in said[:3]] == [
        f"{folder}/baseline.yaml", f"{folder}/baseline.yaml", f"{folder}/waivers.yaml",
    ]  # fmt: skip
    assert "did you mean version?" in said[0]
    assert said[3].startswith(f"{folder}/rules/own.json: ")
    assert len(said) == 4


def test_check_shows_every_problem(folder: Path) -> None:
    (folder / "bad.yaml").write_text("schedules: {a: {cron: 0 0 30 2 *}, b: {every: nigtly}}\n")
    answer = call("check", "--config", "bad.yaml")
    assert answer.exit_code == 2
    assert "bad.yaml:1:23: schedules.a.cron: never matches: none of its months has a day 30" in answer.output
    assert "bad.yaml:1:47: schedules.b.every: 'nigtly' is not one of" in answer.output


def test_the_example_can_be_begun_with(folder: Path) -> None:
    assert call("example").output == example_configuration()
    (folder / "begun.yaml").write_text(call("example").output)
    assert call("check", "--config", "begun.yaml").exit_code == 0
    assert json.loads(call("schema").output)["title"] == "ecr-audit service"


# --- one audit now ----------------------------------------------------------------------------------------------------


def test_run_audits_delivers_and_says_what_came_of_it(folder: Path) -> None:
    destination = "{account: same, region: us-east-1}"
    (folder / "baseline.yaml").write_text(
        f"version: 1\nreplication:\n  - name: copies in the US\n    destinations: [{destination}]\n"
    )
    (folder / "service.yaml").write_text(
        "store: data\n"
        "schedules: {nightly: {every: nightly, baseline: baseline.yaml, deliveries: [archive, chat]}}\n"
        "deliveries:\n"
        "  archive: {type: folder, folder: out, attach: [csv], scripts: false}\n"
        "  chat: {type: slack, url: {env: NO_SUCH_VARIABLE}}\n"
    )
    with serve(small_world()) as simulation:
        answer = ecr_audit(
            "schedule", "run", "nightly", "--config", str(folder / "service.yaml"), **simulation.environment()
        )
    assert answer.returncode == 4, answer.stdout + answer.stderr
    assert "delivery archive: sent" in answer.stdout
    assert "delivery chat: failed: " in answer.stdout
    # What is seen of the steps depends on when they are looked at: `JobProgress` has a test of its own.
    assert answer.stderr.startswith("waiting\n")
    store = open_store(str(folder / "data"))
    (line,) = store.list()
    with (folder / "out" / "nightly" / line.id / "findings.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file))
    (job,) = JobQueue(store.engine, lambda: NOW).list()
    assert (job.state, job.run, job.due_at, job.schedule) == (JobState.DONE, line.id, None, "nightly")
    assert [(act.act, act.subject) for act in store.audit_log()] == [("audit", "nightly")]
    assert f"done {job.finished_at:%Y-%m-%d %H:%M} UTC: {line.id}" in call("list").output


def test_each_step_of_a_job_is_printed_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    queue = JobQueue(open_store(str(tmp_path)).engine, lambda: NOW)
    job = queue.enqueue(Kind.AUDIT, by="test", schedule="nightly")
    assert job is not None
    running = replace(job, state=JobState.RUNNING, note="collecting", done=1, total=2)
    checks = replace(running, note="evaluating checks", done=2)
    again = replace(job, reason="its process ended")
    show = JobProgress()
    for one in (job, running, running, checks, again, replace(checks, state=JobState.DONE)):
        show(one)
    assert capsys.readouterr().err.splitlines() == [
        "waiting", "running: collecting (1 of 2)", "running: evaluating checks", "waiting: its process ended",
    ]  # fmt: skip


def test_run_that_is_stopped_is_cancelled_and_no_other_service_continues_it(folder: Path) -> None:
    slow = [{"operation": "ecr:DescribeRegistry", "kind": "latency", "seconds": 20.0}]
    with serve(small_world(faults=slow)) as simulation:
        process = subprocess.Popen(
            [kept_ecr_audit(), "schedule", "run", "nightly", "--config", str(folder / "service.yaml")],
            stderr=subprocess.PIPE, text=True, env=ENVIRONMENT | simulation.environment(),
        )  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("running: reading"):
                break
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
        assert process.wait(timeout=60) == 128 + signal.SIGTERM, said
    (job,) = JobQueue(open_store(str(folder / "data")).engine, lambda: NOW).list()
    assert job.state is JobState.CANCELLED
    assert job.reason.startswith("cancelled by ")


def test_run_only_follows_what_a_service_has_taken(folder: Path) -> None:
    """Another process holds the audit: this one reports it, and its end is that one's."""
    store = open_store(str(folder / "data"))
    queue = JobQueue(store.engine, lambda: dt.datetime.now(dt.UTC))
    assert Leases(store.engine).take("schedule:nightly", "another", time.time())
    process = subprocess.Popen(
        [kept_ecr_audit(), "schedule", "run", "nightly", "--config", str(folder / "service.yaml")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (waiting := queue.waiting()) and time.monotonic() < until:
        time.sleep(0.1)
    (job,) = waiting
    assert queue.begin(job.id, "another")
    assert queue.end(job.id, "another", JobState.TIMED_OUT, "it took longer than 240 minutes")
    Receipts(store.engine, lambda: NOW).promise(job.id, "archive")
    Receipts(store.engine, lambda: NOW).suppressed(job.id, "archive", "nothing to tell")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert "the audit did not succeed (timed-out): it took longer than 240 minutes" in said
    assert "delivery archive: suppressed: nothing to tell" in said
