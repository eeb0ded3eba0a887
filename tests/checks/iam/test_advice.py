"""What to look at in a policy besides the verdict."""

from __future__ import annotations

import dataclasses

import pytest

from checks.iam import ReplicationRequest
from checks.iam.advice import breadth_warnings, hints
from tests.checks.iam.policies import ORGANIZATION, OWNER, REGION, SOURCE, policy, statement

REQUEST = ReplicationRequest(SOURCE, OWNER, REGION, "prod/api")
ALLOWED = ("ecr:ReplicateImage", "ecr:CreateRepository", "ecr:TagResource", "ecr:BatchImportUpstreamImage")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, []),
        ({"Principal": "*"}, ["statement 1 allows every AWS account"]),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}}, []),
        ({"Action": "ecr:*"}, ["more than replication: ecr:*"]),
        ({"Sid": "All", "Principal": "*", "Action": ["ecr:ReplicateImage", "ecr:PutImage", "ecr:GetLifecyclePolicy"]},
         ["statement 1 (All) allows every", "more than replication: ecr:PutImage, ecr:GetLifecyclePolicy"]),
        ({"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}, []),
        ({"Principal": {"AWS": OWNER}, "Action": "ecr:*"}, []),
    ],
)  # fmt: skip
def test_breadth(changes, says):
    found = breadth_warnings(policy(statement(**changes)), REQUEST, ALLOWED)
    assert len(found) == len(says)
    assert all(part in one for part, one in zip(says, found, strict=True))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, []),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}}, ["give --organization-id"]),
        ({"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/r-a/*"}}},
         ["give --organization-id and --organization-path"]),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, []),
        ({"Resource": f"arn:aws:ecr:us-east-1:{OWNER}:repository/prod/*"},
         [f"write `arn:aws:ecr:{REGION}:{OWNER}:repository/prod/*` in place of `arn:aws:ecr:us-east-1"]),
        ({"Resource": f"arn:aws:{REGION}:{OWNER}:repository/dev/*"}, ["repository/dev/*`"]),
        ({"Resource": f"arn:aws:ecr:{REGION}:{OWNER}:repository*"}, [f"`arn:aws:ecr:{REGION}:{OWNER}:repository/*`"]),
        ({"Resource": ["arn:aws:s3:::bucket", f"arn:aws:ecr:{REGION}:{OWNER}:repository/*"]}, ["of `arn:aws:s3"]),
    ],
)  # fmt: skip
def test_hints(changes, says):
    found = hints(policy(statement(**changes)), REQUEST)
    assert len(found) == len(says)
    assert all(part in one for part, one in zip(says, found, strict=True)), found


def test_breadth_of_a_grant_to_the_organization_that_was_given():
    text = policy(statement(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}))
    assert breadth_warnings(text, dataclasses.replace(REQUEST, organization_id=ORGANIZATION), ALLOWED) == ()


def test_a_policy_that_is_none_gives_no_hints():
    assert hints("{", REQUEST) == breadth_warnings("{", REQUEST, ALLOWED) == ()
