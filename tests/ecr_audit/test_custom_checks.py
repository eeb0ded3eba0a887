"""An organization's own suites and waivers through the front door: in every report, stored, never in the way."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from audit.store import open_store
from ecr_audit.simulator import World
from tests.ecr_audit.test_commands import ecr_audit
from tests.ecr_audit.test_end_to_end import audit, small_world

pytestmark = pytest.mark.xdist_group("commands")
SUITE = {
    "name": "ours",
    "meta": {"table": "repositories"},
    "expectations": [
        {
            "type": "expect_column_values_to_match_regex",
            "kwargs": {"column": "repository", "regex": "^prod/"},
            "meta": {"id": "prefix", "title": "Only prod", "remediation": ["Rename {repository}.", "Push again."]},
            "severity": "warning",
        },
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "nonsense"}, "meta": {"id": "typo"}},
    ],
}
WAIVERS = """version: 1
waivers:
  - checks: [user.ours.prefix]
    accounts: ["111111111111"]
    repositories: [team/*]
    reason: renamed in spring
    owner: team
    until: {until}
"""


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


def findings(folder: Path) -> dict[str, dict]:
    return {one["check"]: one for one in json.loads((folder / "findings.json").read_text())["findings"]}


def test_own_expectations_and_waivers_are_in_every_report_and_kept(world: World, tmp_path: Path) -> None:
    custom_checks_files = tmp_path / "suites"
    custom_checks_files.mkdir()
    (custom_checks_files / "ours.json").write_text(json.dumps(SUITE))
    (custom_checks_files / "broken.json").write_bytes(b"\xff\xfe{")
    waivers = tmp_path / "waivers.yaml"
    waivers.write_text(WAIVERS.replace("{until}", "2020-01-31"))
    options = ["--custom-checks", str(custom_checks_files), "--waivers", str(waivers)]

    answer = audit(world, tmp_path / "out", *options)
    assert answer.returncode == 3, answer.stdout + answer.stderr  # two expectations cannot be carried out
    found = findings(tmp_path / "out")
    prefix = found["user.ours.prefix"]
    assert (prefix["status"], prefix["severity"], prefix["waiver"]) == ("fail", "medium", None)
    assert prefix["resource"]["arn"] == "arn:aws:ecr:eu-west-1:111111111111:repository/team/app"
    assert prefix["remediation"]["summary"] == "Rename team/app."
    assert found["user.ours.typo"]["status"] == found["user.broken"]["status"] == "error"
    assert "2020-01-31, and 1 finding is open again (waivers.yaml, line 3)" in found["waivers.in-force"]["message"]

    again = ecr_audit("report", "latest", "--store", str(tmp_path / "out" / "store"), "--format", "csv,pdf,json",
                      "--output", str(tmp_path / "again"))  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / "findings.json").read_bytes() == (tmp_path / "out" / "findings.json").read_bytes()
    with (tmp_path / "again" / "findings.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["CHECK_ID"]: row for row in csv.DictReader(file)}
    assert rows["user.ours.prefix"]["CHECK_TITLE"] == "Only prod"
    assert rows["user.ours.prefix"]["REMEDIATION_STEPS"] == "Push again."

    store = open_store(str(tmp_path / "out" / "store"))
    run = store.load(store.resolve("latest"))
    assert [file.name for file in run.given] == ["waivers.yaml", "broken.json", "ours.json"]
    assert [one.get("file") for one in run.validations if one.get("file")] == ["ours.json"]
    assert list(store.table(run.id, "waivers")["owner"]) == ["team"]


def test_a_waiver_made_by_the_command_holds_in_the_next_run(world: World, tmp_path: Path) -> None:
    custom_checks_files = tmp_path / "suites"
    custom_checks_files.mkdir()
    (custom_checks_files / "ours.json").write_text(json.dumps(SUITE | {"expectations": SUITE["expectations"][:1]}))
    out, waivers = tmp_path / "out", tmp_path / "waivers.yaml"
    assert audit(world, out, "--custom-checks", str(custom_checks_files), "--fail-on", "medium").returncode == 4
    mark = findings(out)["user.ours.prefix"]["fingerprint"]
    until = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)).isoformat()
    made = ecr_audit("waive", mark[:10], "--reason", "in spring", "--until", until, "--owner", "team",
                     "--file", str(waivers), "--store", str(out / "store"))  # fmt: skip
    assert made.returncode == 0, made.stderr
    options = ["--custom-checks", str(custom_checks_files), "--waivers", str(waivers), "--fail-on", "medium"]
    waived = audit(world, out, *options)
    assert waived.returncode == 0, waived.stdout + waived.stderr
    found = findings(out)
    assert found["user.ours.prefix"]["waiver"] == {"reason": "in spring", "owner": "team", "until": until}
    assert "waivers.matches" not in found

    (custom_checks_files / "ours.json").write_text(json.dumps(SUITE).replace("^prod/", "^team/"))
    fixed = audit(world, out, *options)
    assert fixed.returncode == 3  # the other expectation of the file is back, and broken
    assert "can be removed" in findings(out)["waivers.matches"]["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--custom-checks", "/no/such"], "/no/such: No such file or directory"),
        (["run", "--custom-checks", "."], "contains no suites"),
        (["run", "--waivers", "/no/such.yaml"], "/no/such.yaml"),
        (["run", "--waivers", "w.yaml"], "w.yaml:1:1: limits: unknown key"),
        (["run", "--waivers", "never.yaml"], "findings about waivers cannot be waived"),
        (["custom-checks", "check", "."], "contains no suites"),
        (["custom-checks", "check", "bad"], "1 of 1 expectations cannot run"),
        (["checks", "list", "--custom-checks", "/no/such"], "/no/such"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.yaml").write_text("limits: {}\n")
    entry = "{checks: [WVR-*], reason: r, owner: o, until: 2027-01-01}"
    (tmp_path / "never.yaml").write_text(f"waivers: [{entry}]\n")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.json").write_text("{}")
    answer = ecr_audit(*arguments, PYTHONPATH=str(Path(__file__).parents[2]), ECR_AUDIT_STORE=str(tmp_path / "s"))
    assert answer.returncode == 2, answer.stderr
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_own_expectations_are_listed_beside_the_checks() -> None:
    folder = str(Path(__file__).parents[2] / "docs" / "examples" / "custom-checks")
    listed = json.loads(ecr_audit("checks", "list", "--json", "--custom-checks", folder).stdout)
    assert [one["id"] for one in listed if one["group"] == "user"] == [
        "user.platform.team-prefix", "user.platform.few-images", "user.platform.something-replicates",
    ]  # fmt: skip
    assert ecr_audit("custom-checks", "check", folder).returncode == 0
