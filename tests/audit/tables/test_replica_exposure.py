"""Columns of `replicas` about the access of other principals to a replica."""

from __future__ import annotations

import json

import pytest

from audit.evidence import OrganizationRecord
from tests.audit.tables.worlds import (
    BACKUP,
    HUB,
    REGION,
    STRANGER,
    THIRD,
    baseline,
    build,
    evidence,
    gap,
    grant,
    registry,
    replica_of,
    repository,
    rule,
)

ORG = "o-exampleorg1"
EXPOSED = ("external_principals", "cross_account_push_principals", "cross_account_delete_principals")
INSIDE = {"StringEquals": {"aws:PrincipalOrgID": ORG}}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
HEAD = f"arn:aws:ecr:{REGION}:{BACKUP}:repository/"
PARTNER = baseline(grants={"external_accounts": {STRANGER: "image vendor"}})


def allow(*accounts, actions=PULL, **changes):
    """A statement of a repository policy; without accounts it is for everyone."""
    principal = {"AWS": list(accounts)} if accounts else "*"
    return {"Effect": "Allow", "Principal": principal, "Action": actions, **changes}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def world(here, *, source=(), registry_statements=(), **changes):
    there = {"repository_policy": policy(*source) if source else ""}
    text = here if isinstance(here, str | None) else (policy(*here) if here else "")
    backup = {"registry_policy": _registry_policy(registry_statements), **changes.pop("backup", {})}
    sides = {"repository_policy": text} | {name: changes.pop(name) for name in ("tags",) if name in changes}
    return replica_of(source=there, here=sides, backup=backup, **changes)


def _registry_policy(statements):
    document = json.loads(grant(HUB))
    document["Statement"] += [{"Resource": HEAD + "*", **each} for each in statements]
    return json.dumps(document)


def judged(here, wanted=None, **changes):
    found = world(here, **changes)
    members = evidence(*found.registries, organization=OrganizationRecord(ORG, HUB, "Example"))
    return build(members, wanted).only("replicas")


@pytest.mark.parametrize(
    ("statements", "outsiders"),
    [
        ((), []),
        ((allow(BACKUP),), []),
        ((allow(THIRD),), []),
        ((allow(Condition=INSIDE),), []),
        ((allow(),), ["everyone"]),
        ((allow(STRANGER),), [STRANGER]),
        ((allow(f"arn:aws:iam::{STRANGER}:role/x"),), [STRANGER]),
        ((allow(STRANGER, actions="ecr:DescribeImages"),), [STRANGER]),
        ((allow(STRANGER, actions="ecr:ActionOfTomorrow"),), [STRANGER]),
        ((allow(STRANGER, actions="s3:*"),), []),
        ((allow(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-other000000"}}),), ["o-other000000"]),
        ((allow(Condition={"StringEquals": {"aws:PrincipalAccount": [THIRD, STRANGER]}}),), [STRANGER]),
        ((allow(Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORG}}),), ["everyone"]),
        # An account without an organization meets it: the key is absent.
        ((allow(Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": ORG}}),), ["everyone"]),
        ((allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),), None),
        ((allow(STRANGER, Condition=INSIDE),), []),
        ((allow(STRANGER, actions="ecr:BatchGetImages"),), []),
        ((allow("11111111111"),), []),
        ((allow("{{ account }}"),), []),
        ((allow(Condition={"StringEqualsIgnoreCase": {"aws:PrincipalOrgID": ORG.upper()}}),), []),
        ((allow(Condition={"StringEqualsIgnoreCase": {"aws:PrincipalOrgID": "O-OTHER000000"}}),), ["o-other000000"]),
        ((allow(Condition={"StringNotEquals": {"aws:SourceAccount": STRANGER}}),), ["everyone"]),
        ((allow(Condition={"StringEquals": {"aws:SourceAccount": STRANGER}}),), []),
        ((allow(Condition={"Bool": {"aws:PrincipalIsAWSService": "true"}}),), []),
        ((allow(Condition={"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}),), []),
        ((allow(Condition={"DateGreaterThan": {"aws:CurrentTime": "2020-01-01"}}),), ["everyone"]),
        ((allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),), None),
        ((allow(Condition={"StringEquals": {"aws:username": "jane"}}),), None),
        ((allow(), allow(Effect="Deny", Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORG}})), []),
        ((allow(), allow(Effect="Deny", actions="ecr:GetDownloadUrlForLayer")), ["everyone"]),
        ((allow(STRANGER), allow(STRANGER, Effect="Deny", actions="ecr:*")), []),
        ((allow(STRANGER), allow(f"arn:aws:iam::{STRANGER}:role/x", Effect="Deny", actions="*")), [STRANGER]),
        (({"Effect": "Allow", "NotPrincipal": {"AWS": STRANGER}, "Action": PULL},), ["everyone"]),
        (({**allow(), "Principal": {"Service": "lambda.amazonaws.com"}},), []),
        (({**allow(), "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE123"}},), []),
        ("{", None),
        (None, None),
    ],
)  # fmt: skip
def test_principals_from_outside(statements, outsiders):
    row = judged(statements)
    assert row["external_principals"] == (None if outsiders is None else json.dumps(outsiders))


def test_a_declared_partner_is_no_outsider():
    assert judged((allow(STRANGER),), PARTNER)["external_principals"] == "[]"
    assert judged((allow(STRANGER), allow()), PARTNER)["external_principals"] == '["everyone"]'


def test_a_deny_of_the_registry_closes_its_repositories():
    guard = allow(Effect="Deny", actions="ecr:*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORG}})
    assert judged((allow(),), registry_statements=[guard])["external_principals"] == "[]"
    assert (
        judged((allow(),), registry_statements=[guard], backup={"policy_scope": "V1"})["external_principals"]
        == '["everyone"]'
    )
    assert judged((allow(),), registry_statements=[guard], backup={"policy_scope": None})["external_principals"] is None
    elsewhere = guard | {"Resource": HEAD + "dev/*"}
    assert judged((allow(),), registry_statements=[elsewhere])["external_principals"] == '["everyone"]'


def test_membership_that_was_not_read_leaves_it_open():
    found = world((allow(THIRD),))
    unread = evidence(*found.registries, gaps=(gap("organizations:ListAccounts", account="", region=""),))
    assert build(unread).only("replicas")["external_principals"] == "[]"
    strange = evidence(*world((allow(STRANGER),)).registries, organization=None)
    assert build(strange).only("replicas")["external_principals"] is None
    everyone = evidence(*world((allow(),)).registries, organization=None)
    assert build(everyone).only("replicas")["external_principals"] == '["everyone"]'


def test_an_unread_registry_policy_is_no_answer_where_it_could_matter():
    unread = {"registry_policy": None}
    assert judged((), backup=unread)["external_principals"] == "[]"
    row = judged((allow(),), backup=unread)
    assert [row[name] for name in EXPOSED] == [None] * 3
    assert "registry policy was not read" in row["exposure_unknown"]


@pytest.mark.parametrize(
    ("actions", "pushers", "deleters"),
    [
        (PULL, [], []),
        ("ecr:PutImage", [THIRD], []),
        ("ecr:SetRepositoryPolicy", [THIRD], []),
        ("ecr:BatchDelete*", [], [THIRD]),
        ("ecr:PutLifecyclePolicy", [], [THIRD]),
        ("ecr:*", [THIRD], [THIRD]),
        ("ecr:ReplicateImage", [], []),
    ],
)
def test_who_may_push_or_delete(actions, pushers, deleters):
    for row in (
        judged((allow(THIRD, actions=actions),)),
        judged((), registry_statements=[allow(THIRD, actions=actions)]),
    ):
        assert json.loads(row["cross_account_push_principals"]) == pushers
        assert json.loads(row["cross_account_delete_principals"]) == deleters


def test_the_owner_pushes_and_deletes_as_it_likes():
    row = judged((allow(BACKUP, actions="ecr:*"),), registry_statements=[allow(BACKUP, actions="ecr:*")])
    assert [row[name] for name in EXPOSED] == ["[]"] * 3
    assert row["closed_repository_policy"] is None


def test_statements_of_the_registry_that_open_it_are_named():
    statements = [allow(THIRD, actions="ecr:PutImage"), allow(THIRD), allow(actions="ecr:BatchDeleteImage")]
    row = judged((), registry_statements=statements)
    assert json.loads(row["exposing_registry_statements"]) == [2, 4]
    assert json.loads(row["cross_account_push_principals"]) == [THIRD]
    assert json.loads(row["cross_account_delete_principals"]) == ["everyone"]


def test_a_registry_statement_opens_only_what_its_resource_names():
    opened = {"Resource": [HEAD + "prod/w*", HEAD + "?ev/*"], **allow(THIRD, actions="ecr:PutImage")}
    names = ["dev/x", "prod/api", "prod/web"]
    hub = registry(HUB, rules=[rule(f"{BACKUP}/{REGION}")], repositories=[repository(name) for name in names])
    backup = registry(
        BACKUP, registry_policy=_registry_policy([opened]), repositories=[repository(name) for name in names]
    )
    tables = build(evidence(hub, backup))
    found = [tables.row("replicas", repository=name)["cross_account_push_principals"] for name in names]
    assert [json.loads(each) for each in found] == [[THIRD], [], [THIRD]]


def test_conditions_on_tags_are_evaluated_with_the_tags_of_the_replica():
    tagged = allow(actions="ecr:PutImage", Condition={"StringEquals": {"ecr:ResourceTag/open": "yes"}})
    assert judged((tagged,), tags='{"open":"yes"}')["cross_account_push_principals"] == '["everyone"]'
    assert judged((tagged,), tags='{"open":"no"}')["cross_account_push_principals"] == "[]"
    assert judged((tagged,), tags=None)["cross_account_push_principals"] is None


@pytest.mark.parametrize(
    ("source", "here", "extra"),
    [
        ((), (), []),
        ((allow(THIRD),), (), []),
        ((), (allow(THIRD),), [THIRD]),
        ((allow(THIRD),), (allow(THIRD),), []),
        ((allow(Condition=INSIDE),), (allow(THIRD),), []),
        ((allow(THIRD),), (allow(Condition=INSIDE),), [ORG]),
        ((allow(THIRD, actions=PULL[:1]),), (allow(THIRD),), [THIRD]),
        ((), (allow(THIRD, actions="ecr:DescribeImages"),), []),
        ((), (allow(HUB, BACKUP),), []),
        ((), (allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),), None),
        (
            (allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),),
            (allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),),
            [],
        ),
    ],
)
def test_who_may_read_the_replica_and_not_its_source(source, here, extra):
    row = judged(here, source=source)
    assert json.loads(row["extra_readers"] or "null") == extra


def test_the_registry_policy_of_either_side_counts_as_well():
    opened = allow(THIRD)
    assert judged((), registry_statements=[opened])["extra_readers"] == json.dumps([THIRD])
    hub = {"registry_policy": json.dumps({"Version": "2012-10-17", "Statement": [{**opened, "Resource": "*"}]})}
    assert judged((), registry_statements=[opened], hub=hub)["extra_readers"] == "[]"


def test_the_policy_that_the_baseline_determines_is_no_excess():
    document = {"Version": "2012-10-17", "Statement": [allow(THIRD)]}
    wanted = baseline(settings=[{"repository_policy": document}])
    assert judged((allow(THIRD),), wanted)["extra_readers"] == "[]"
    row = judged((allow(THIRD), allow(STRANGER)), wanted)
    assert json.loads(row["extra_readers"]) == [STRANGER]


def test_a_source_that_was_not_read_is_no_answer():
    hub = {"repositories": [repository("prod/api", repository_policy=None)]}
    assert judged((allow(THIRD),), hub=hub)["extra_readers"] is None
    assert judged((), hub=hub)["extra_readers"] == "[]"


def test_the_closed_policy_is_that_of_the_baseline_where_it_determines_one():
    document = {"Version": "2012-10-17", "Statement": [allow(THIRD)]}
    wanted = baseline(settings=[{"repository_policy": document}])
    row = judged((allow(),), wanted)
    assert json.loads(row["closed_repository_policy"]) == document
    open_to_all = baseline(settings=[{"repository_policy": {"Version": "2012-10-17", "Statement": [allow()]}}])
    assert judged((allow(),), open_to_all)["closed_repository_policy"] == ""


def test_an_absent_replica_is_not_evaluated():
    row = judged((), backup={"repositories": []})
    assert row["destination_present"] is False
    assert [row[name] for name in (*EXPOSED, "extra_readers")] == [None] * 4
