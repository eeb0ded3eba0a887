"""Columns of `templates` about the repository policy that a template gives to copies."""

from __future__ import annotations

import json

import pytest

from .worlds import BACKUP, HUB, STRANGER, THIRD, baseline, build, evidence, registry

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
    ("statements", "closed", "told"),
    [
        ((), True, ""),
        ((allow({"AWS": THIRD}),), True, ""),
        ((allow({"AWS": BACKUP}, "ecr:*"),), True, ""),
        ((allow({"AWS": STRANGER}),), False, f"it lets in from outside the organization {STRANGER}"),
        ((allow("*", "ecr:PutImage"),), False,
         "it lets in from outside the organization everyone; it lets push everyone"),
        ((allow({"AWS": THIRD}, "ecr:BatchDelete*"),), False, f"it lets delete {THIRD}"),
        ((allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),), None, ""),
    ],
)  # fmt: skip
def test_whom_a_template_lets_in(statements, closed, told):
    row = judged(policy(*statements) if statements else None)
    assert (row["policy_closed"], row["policy_exposure"]) == (closed, told)


def test_a_policy_that_is_none_is_not_known():
    row = judged("{")
    assert row["policy_closed"] is None
    assert "not valid JSON" in row["policy_exposure"]


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
    assert row["policy_closed"] is closed


def test_an_unread_registry_policy_is_no_answer_where_it_could_matter():
    assert judged(None, registry_policy=None)["policy_closed"] is True
    row = judged(policy(allow("*")), registry_policy=None)
    assert row["policy_closed"] is None
    assert "registry policy was not read" in row["policy_exposure"]


def test_the_policy_to_put_is_the_baselines_or_a_closed_one():
    row = judged(policy(allow({"AWS": [THIRD, STRANGER]})))
    assert json.loads(row["closed_policy"])["Statement"][0]["Principal"] == {"AWS": THIRD}
    document = {"Version": "2012-10-17", "Statement": [allow({"AWS": HUB})]}
    wanted = baseline(settings=[{"repositories": ["prod/"], "repository_policy": document}])
    assert json.loads(judged(policy(allow("*")), wanted)["closed_policy"]) == document
    exposed = baseline(settings=[{"repository_policy": {"Version": "2012-10-17", "Statement": [allow("*")]}}])
    assert judged(policy(allow("*")), exposed)["closed_policy"] == ""
    assert judged(policy(allow({"AWS": THIRD})))["closed_policy"] is None
