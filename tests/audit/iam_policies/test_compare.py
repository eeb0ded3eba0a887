"""What an audit would miss with other rights: allowed, denied, or not to be decided from the document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.aws.operations import MANAGEMENT, MEMBER, OPERATIONS, member_policy
from audit.iam_policies import MANAGED, NotAPolicyError, compare, managed_policy, permissions, read_policy
from audit.iam_policies.managed import copied_services
from audit.iam_policies.role import RoleRequest
from checks.catalog import CHECKS

ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ACTIONS = [one.action for one in OPERATIONS]


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allows(action: str, *statements: object) -> bool | None:
    return read_policy("p", policy(*statements)).allows(action)


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ({"Effect": "Allow", "Action": "ecr:Get*", "Resource": "*"}, True),
        ({"Effect": "Allow", "Action": ["ECR:getregistrypolicy"], "Resource": ["*"]}, True),
        ({"Effect": "Allow", "Action": "ecr:GetRegistryPolic?", "Resource": "*"}, True),
        ({"Effect": "Allow", "Action": "ecr:GetRegistry", "Resource": "*"}, False),
        ({"Effect": "Allow", "Action": "ecr-public:*", "Resource": "*"}, False),
        ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": "ecr:*", "Resource": "*"}, False),
        ({"Effect": "Allow", "Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/*"}, None),
        ({"Effect": "Allow", "Action": "ecr:*", "NotResource": "arn:aws:s3:::x"}, None),
        ({"Effect": "Allow", "Action": "ecr:*", "Resource": "*", "Condition": {"Bool": {"a:b": "true"}}}, None),
        ({"Effect": "Allow", "Action": "ecr:*", "Resource": "*", "Condition": {}}, True),
        ({"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}, False),
    ],
)
def test_one_statement(statement: dict[str, object], verdict: bool | None):
    assert allows("ecr:GetRegistryPolicy", statement) is verdict


@pytest.mark.parametrize(
    ("denial", "verdict"),
    [
        ({"Action": "ecr:GetReg*", "Resource": "*"}, False),
        ({"NotAction": "iam:*", "Resource": "*"}, False),
        ({"NotAction": "ecr:*", "Resource": "*"}, True),
        ({"Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/x"}, None),
        (
            {"Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}},
            None,
        ),
    ],
)
def test_a_denial_goes_before_an_allowance(denial: dict[str, object], verdict: bool | None):
    assert allows("ecr:GetRegistryPolicy", ALLOW_ALL, {"Effect": "Deny", **denial}) is verdict


STATEMENT = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["*", "ecr:*", "ecr:Get*", "ecr:GetRegistryPolicy", "iam:*"]),
        "Resource": st.sampled_from(["*", "arn:aws:ecr:*:*:repository/*"]),
    },
    optional={"Condition": st.just({"Bool": {"aws:SecureTransport": "true"}})},
)


@given(st.lists(STATEMENT, min_size=1, max_size=5), STATEMENT, st.randoms())
def test_order_never_matters_and_a_denial_never_widens(statements: list[dict], more: dict, chance: object):
    verdict = allows("ecr:GetRegistryPolicy", *statements)
    shuffled = list(statements)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random
    assert allows("ecr:GetRegistryPolicy", *shuffled) is verdict
    narrower = allows("ecr:GetRegistryPolicy", *statements, {**more, "Effect": "Deny"})
    order = {False: 0, None: 1, True: 2}
    assert order[narrower] <= order[verdict]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "[" * 5000, '{"Statement": []}', '{"Statement": "x"}', '{"Statement": [1]}',
        policy({"Effect": "Maybe", "Action": "*", "Resource": "*"}), policy({"Effect": "Allow", "Resource": "*"}),
        policy({"Effect": "Allow", "Action": 1, "Resource": "*"}), policy({"Effect": "Allow", "Action": "*"}),
        policy({"Effect": "Allow", "Action": [None], "Resource": "*"}),
        policy({"Effect": "Allow", "Action": "*", "Principal": "*", "Resource": "*"}),
    ],
)  # fmt: skip
def test_what_is_no_policy_of_a_role_is_refused(text: str):
    with pytest.raises(NotAPolicyError, match="p"):
        read_policy("p", text)


def test_the_answer_of_get_policy_version_is_a_policy():
    wrapped = json.dumps({"PolicyVersion": {"Document": json.loads(policy(ALLOW_ALL)), "VersionId": "v1"}})
    assert read_policy("p", wrapped).allows("ecr:DescribeRegistry") is True


@pytest.mark.parametrize("side", [MEMBER, MANAGEMENT])
def test_our_own_policy_misses_nothing(side: str):
    found = compare(read_policy("own", json.dumps(permissions(RoleRequest(side)))), CHECKS, side)
    assert found.missing == found.unknown == found.substituted == found.pulls == ()
    # The one action that is allowed for one role only.
    assert [one.action for one in found.undetermined] == (["sts:AssumeRole"] if side == MANAGEMENT else [])


def test_managed_policy_copies_cover_every_service_that_is_read():
    assert {action.partition(":")[0] for action in ACTIONS} <= set(copied_services())
    for name in MANAGED:
        assert managed_policy(name).allows("ecr:DescribeRepositories") is True
        assert managed_policy(name).allows("ecr:PutRegistryPolicy") is False


def test_security_audit_leaves_templates_and_statuses_unknown():
    found = compare(managed_policy("SecurityAudit"), CHECKS, MEMBER)
    missing = {one.action for one in found.missing}
    assert {"ecr:DescribeRepositoryCreationTemplates", "ecr:DescribeImageReplicationStatus"} <= missing
    assert not {"ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "kms:DescribeKey", "iam:GetRole"} & missing
    assert "settings.template-covers-rule" in {one.check for one in found.unknown}
    assert "grants.not-public" not in {one.check for one in found.unknown}
    assert found.pulls == ()


def test_read_only_access_misses_nothing_and_pulls_images():
    found = compare(managed_policy("ReadOnlyAccess"), CHECKS, MEMBER)
    assert found.missing == ()
    assert found.pulls == ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def test_without_the_way_in_nothing_else_is_read():
    found = compare(managed_policy("SecurityAudit"), CHECKS, MANAGEMENT)
    assert [one.action for one in found.missing] == ["sts:AssumeRole", "account:ListRegions"]
    assert found.only_own_account
    assert not compare(managed_policy("SecurityAudit"), CHECKS, MEMBER).only_own_account


def test_a_fallback_differs_from_a_missing_action():
    without = {"servicequotas:ListServiceQuotas", "kms:DescribeKey"}
    found = compare(read_policy("p", json.dumps(member_policy(without))), CHECKS, MEMBER)
    assert {one.action for one in found.missing} == without
    assert all("kms:DescribeKey" in one.actions for one in found.unknown)
    assert found.substituted
    assert all(one.actions == ("servicequotas:ListServiceQuotas",) for one in found.substituted)
    assert not {one.check for one in found.unknown} & {one.check for one in found.substituted}
