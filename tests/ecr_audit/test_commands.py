"""The command line's promises that need no AWS: quick, clear, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reports.formats import FORMATS
from tests.docs.quick_ecr_audit import kept_ecr_audit

HEAVY = ("pandas", "great_expectations", "boto3", "botocore", "weasyprint", "sqlalchemy")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "ECR_AUDIT_DEBUG"}


pytestmark = pytest.mark.xdist_group("commands")


def ecr_audit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, forked from one that has imported everything."""
    return _run([kept_ecr_audit(), *arguments], environment)


def installed_ecr_audit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same, started as it is installed."""
    return _run([sys.executable, "-m", "ecr_audit", *arguments], environment)


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=ENVIRONMENT | environment
    )


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["checks", "list"], ["checks", "show", "GRT-01"]])
def test_light_commands_import_nothing_heavy(arguments: list[str]):
    code = (
        "import sys, contextlib, io\n"
        "from ecr_audit.cli import main\n"
        f"sys.argv = ['ecr-audit', *{arguments!r}]\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [["checks", "list"], ["baseline", "schema"], ["run", "--help"], ["--version"]])
def test_a_reader_that_goes_is_no_internal_error(arguments: list[str]):
    reader, writer = os.pipe()
    os.close(reader)
    answer = subprocess.run(
        [sys.executable, "-m", "ecr_audit", *arguments], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (answer.returncode, answer.stderr) == (141, b"")


@pytest.mark.parametrize("command", ["run", "report"])
def test_help_names_every_format(command: str):
    said = " ".join(ecr_audit(command, "--help").stdout.split())
    assert f"Reports to write, of: {', '.join(FORMATS)}." in said


def test_simulate_shows_how_to_act_as_another_account():
    process = subprocess.Popen(
        [sys.executable, "-m", "ecr_audit", "simulate"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert "#   export AWS_ACCESS_KEY_ID=AKIASIMU<account id>\n" in said


def test_checks_can_be_listed_and_shown():
    listed = json.loads(ecr_audit("checks", "list", "--json").stdout)
    assert len(listed) == len({check["id"] for check in listed}) >= 37
    shown = ecr_audit("checks", "show", "grants.replication-allowed")
    assert shown.returncode == 0
    assert "Why it matters" in shown.stdout
    assert ecr_audit("checks", "show", "no-such-check").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--baseline", "/no/such/file.yaml"], "/no/such/file.yaml"),
        (["run", "--accounts", "12"], "12-digit account ID"),
        (["run", "--regions", "somewhere"], "Region"),
        (["run", "--format", "docx"], "docx"),
        (["run", "--output", "/dev/null/x"], "/dev/null/x"),
        (["run", "--store", "nonsense://x"], "nonsense"),
        (["run", "--profile", "no-such-profile"], "no-such-profile"),
        (["run"], "credentials"),
        (["report", "latest"], "no run"),
        (["report", "20200101"], "no run"),
        (["runs", "show", "x"], "no run"),
        (["grants", "explain", "--policy", "/no/such"], "source-account"),
        (["simulate", "--world", "/no/such.yaml"], "/no/such.yaml"),
        (["baseline", "validate", "/no/such.yaml"], "/no/such.yaml"),
        (["nonsense"], "nonsense"),
    ],
)
def test_what_a_user_can_cause_ends_in_one_message(tmp_path: Path, arguments: list[str], said: str):
    if arguments[0] == "run" and "--output" not in arguments:
        arguments = [*arguments, "--output", str(tmp_path / "out")]
    answer = ecr_audit(*arguments, **({} if "--store" in arguments else {"ECR_AUDIT_STORE": str(tmp_path / "store")}))
    assert answer.returncode == 2, answer.stderr
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_unreachable_endpoint_is_said(tmp_path: Path):
    answer = ecr_audit(
        "run", "--endpoint-url", "http://127.0.0.1:1", "--output", str(tmp_path),
        AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="very-secret", ECR_AUDIT_STORE=str(tmp_path / "store"),
    )  # fmt: skip
    assert answer.returncode == 2
    assert "http://127.0.0.1:1" in answer.stderr
    assert "very-secret" not in answer.stderr + answer.stdout


def test_a_bad_baseline_is_reported_with_lines(tmp_path: Path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\nreplicatoin: []\nlimits:\n  rules:\n    maximum: many\n")
    answer = ecr_audit("baseline", "validate", str(bad))
    assert answer.returncode == 2
    assert f"{bad}:2:" in answer.stderr
    assert f"{bad}:5:" in answer.stderr


def test_a_grant_is_explained(tmp_path: Path):
    policy = tmp_path / "policy.json"
    policy.write_text("")
    common = ["--source-account", "111111111111", "--destination-account", "222222222222"]
    where = ["--region", "eu-west-1", "--repository", "team/app"]
    answer = ecr_audit("grants", "explain", "--policy", str(policy), *common, *where, "--json")
    assert answer.returncode == 4, answer.stderr
    assert json.loads(answer.stdout)["verdict"] == "DENIED_IMPLICIT"
    statement = {
        "Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "ecr:ReplicateImage", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "111111111111", "aws:SourceAccount": "111111111111"}},
    }  # fmt: skip
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    text = ecr_audit("grants", "explain", "--policy", str(policy), *common, *where).stdout
    assert "Because no statement allows account 111111111111 the action ecr:ReplicateImage" in text
    assert "Statement 1: Allow, does not match" in text
    assert "  condition  yes      StringEquals on aws:PrincipalAccount holds" in text
    assert "  condition  no       StringEquals on aws:SourceAccount: replication does not send this key" in text


def test_a_grant_is_explained_from_an_answer_of_aws(tmp_path: Path):
    file = tmp_path / "answer.json"
    explain = ("grants", "explain", "--policy", str(file), "--source-account", "111111111111", "--destination-account",
               "222222222222", "--region", "eu-west-1", "--repository", "team/app")  # fmt: skip
    statement = {
        "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "ecr:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}},
    }  # fmt: skip
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    file.write_text(json.dumps({"registryId": "333333333333", "policyText": text}))
    answer = ecr_audit(*explain)
    assert answer.returncode == 3, answer.stderr
    assert "Read as the answer of get-registry-policy." in answer.stdout
    assert "the file is the policy of 333333333333/eu-west-1, and the destination is 222222222222" in answer.stdout
    assert "statement 1 allows other accounts more than replication: ecr:*" in answer.stdout
    assert "give --organization-id" in answer.stdout
    assert ecr_audit(*explain, "--organization-id", "o-exampleorg1").returncode == 0
    file.write_text(json.dumps({"registryId": "222222222222", "replicationConfiguration": {"rules": []}}))
    refused = ecr_audit(*explain)
    assert refused.returncode == 2
    assert "is a replication configuration" in refused.stderr


def _explained(file: Path, region: str, *options: str) -> subprocess.CompletedProcess[str]:
    return ecr_audit("grants", "explain", "--policy", str(file), "--source-account", "111111111111",
                     "--destination-account", "222222222222", "--region", region, "--repository", "team/app",
                     *options)  # fmt: skip


def test_the_partition_of_a_grant_is_that_of_its_region(tmp_path: Path):
    file = tmp_path / "policy.json"
    statement = {
        "Effect": "Allow", "Principal": {"AWS": "arn:aws-us-gov:iam::111111111111:root"}, "Action": "ecr:*",
        "Resource": "arn:aws-us-gov:ecr:us-gov-west-1:222222222222:repository/*",
    }  # fmt: skip
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert _explained(file, "us-gov-west-1").returncode == 0
    refused = _explained(file, "us-gov-west-1", "--partition", "aws")
    assert (refused.returncode, "us-gov-west-1 lies in aws-us-gov" in refused.stderr) == (2, True)


def test_an_organization_path_is_read_as_a_request_carries_it(tmp_path: Path):
    file = tmp_path / "policy.json"
    unit = "o-exampleorg1/r-ab12/ou-ab12-11111111"
    condition = {
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{unit}/"},
        "StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"},
    }
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*", "Condition": condition}
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert _explained(file, "eu-west-1", "--organization-path", unit).returncode == 0
    for options, says in (
        (("--organization-path", "ou-ab12-11111111"), "is not a path such as"),
        (("--organization-path", unit, "--organization-id", "o-otherorg00"), "does not lie in o-otherorg00"),
        (("--organization-id", "exampleorg1"), "is not an organization id"),
    ):
        refused = _explained(file, "eu-west-1", *options)
        assert (refused.returncode, says in refused.stderr) == (2, True), refused.stderr


def test_the_example_baseline_is_valid(tmp_path: Path):
    example = tmp_path / "example.yaml"
    example.write_text(ecr_audit("baseline", "example").stdout)
    assert ecr_audit("baseline", "validate", str(example)).returncode == 0
    assert json.loads(ecr_audit("baseline", "schema").stdout)["$schema"].startswith("https://json-schema.org/")


def test_the_iam_policies_read_only():
    for side in ("member", "management"):
        policy = json.loads(ecr_audit("iam-policy", "--side", side).stdout)
        actions = [action for statement in policy["Statement"] for action in statement["Action"]]
        assert actions
        verbs = {action.partition(":")[2] for action in actions} - {"AssumeRole"}
        assert all(verb.startswith(("Get", "List", "Describe", "BatchGetRepositoryScanning")) for verb in verbs)
