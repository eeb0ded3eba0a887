"""A repaired statement is judged sound by the judge that found fault with it, and grants nobody more than was meant."""

from __future__ import annotations

import pytest

from checks.iam import evaluate_statement
from checks.iam.repairs import (
    bounded_to,
    with_account_principals,
    with_own_resources,
    with_replication_actions,
    with_satisfiable_conditions,
    without_accounts,
)
from checks.iam.request import Registry

OWNER = ("222222222222", "eu-central-1", "aws")
REGISTRY = Registry(*OWNER)
MEMBERS = ("111111111111", "222222222222", "333333333333")
ORGANIZATION = "o-exampleorg1"
ALLOWED = ("ecr:ReplicateImage", "ecr:CreateRepository", "ecr:TagResource", "ecr:BatchImportUpstreamImage")


def _judged(statement):
    return evaluate_statement(statement, 1, OWNER, MEMBERS, ORGANIZATION, (), ALLOWED)


def _allow(**elements):
    usual = {"Principal": {"AWS": "111111111111"}, "Action": "ecr:ReplicateImage", "Resource": "*"}
    return {"Effect": "Allow", **usual, **elements}


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:eu-central-1:222222222222:repository/prod/*",
        "arn:aws:ecr:us-east-1:222222222222:repository/prod/*",
        "arn:aws:ecr:eu-central-1:111111111111:repository/prod/*",
        "arn:aws-cn:ecr:eu-central-1:222222222222:repository/prod/*",
        "arn:aws:s3:eu-central-1:222222222222:repository/prod/*",
        "arn:aws:ecr:eu-central-1:222222222222:prod/*",
        "repository/prod/*",
    ],
)
def test_a_wrong_arn_is_rewritten_for_its_own_registry(resource):
    statement = _allow(Resource=["*", resource])
    assert _judged(statement).unmatchable_resources == 1
    repaired = with_own_resources(statement, REGISTRY)
    assert repaired == {**statement, "Resource": ["*", "arn:aws:ecr:eu-central-1:222222222222:repository/prod/*"]}
    assert _judged(repaired).unmatchable_resources == 0


def test_a_wildcard_in_the_resource_type_becomes_every_repository():
    repaired = with_own_resources(_allow(Resource="arn:aws:ecr:eu-central-1:222222222222:repository*"), REGISTRY)
    assert repaired["Resource"] == "arn:aws:ecr:eu-central-1:222222222222:repository/*"


@pytest.mark.parametrize(
    "statement",
    [
        _allow(Effect="Deny", Resource="arn:aws:ecr:us-east-1:222222222222:repository/*"),
        _allow(Resource="arn:aws:ecr:us-east-1:222222222222:repository/Prod Team/*"),
        _allow(Resource=7),
        {"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": "arn:aws:ecr:us-east-1:1:repository/*"},
    ],
)
def test_what_is_doubtful_is_left_to_a_person(statement):
    assert with_own_resources(statement, REGISTRY) is None


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "ForAnyValue:StringEquals"])
@pytest.mark.parametrize("key", ["aws:SourceAccount", "AWS:sourceaccount", "aws:SourceArn"])
def test_conditions_that_replication_cannot_meet_are_replaced(operator, key):
    statement = _allow(Condition={operator: {key: "111111111111"}, "Bool": {"aws:ViaAWSService": "false"}})
    repaired = with_satisfiable_conditions(statement, ORGANIZATION, internal=True)
    assert repaired["Condition"] == {
        "Bool": {"aws:ViaAWSService": "false"},
        "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION},
    }
    alone = with_satisfiable_conditions({**statement, "Condition": {operator: {key: "1"}}}, ORGANIZATION, internal=True)
    assert _judged(alone).unsatisfied_conditions == 0


@pytest.mark.parametrize(
    "condition", [None, {}, {"StringEqualsIfExists": {"aws:SourceAccount": "1"}}, {"Null": {"aws:SourceArn": "true"}}]
)
def test_conditions_that_are_not_the_cause_are_not_touched(condition):
    statement = _allow() if condition is None else _allow(Condition=condition)
    assert with_satisfiable_conditions(statement, ORGANIZATION, internal=True) is None


def test_everyone_is_never_left_unbounded():
    statement = _allow(Principal="*", Condition={"StringEquals": {"aws:SourceAccount": "111111111111"}})
    repaired = with_satisfiable_conditions(statement, "", internal=False)
    assert repaired["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "111111111111"}}
    assert _judged(repaired).grantee_scope == "accounts"
    by_arn = _allow(Principal="*", Condition={"ArnLike": {"aws:SourceArn": "*"}})
    assert with_satisfiable_conditions(by_arn, "", internal=False) is None


def test_a_partner_is_not_bound_to_our_organization():
    statement = _allow(
        Principal={"AWS": "999999999999"}, Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}
    )
    repaired = with_satisfiable_conditions(statement, ORGANIZATION, internal=False)
    assert repaired == {
        "Effect": "Allow",
        "Principal": {"AWS": "999999999999"},
        "Action": "ecr:ReplicateImage",
        "Resource": "*",
    }


@pytest.mark.parametrize(
    ("principal", "accounts"),
    [
        ("arn:aws:iam::111111111111:role/ci", "arn:aws:iam::111111111111:root"),
        (["arn:aws:iam::111111111111:user/a", "arn:aws:iam::111111111111:role/b"], "arn:aws:iam::111111111111:root"),
        (["arn:aws:iam::111111111111:role/ci", "AROAEXAMPLEEXAMPLE12"], "arn:aws:iam::111111111111:root"),
        (
            ["arn:aws:iam::111111111111:role/ci", "arn:aws:iam::333333333333:role/ci"],
            ["arn:aws:iam::111111111111:root", "arn:aws:iam::333333333333:root"],
        ),
    ],
)
def test_roles_become_accounts_that_get_replication_only(principal, accounts):
    statement = _allow(Principal={"AWS": principal}, Action=["ecr:*"])
    assert _judged(statement).replication_principals == 0
    repaired = with_account_principals(statement, "aws", ALLOWED)
    assert repaired["Principal"] == {"AWS": accounts}
    judged = _judged(repaired)
    assert judged.excess_actions == "[]"
    assert judged.replication_principals == (1 if isinstance(accounts, str) else len(accounts))


@pytest.mark.parametrize(
    "elements",
    [
        {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE12"}},
        {"Principal": {"Service": "replication.ecr.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::111111111111:role/ci"}, "Action": "ecr:BatchGetImage"},
        {"Principal": {"AWS": "arn:aws:iam::111111111111:role/ci"}, "Effect": "Deny"},
    ],
)
def test_no_account_is_invented(elements):
    assert with_account_principals(_allow(**elements), "aws", ALLOWED) is None


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("ecr:*", ["ecr:ReplicateImage", "ecr:CreateRepository"]),
        ("*", ["ecr:ReplicateImage", "ecr:CreateRepository"]),
        (["ecr:Repl*", "ecr:Put*"], "ecr:ReplicateImage"),
        (["ECR:TAGRESOURCE", "ecr:PutImage"], "ecr:TagResource"),
        (
            ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:Delete*"],
            ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage"],
        ),
    ],
)
def test_actions_are_reduced_to_what_replication_needs(action, left):
    statement = _allow(Action=action)
    assert _judged(statement).excess_actions not in (None, "[]")
    repaired = with_replication_actions(statement, ALLOWED)
    assert repaired["Action"] == left
    assert _judged(repaired).excess_actions == "[]"


def test_nothing_remains_of_a_statement_without_replication():
    assert with_replication_actions(_allow(Action=["ecr:BatchGetImage", "ecr:Put*"]), ALLOWED) == {}


def test_not_action_is_read_the_other_way_round():
    statement = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "NotAction": "ecr:Create*", "Resource": "*"}
    assert with_replication_actions(statement, ALLOWED)["Action"] == "ecr:ReplicateImage"


def test_strangers_are_taken_out_by_name():
    principal = {"AWS": ["111111111111", "arn:aws:iam::999999999999:role/x", "999999999999"]}
    statement = _allow(Principal=principal)
    assert _judged(statement).outside_accounts not in (None, "[]")
    repaired = without_accounts(statement, ["999999999999"])
    assert repaired["Principal"] == {"AWS": "111111111111"}
    assert _judged(repaired).outside_accounts == "[]"


def test_a_statement_for_strangers_alone_goes():
    assert without_accounts(_allow(Principal={"AWS": "999999999999"}), ["999999999999"]) == {}


@pytest.mark.parametrize(
    "statement",
    [
        _allow(Principal="*"),
        {"Effect": "Allow", "NotPrincipal": {"AWS": "999999999999"}, "Action": "*", "Resource": "*"},
        _allow(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-otherorg111"}}),
    ],
)
def test_strangers_who_are_not_named_are_left_to_a_person(statement):
    assert without_accounts(statement, ["999999999999", "o-otherorg111"]) is None


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["111111111111", "*"]}])
def test_everyone_is_bounded_by_the_organization(principal):
    statement = _allow(Principal=principal)
    assert _judged(statement).grantee_scope == "everyone"
    repaired = bounded_to(statement, ORGANIZATION)
    assert (_judged(repaired).grantee_scope, _judged(repaired).outside_accounts) == ("organizations", "[]")


def test_without_an_organization_there_is_no_bound():
    assert bounded_to(_allow(Principal="*"), "") is None
    other = _allow(Principal="*", Condition={"StringEquals": {"AWS:principalorgid": "o-otherorg111"}})
    assert bounded_to(other, ORGANIZATION) is None
