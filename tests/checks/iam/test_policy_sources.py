"""The registry policy in what people have of it, and what is said of other documents."""

from __future__ import annotations

import json

import pytest

from checks.iam.policy_sources import NotARegistryPolicyError, registry_policy_in
from tests.checks.iam.policies import OWNER, REGION, SOURCE, policy, statement

POLICY = policy(statement())
ARN = f"arn:aws:ecr:{REGION}:{OWNER}:repository/*"
IN_CLOUDFORMATION = {
    "Parameters": {"Source": {"Type": "String", "Default": SOURCE}},
    "Resources": {
        "Images": {"Type": "AWS::ECR::Repository"},
        "Grants": {
            "Type": "AWS::ECR::RegistryPolicy",
            "Properties": {
                "PolicyText": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Fn::Join": [":", ["arn:aws:iam:", {"Ref": "Source"}, "root"]]}},
                            "Action": "ecr:ReplicateImage",
                            "Resource": {
                                "Fn::Sub": "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"
                            },
                        }
                    ],
                }
            },
        },
    },
}
YAML = """
Resources:
  Grants:
    Type: AWS::ECR::RegistryPolicy
    Properties:
      PolicyText:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:aws:iam::111111111111:root"}
            Action: [ecr:ReplicateImage]
            Resource: !Sub arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/${!aws:PrincipalAccount}/*
"""


TYPE = "aws_ecr_registry_policy"


def terraform(*policies: str | None, **values: str):
    return [
        {
            "address": f"aws_ecr_registry_policy.p{at}",
            "type": "aws_ecr_registry_policy",
            "values": {"policy": text} | values,
        }
        for at, text in enumerate(policies)
    ]


def found(document, read=json.loads):
    text = document if isinstance(document, str) else json.dumps(document)
    return read(registry_policy_in(text, OWNER, REGION).text)


@pytest.mark.parametrize(
    "document",
    [
        POLICY,
        json.dumps(POLICY),
        json.dumps(json.dumps(POLICY)),
        {"registryId": OWNER, "policyText": POLICY},
        {"registryId": OWNER, "policyText": json.loads(POLICY)},
        f"registryId: '{OWNER}'\npolicyText: '{POLICY}'",
        {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": json.loads(POLICY)}},
        {"Resources": {"P": {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": POLICY}}}},
        {"values": {"root_module": {"resources": terraform(POLICY)}}},
        {"values": {"root_module": {"child_modules": [{"resources": terraform(POLICY)}]}}},
        {"planned_values": {"root_module": {"resources": terraform(POLICY)}}, "prior_state": {"values": {}}},
        {"version": 4, "resources": [{"type": TYPE, "name": "p", "instances": [{"attributes": {"policy": POLICY}}]}]},
        terraform(POLICY)[0],
        {"values": {"root_module": {"resources": [*terraform(POLICY), *terraform("{}", registry_id=SOURCE)]}}},
    ],
)  # fmt: skip
def test_a_policy_is_found(document):
    assert found(document) == json.loads(POLICY)


@pytest.mark.parametrize("document", [statement(), [statement()]])
def test_a_statement_becomes_a_policy(document):
    assert found(document) == json.loads(POLICY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "{",
        "no policy",
        '{"Version": "2012-10-17", "Statement": [], "Statement": []}',
        '{"Statement": 1}',
    ],
)
def test_what_is_a_policy_already_stays_as_it_is(text):
    assert found(text, read=str) == text


def test_the_answer_that_there_is_none():
    text = "An error occurred (RegistryPolicyNotFoundException) when calling the GetRegistryPolicy operation: no"
    assert found(text, read=str) == ""


def test_functions_of_cloudformation_are_resolved_where_no_stack_is_needed():
    (one,) = found(IN_CLOUDFORMATION)["Statement"]
    assert one["Principal"] == {"AWS": f"arn:aws:iam::{SOURCE}:root"}
    assert one["Resource"] == ARN
    (one,) = found(YAML)["Statement"]
    assert found(YAML)["Version"] == "2012-10-17"
    assert one["Resource"] == ARN.replace("*", "${aws:PrincipalAccount}/*")


REGISTRY_POLICY = "AWS::ECR::RegistryPolicy"


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"replicationConfiguration": {"rules": []}, "registryId": OWNER}, "is a replication configuration"),
        ({"rules": [{"destinations": []}]}, "is a replication configuration"),
        ({"rules": []}, "is a replication configuration"),
        ({"registryId": OWNER, "scanningConfiguration": {"scanType": "BASIC"}}, "is a scanning configuration"),
        ({"scanType": "BASIC", "rules": []}, "is a scanning configuration"),
        ({"rules": [{"rulePriority": 1}]}, "is a lifecycle policy"),
        ({"repositoryName": "app", "policyText": POLICY}, "is the policy of one repository"),
        ({"Resources": {"R": {"Type": "AWS::ECR::ReplicationConfiguration"}}}, "it has AWS::ECR::ReplicationConf"),
        ({"Resources": {}}, "has no resource AWS::ECR::RegistryPolicy"),
        ({"Resources": {each: {"Type": REGISTRY_POLICY} for each in "AB"}}, "2 resources AWS::ECR::RegistryPolicy: A"),
        ({"Type": REGISTRY_POLICY, "Properties": {"PolicyText": {"Fn::GetAtt": ["A", "B"]}}}, "uses Fn::GetAtt"),
        ({"Type": REGISTRY_POLICY, "Properties": {"PolicyText": {"Ref": "Elsewhere"}}}, "refers to Elsewhere"),
        ({"Type": REGISTRY_POLICY}, "has no PolicyText"),
        ({"values": {"root_module": {"resources": terraform(POLICY, POLICY)}}}, "p0, aws_ecr_registry_policy.p1"),
        ({"values": {"root_module": {"resources": terraform(None)}}}, "known only after apply"),
        ({"values": {"root_module": {"resources": [{"type": "aws_ecr_replication_configuration"}]}}}, "aws_ecr_rep"),
        ('resource "aws_ecr_registry_policy" "p" {\n}', "terraform show -json"),
        ("a: [b", "neither JSON nor YAML"),
    ],
)  # fmt: skip
def test_another_document_is_named(document, says):
    with pytest.raises(NotARegistryPolicyError) as raised:
        found(document)
    assert says in str(raised.value)


def test_the_registry_that_the_file_names_is_kept():
    source = registry_policy_in(json.dumps({"registryId": SOURCE, "policyText": POLICY}), OWNER, REGION)
    assert source.account == SOURCE
    state = {"values": {"root_module": {"resources": terraform(POLICY, registry_id=SOURCE, region="us-east-1")}}}
    source = registry_policy_in(json.dumps(state), OWNER, REGION)
    assert (source.account, source.region) == (SOURCE, "us-east-1")
