"""The one declaration of what may be called, against botocore's models."""

import json

import botocore.session
import pytest
from botocore import xform_name

from audit.aws.operations import MANAGEMENT, MEMBER, OPERATIONS, Operation, management_policy, member_policy
from checks.tables import TABLES

SESSION = botocore.session.Session()
DATA_ACCESS = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"}


@pytest.mark.parametrize("entry", OPERATIONS, ids=lambda entry: entry.action)
def test_every_operation_exists_and_reads(entry: Operation) -> None:
    model = SESSION.get_service_model(entry.service)
    assert entry.name in model.operation_names
    assert entry.method == xform_name(entry.name)
    assert entry.name.startswith(("Describe", "Get", "List", "BatchGet", "AssumeRole"))
    assert set(entry.tables) <= {table.name for table in TABLES}


def actions(policy: dict) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


@pytest.mark.parametrize(("side", "policy"), [(MEMBER, member_policy()), (MANAGEMENT, management_policy())])
def test_policies_hold_exactly_what_is_declared(side: str, policy: dict) -> None:
    assert sorted(actions(policy)) == sorted(entry.action for entry in OPERATIONS if entry.side == side)
    assert not DATA_ACCESS & set(actions(policy))
    assert len({statement["Sid"] for statement in policy["Statement"]}) == len(policy["Statement"])
    assert len(json.dumps(policy, separators=(",", ":"))) < 6144, "longer than a managed policy may be"


def test_only_the_audit_role_may_be_assumed() -> None:
    policy = management_policy("team/reader", "aws-cn")
    assume = [one for one in policy["Statement"] if "sts:AssumeRole" in one["Action"]]
    assert [one["Resource"] for one in assume] == ["arn:aws-cn:iam::*:role/team/reader"]
    assert assume[0]["Action"] == ["sts:AssumeRole"]
