"""Columns of `templates` about the repository policy that a template gives to replicas."""

from __future__ import annotations

import json

import pytest

from tests.audit.tables.worlds import BACKUP, HUB, STRANGER, THIRD, baseline, build, evidence, registry

READ = ["ecr:BatchGetImage"]
INSIDE = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal, actions=READ, **changes):
    return {"Effect": "Allow", "Principal": principal, "Action": actions, **changes}


def judged(text, wanted=None, *, prefix="prod", **record):
    template = {"prefix": prefix, "appliedFor": ["REPLICATION"]} | ({} if text is None else {"repositoryPolicy": text})
    backup = registry(BACKUP, templates=json.dumps([template]), **record)
    return build(evidence(registry(HUB), backup), wanted).only("templates")


@pytest.mark.parametrize(
    ("statements", "exposures"),
    [
        ((), []),
        ((allow({"AWS": THIRD}),), []),
        ((allow({"AWS": BACKUP}, "ecr:*"),), []),
        ((allow({"AWS": STRANGER}),), [f"access from outside the organization by {STRANGER}"]),
        ((allow("*", "ecr:PutImage"),), ["access from outside the organization by everyone", "push by everyone"]),
        ((allow({"AWS": THIRD}, "ecr:BatchDelete*"),), [f"delete by {THIRD}"]),
        ((allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),), None),
    ],
)  # fmt: skip
def test_what_the_policy_of_a_template_exposes(statements, exposures):
    row = judged(policy(*statements) if statements else None)
    assert json.loads(row["policy_exposures"] or "null") == exposures
    assert row["policy_exposures_unknown"] == ""


def test_a_policy_that_cannot_be_parsed_is_unknown():
    row = judged("{")
    assert row["policy_exposures"] is None
    assert "not valid JSON" in row["policy_exposures_unknown"]


@pytest.mark.parametrize(
    ("resource", "prefix", "closed"),
    [("*", "prod", True), ("repository/prod/*", "prod", True), ("repository/p*", "prod", True),
     ("repository/prod/w*", "prod", False), ("repository/dev/*", "prod", False), ("repository/prod*", "ROOT", False),
     ("repository/*", "ROOT", True)],
)  # fmt: skip
def test_a_deny_of_the_registry_closes_what_it_takes_in(resource, prefix, closed):
    whole = resource if resource == "*" else f"arn:aws:ecr:eu-west-1:{BACKUP}:{resource}"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": whole,
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a"}}}  # fmt: skip
    row = judged(policy(allow("*")), prefix=prefix, registry_policy=policy(deny))
    exposed = "[]" if closed else '["access from outside the organization by everyone"]'
    assert row["policy_exposures"] == exposed


def test_an_unread_registry_policy_is_no_answer_where_it_could_matter():
    assert judged(None, registry_policy=None)["policy_exposures"] == "[]"
    row = judged(policy(allow("*")), registry_policy=None)
    assert row["policy_exposures"] is None
    assert "registry policy was not read" in row["policy_exposures_unknown"]


def test_the_policy_to_put_is_the_baselines_or_a_closed_one():
    row = judged(policy(allow({"AWS": [THIRD, STRANGER]})))
    assert json.loads(row["closed_policy"])["Statement"][0]["Principal"] == {"AWS": THIRD}
    document = {"Version": "2012-10-17", "Statement": [allow({"AWS": HUB})]}
    wanted = baseline(settings=[{"repositories": ["prod/"], "repository_policy": document}])
    assert json.loads(judged(policy(allow("*")), wanted)["closed_policy"]) == document
    exposed = baseline(settings=[{"repository_policy": {"Version": "2012-10-17", "Statement": [allow("*")]}}])
    assert judged(policy(allow("*")), exposed)["closed_policy"] == ""
    assert judged(policy(allow({"AWS": THIRD})))["closed_policy"] is None
