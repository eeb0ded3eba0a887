"""Columns of `links` about Denies, and about resource tags that templates put on new replicas."""

from __future__ import annotations

import json

import pytest

from audit.tables.documents import parse_templates
from audit.tables.links.grants import tagged_prefixes
from tests.audit.tables.worlds import BACKUP, HUB, REGION, THIRD, build, evidence, grant, registry, replica_of, rule

TO_BACKUP = f"{BACKUP}/{REGION}"
HEAD = f"arn:aws:ecr:{REGION}:{BACKUP}:repository/"
TAGS = [{"Key": "team", "Value": "core"}]


def template(prefix, *, tags=True, applied=("REPLICATION",)):
    return {"prefix": prefix, "appliedFor": list(applied), **({"resourceTags": TAGS} if tags else {})}


def link(*templates, policy, prefixes=("prod/",), **record):
    hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=prefixes)])
    record = {"registry_policy": policy, "templates": json.dumps(templates)} | record
    return build(evidence(hub, registry(BACKUP, **record))).only("links")


@pytest.mark.parametrize(
    ("prefixes", "templates", "tagged"),
    [
        (["prod/"], [template("prod")], ["prod/"]),
        (["prod/"], [template("prod/web")], ["prod/web/"]),
        (["prod/web/"], [template("prod")], ["prod/web/"]),
        (["prod"], [template("prod")], ["prod/"]),
        (["dev/"], [template("prod")], []),
        (["prod-x"], [template("prod")], []),
        ([""], [template("ROOT")], [""]),
        (["prod/"], [template("ROOT"), template("prod", tags=False)], []),
        (["prod/", "dev/"], [template("ROOT"), template("prod", tags=False)], ["dev/"]),
        (["prod/"], [template("ROOT"), template("prod", tags=False, applied=["CREATE_ON_PUSH"])], ["prod/"]),
        (["prod/"], [template("prod", applied=["PULL_THROUGH_CACHE"])], []),
        (["prod/"], [template("prod", tags=False), template("prod/web")], ["prod/web/"]),
        (["prod/web/"], [template("prod"), template("prod/web", tags=False)], []),
        ([""], [template("a"), template("b")], ["a/", "b/"]),
    ],
)
def test_names_that_get_tags(prefixes, templates, tagged):
    assert list(tagged_prefixes(prefixes, parse_templates(json.dumps(templates)).value)) == tagged


def test_a_grant_without_tagging_does_not_cover_them():
    row = link(template("prod"), policy=grant(HUB))
    assert (row["grant_given"], row["template_sets_tags"]) == (True, True)
    assert json.loads(row["untaggable_prefixes"]) == ["prod/"]


@pytest.mark.parametrize(
    ("resource", "covered"),
    [("*", True), (HEAD + "prod/*", True), (HEAD + "prod/web*", False), (HEAD + "p*", True), (HEAD + "dev/*", False)],
)
def test_a_grant_with_tagging_covers_its_resources(resource, covered):
    policy = json.loads(grant(HUB))
    policy["Statement"] += json.loads(grant(HUB, actions=["ecr:TagResource"], resource=resource))["Statement"]
    assert link(template("prod"), policy=json.dumps(policy))["untaggable_prefixes"] == (
        "[]" if covered else '["prod/"]'
    )


def test_without_tags_nothing_is_needed():
    row = link(template("prod", tags=False), policy=grant(HUB))
    assert (row["template_sets_tags"], row["untaggable_prefixes"]) == (False, None)


def test_what_was_not_read_or_is_heeded_otherwise_is_not_known():
    assert link(policy=grant(HUB), templates=None)["template_sets_tags"] is None
    assert link(template("prod"), policy=None)["untaggable_prefixes"] is None
    assert link(template("prod"), policy=grant(HUB), policy_scope="V1")["untaggable_prefixes"] is None
    assert link(template("prod"), policy="{")["untaggable_prefixes"] is None


def deny(**changes):
    return {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", **changes}


def denied(*statements):
    policy = json.loads(grant(HUB))
    policy["Statement"] += [{"Resource": "*", **each} for each in statements]
    return link(policy=json.dumps(policy))


def test_denying_statements_are_named():
    row = denied(deny(Action="ecr:PutImage"), deny())
    assert (row["explicit_deny_statements"], row["denying_statements"]) == (1, "[3]")
    row = denied(deny(Resource=HEAD + "prod/web*"))
    assert (row["explicit_deny_statements"], row["denying_statements"]) == (0, "[2]")
    assert denied()["denying_statements"] == "[]"
    assert denied(deny(Condition={"Bool": {"aws:SecureTransport": "false"}}))["explicit_deny_statements"] is None


TLS = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}


@pytest.mark.parametrize(
    ("statements", "verdict", "count", "reason"),
    [
        ([{"Effect": "Allow", **TLS}], None, 0, ""),
        ([{"Effect": "Deny", **TLS}], "DENIED_IMPLICIT", None, "statement 1 (Deny) may match"),
        ([{"Effect": "Allow"}, {"Effect": "Deny", **TLS}], None, None, "statement 2 (Deny) may match"),
        ([{"Effect": "Deny"}], "DENIED_EXPLICIT", 1, "statement 1 denies ecr:ReplicateImage"),
        ([{"Effect": "Allow", **TLS}, {"Effect": "Deny"}], "DENIED_EXPLICIT", 1, "statement 2 denies"),
        ([], "DENIED_IMPLICIT", 0, ""),
    ],
)
def test_what_blocks_a_link_is_answered_from_denials_alone(statements, verdict, count, reason):
    written = [{"Principal": "*", "Action": "ecr:*", "Resource": "*", **each} for each in statements]
    row = link(policy=json.dumps({"Version": "2012-10-17", "Statement": written}))
    assert (row["grant_verdict"], row["explicit_deny_statements"]) == (verdict, count)
    assert reason in row["denial_reason"]
    assert bool(reason) is bool(row["denial_reason"])


def test_a_policy_that_cannot_be_parsed_may_deny():
    row = link(policy="{")
    assert row["explicit_deny_statements"] is None
    assert "not valid JSON" in row["denial_reason"]


@pytest.mark.parametrize(
    ("statement", "doubted"),
    [
        (deny(), True),
        (deny(Action="ecr:ReplicateImage", Principal={"AWS": HUB}), True),
        (deny(Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a"}}), False),
        (deny(Action="ecr:PutImage"), False),
        (deny(Principal={"AWS": THIRD}), False),
        (deny(Effect="Allow"), False),
    ],
)
def test_a_deny_in_the_policy_of_a_replica_makes_the_grant_uncertain(statement, doubted):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    row = build(replica_of(here={"repository_policy": policy})).only("links")
    assert row["grant_verdict"] == "ALLOWED"
    assert row["explicit_deny_statements"] == (None if doubted else 0)
    assert json.loads(row["repository_denials"]) == (["prod/api"] if doubted else [])
    assert ("prod/api has a Deny" in row["grant_reason"]) is doubted
