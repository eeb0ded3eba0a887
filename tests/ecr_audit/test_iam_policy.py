"""`ecr-audit iam-policy` as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.aws.operations import management_policy, member_policy
from audit.iam_policies import MANAGED
from ecr_audit.cli.iam_policy import iam_policy


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(iam_policy, arguments)


def test_the_policy_alone_is_what_it_was():
    assert json.loads(typed().output) == member_policy()
    assert json.loads(typed("--side", "management", "--role-name", "a/b").output) == management_policy("a/b")


def test_the_trust_policy_is_printed_on_its_own():
    said = typed("--trust", "--trusted-principal", "111111111111", "--external-id", "x1")
    (statement,) = json.loads(said.output)["Statement"]
    assert statement["Principal"] == {"AWS": "111111111111"}
    refused = typed("--trust")
    assert refused.exit_code == 2
    assert "--trusted-principal" in refused.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--trusted-principal", "*"),
        ("--trusted-principal", "12"),
        ("--trusted-principal", "arn:aws:iam::111111111111:role/*"),
        ("--external-id", "x"),
        ("--external-id", "a b"),
        ("--organization-id", "r-1234"),
        ("--format", "xml"),
        ("--baseline", "/no/such.yaml"),
        ("--compare", "/no/such.json"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...]):
    said = typed(*arguments)
    assert said.exit_code == 2
    assert "Traceback" not in said.output


@pytest.mark.parametrize("form", ["cloudformation", "terraform"])
def test_what_is_said_becomes_a_default(form: str):
    said = typed("--format", form, "--trusted-principal", "111111111111", "--external-id", "ext", "--role-name", "a/b")
    assert said.exit_code == 0
    assert all(f'"{value}"' in said.output for value in ("111111111111", "ext", "b", "/a/"))


def test_a_baseline_trims_the_policy(tmp_path: Path):
    baseline = tmp_path / "baseline.yaml"
    baseline.write_text("version: 1\n")
    assert "events:ListRules" in typed().output
    assert "events:ListRules" not in typed("--baseline", str(baseline)).output
    baseline.write_text("version: 1\nregistries: {failure_events: required}\n")
    assert "events:ListRules" in typed("--baseline", str(baseline)).output


def test_managed_policies_are_compared_by_name():
    for name in MANAGED:
        said = typed("--compare", name)
        assert said.exit_code == 0, said.output
        assert said.output.startswith(f"{name}: version v")
    said = typed("--compare", "SecurityAudit").output
    assert "  ecr:GetAccountSetting" in said
    assert "  settings.template-covers-rule: ecr:DescribeRepositoryCreationTemplates" in said
    document = json.loads(typed("--compare", "SecurityAudit", "--side", "management", "--json").output)
    assert "sts:AssumeRole" in document["missing"]


def test_a_policy_without_a_copy_is_fetched_by_its_owner():
    said = typed("--compare", "PowerUserAccess")
    assert said.exit_code == 2
    assert "aws iam get-policy-version" in said.output


def test_a_document_of_the_user_s_is_compared(tmp_path: Path):
    document = tmp_path / "own.json"
    document.write_text(json.dumps({"Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}}))
    said = typed("--compare", str(document)).output
    assert "  kms:DescribeKey" in said
    assert "pulling images" in said
    document.write_text("{}")
    assert typed("--compare", str(document)).exit_code == 2
