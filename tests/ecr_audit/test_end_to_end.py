"""The product as a user meets it: real processes, real HTTP, real files."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from checks.catalog import CHECKS
from ecr_audit.simulator import DEMO_BASELINE, DEMO_WORLD, World, load_world, serve
from tests.docs.quick_ecr_audit import kept_ecr_audit
from tests.ecr_audit.test_commands import ENVIRONMENT, ecr_audit, installed_ecr_audit

pytestmark = pytest.mark.xdist_group("commands")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    answer = installed_ecr_audit("demo", "--output", str(folder))
    assert answer.returncode == 0, answer.stderr
    assert str(folder / "report.pdf") in answer.stdout
    (folder / "said.txt").write_text(answer.stdout)
    return folder


def rows(folder: Path, name: str = "findings.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_demo_leaves_what_it_promises(demo: Path):
    assert (demo / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert len(rows(demo)) > 40
    scripts = sorted((demo / "remediation").glob("*.sh"))
    assert scripts
    for script in scripts:
        subprocess.run(["bash", "-n", str(script)], check=True)
    listed = json.loads(ecr_audit("runs", "list", "--json", "--store", str(demo / "store")).stdout)
    assert len(listed) == 1


def test_the_demo_shows_nearly_every_check_failing_somewhere_and_most_rows_healthy(demo: Path):
    document = json.loads((demo / "findings.json").read_text())
    failing = {finding["check"] for finding in document["findings"] if finding["status"] == "fail"}
    missing = [check.id for check in CHECKS if check.id not in failing]
    assert len(missing) <= len(CHECKS) // 10, "the demo is to show nearly every check"
    said = (demo / "said.txt").read_text()
    if missing:
        assert f"{len(failing)} of {len(CHECKS)} checks have a failure in this organization." in said
        assert f"Without a failure: {', '.join(missing)}." in said
    else:
        assert f"Each of the {len(CHECKS)} checks has a failure in this organization." in said
    counts = {name: sum(check["counts"][name] for check in document["checks"]) for name in ("pass", "fail")}
    assert counts["pass"] > 4 * counts["fail"]
    assert not [finding for finding in document["findings"] if finding["status"] == "error"]


def test_what_was_denied_is_neither_pass_nor_fail(demo: Path):
    """shipping-staging's registry policy could not be read: no judgement about grants there may be definite."""
    denied = [gap for gap in rows(demo, "gaps.csv") if gap["OPERATION"] == "ecr:GetRegistryPolicy"]
    assert denied
    for gap in denied:
        about = [
            row
            for row in rows(demo)
            if (row["ACCOUNT_UID"], row["REGION"]) == (gap["ACCOUNT_UID"], gap["REGION"])
            and row["CHECK_ID"].startswith("grants.")
        ]
        assert {row["STATUS"] for row in about} <= {"UNKNOWN"}


def test_a_kept_run_is_reported_again_without_aws_to_the_same_bytes(demo: Path, tmp_path: Path):
    answer = ecr_audit(
        "report", "latest", "--format", "csv,json", "--output", str(tmp_path), "--store", str(demo / "store")
    )
    assert answer.returncode == 0, answer.stderr
    for name in ("findings.csv", "gaps.csv", "findings.json"):
        assert (tmp_path / name).read_bytes() == (demo / name).read_bytes()


def small_world(**changes: object) -> World:
    document: dict[str, object] = {
        "version": 1,
        "accounts": [{"id": "111111111111", "name": "only", "state": "ACTIVE", "regions": ["eu-west-1", "us-east-1"]}],
        "registries": [
            {
                "account": "111111111111",
                "region": "eu-west-1",
                "repositories": [
                    {"name": "team/app", "images": [{"tags": ["1"], "pushed_at": "2026-01-01T00:00:00Z"}]}
                ],
            },
            {"account": "111111111111", "region": "us-east-1"},
        ],
    }
    return World.from_document(document | changes)


def audit(world: World, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    with serve(world) as simulation:
        return ecr_audit(
            "run", "--output", str(folder), "--store", str(folder / "store"), "--format", "json", "--processes", "1",
            *arguments, **simulation.environment(),
        )  # fmt: skip


def test_exit_codes(tmp_path: Path):
    clean = audit(small_world(), tmp_path / "clean")
    assert clean.returncode == 0, clean.stdout + clean.stderr

    denied = [{"operation": "ecr:GetRegistryPolicy", "region": "us-east-1", "kind": "deny"}]
    incomplete = audit(small_world(faults=denied), tmp_path / "incomplete")
    assert incomplete.returncode == 3, incomplete.stdout + incomplete.stderr

    baseline = tmp_path / "baseline.yaml"
    destination = "{account: same, region: us-east-1}"
    baseline.write_text(f"version: 1\nreplication:\n  - name: copies in the US\n    destinations: [{destination}]\n")
    failing = audit(small_world(), tmp_path / "failing", "--baseline", str(baseline))
    assert failing.returncode == 4, failing.stdout + failing.stderr
    lenient = audit(small_world(), tmp_path / "lenient", "--baseline", str(baseline), "--fail-on", "critical")
    assert lenient.returncode == 0, lenient.stdout + lenient.stderr


def test_a_narrowed_run_is_marked_and_is_never_the_latest(tmp_path: Path):
    store = ("--store", str(tmp_path / "store"))
    answer = audit(small_world(), tmp_path, "--checks", "limits", "--checks", "topology.no-cycle", "--severity", "high")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "narrowed to checks limits, topology.no-cycle of severity high or worse" in " ".join(answer.stdout.split())
    document = json.loads((tmp_path / "findings.json").read_text())
    evaluated = {check["id"] for check in document["checks"]}
    assert {one.partition(".")[0] for one in evaluated} <= {"limits", "topology"}
    assert evaluated | set(document["selection"]["not_evaluated"]) == {check.id for check in CHECKS}
    assert document["verdict"]["level"] == "incomplete"
    assert "[narrowed to checks limits" in ecr_audit("runs", "list", *store).stdout
    latest = ecr_audit("report", "latest", "--output", str(tmp_path / "again"), *store)
    assert latest.returncode == 2
    assert "every run in the store is narrowed" in latest.stderr
    baseline = tmp_path / "baseline.yaml"
    baseline.write_text("resilience: [{name: r}]\nsettings: [{regions: [us-esat-1], tags: {a: b}}]\n")
    valid = ecr_audit("baseline", "validate", str(baseline))
    assert "1 resilience requirement, 1 settings entry, 0 source settings entries" in valid.stdout
    assert f"Warning: {baseline}:2:23: settings[0].regions[0]: there is no Region 'us-esat-1'" in valid.stderr
    looked_up = ecr_audit("baseline", "validate", str(baseline), "--run", document["run"]["id"], *store)
    assert looked_up.returncode == 2
    assert ":2:23: settings[0].regions[0]: there is no Region 'us-esat-1'" in looked_up.stderr
    shown = ecr_audit("plan", document["run"]["id"], "--output", str(tmp_path / "plan"), *store)
    assert "This run was narrowed to checks limits" in shown.stdout, shown.stderr


def test_an_unknown_check_is_an_error_before_anything_is_read(tmp_path: Path):
    answer = audit(small_world(), tmp_path, "--checks", "limit")
    assert answer.returncode == 2, answer.stdout
    assert "there is no check or group 'limit'; did you mean limits?" in answer.stderr


def test_a_drafted_baseline_is_met_by_what_it_was_drafted_from(tmp_path: Path):
    baseline = tmp_path / "baseline.yaml"
    with serve(load_world(DEMO_WORLD)) as simulation:
        drafted = ecr_audit("baseline", "init", "--output", str(baseline), **simulation.environment())
    assert drafted.returncode == 0, drafted.stderr
    assert ecr_audit("baseline", "validate", str(baseline)).returncode == 0


def test_ctrl_c_stops_cleanly_and_resume_goes_on(tmp_path: Path):
    slow = [{"operation": "ecr:GetLifecyclePolicy", "kind": "latency", "seconds": 1.0}]
    document = load_world(DEMO_WORLD).to_document()
    arguments = [
        "run", "--baseline", str(DEMO_BASELINE), "--output", str(tmp_path), "--store", str(tmp_path / "store"),
        "--format", "json", "--processes", "2", "--accounts", "210000000021,210000000022",
    ]  # fmt: skip
    with serve(World.from_document(document | {"faults": slow})) as simulation:
        process = subprocess.Popen(
            [kept_ecr_audit(), *arguments],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env=ENVIRONMENT | simulation.environment(), start_new_session=True,
        )  # fmt: skip
        collections = tmp_path / "store" / "collections"
        deadline = time.monotonic() + 60
        while not list(collections.glob("*/*.json")) and time.monotonic() < deadline:
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        _out, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "--resume" in said
        assert "Traceback" not in said
        before = sum(simulation.calls().values())
    with serve(World.from_document(document)) as simulation:
        # The endpoint is part of the question, so the same one is asked again through its settings.
        again = ecr_audit(*arguments, "--resume", **simulation.environment())
        assert again.returncode in (3, 4), again.stderr
        assert before > 0
        whole = sum(simulation.calls().values())
        fresh = ecr_audit(*arguments, **simulation.environment())
        assert fresh.returncode == again.returncode
        assert whole < sum(simulation.calls().values()) - whole
