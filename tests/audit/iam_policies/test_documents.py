"""The roles to deploy say the same in every form, fit into IAM, and hold what other tools hold against templates."""

from __future__ import annotations

import json
import re
from typing import Any

import hcl2
import pytest
import yaml
from cfnlint.api import lint_all

from audit.aws.operations import MANAGEMENT, MEMBER, OPERATIONS, management_policy, member_policy
from audit.iam_policies import RoleRequest, cloudformation, needless_actions, permissions, terraform, trust_policy
from checks.baseline.schema import Baseline

PULLS = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken", "ecr:BatchGet*", "ecr:*", "*"}
BARE = RoleRequest()
FULL = RoleRequest(
    role_name="audit/reader", trusted_principal="arn:aws:iam::111111111111:role/ci", external_id="x:1",
    organization="o-exampleorg1",
)  # fmt: skip
START = RoleRequest(MANAGEMENT, "audit/reader")
every_request = pytest.mark.parametrize("request_", [BARE, FULL, START], ids=["bare", "full", "start"])


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms as their long ones."""


def _function(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value = (
        loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node, deep=True)
    )  # fmt: skip
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _function)
NOTHING = object()


def resolved(value: Any, template: dict[str, Any], parameters: dict[str, str]) -> Any:
    """What CloudFormation makes of *value*, as far as these templates need it."""

    def of(inner: Any) -> Any:
        return resolved(inner, template, parameters)

    if isinstance(value, list):
        return [one for one in map(of, value) if one is not NOTHING]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("Ref", name)]:
            return {"AWS::NoValue": NOTHING, "AWS::AccountId": "999999999999"}.get(name, parameters.get(name))
        case [("Condition", str(name))]:
            return of(template["Conditions"][name])
        case [("Fn::Not", [inner])]:
            return not of(inner)
        case [("Fn::Or", inner)]:
            return any(map(of, inner))
        case [("Fn::Equals", [left, right])]:
            return of(left) == of(right)
        case [("Fn::If", [name, yes, no])]:
            return of(yes if of({"Condition": name}) else no)
        case [("Fn::Sub", text)]:
            names = {**parameters, "AWS::Partition": "aws"}
            return re.sub(r"\$\{([\w:]+)\}", lambda found: names[found[1]], text)
    pairs = {name: of(inner) for name, inner in value.items()}
    return {name: inner for name, inner in pairs.items() if inner is not NOTHING}


def role_of(request: RoleRequest, **parameters: str) -> dict[str, Any]:
    template = yaml.load(cloudformation(request), Loader)
    defaults = {name: one["Default"] for name, one in template["Parameters"].items() if "Default" in one}
    for name, value in (defaults | parameters).items():
        assert re.fullmatch(template["Parameters"][name]["AllowedPattern"], value)
    return resolved(template["Resources"]["Role"]["Properties"], template, defaults | parameters)


@every_request
def test_cloudformation_passes_its_linter(request_: RoleRequest):
    matches = lint_all(cloudformation(request_))
    # Informational rules are advice that the command does not give unasked.
    assert [str(match) for match in matches if match.rule.severity != "informational"] == []


@every_request
def test_every_form_has_the_same_rights(request_: RoleRequest):
    wanted = permissions(request_)
    assert role_of(request_, TrustedPrincipal="111111111111")["Policies"][0]["PolicyDocument"] == wanted
    documents = hcl2.loads(terraform(request_))["data"]
    (read,) = [one[kind][name] for one in documents for kind in one for name in one[kind] if "read" in name]
    found = [(one["sid"], one["actions"], one["resources"]) for one in read["statement"]]
    assert [(text(sid), list(map(text, actions))) for sid, actions, _ in found] == [
        (one["Sid"], one["Action"]) for one in wanted["Statement"]
    ]
    resources = [text(where) for _, _, (where,) in found]
    reference = "arn:${data.aws_partition.current.partition}:iam::*:role/${var.audit_role}"
    assert set(resources) == ({"*", reference} if request_.side == MANAGEMENT else {"*"})


def text(value: str) -> str:
    return value.strip('"')


@every_request
def test_no_form_can_pull_an_image_or_change_anything(request_: RoleRequest):
    actions = {action for statement in permissions(request_)["Statement"] for action in statement["Action"]}
    assert not PULLS & actions
    assert all(re.match(r"[a-z0-9-]+:(Get|List|Describe|BatchGet)", action) for action in actions - {"sts:AssumeRole"})
    for form in (cloudformation(request_), terraform(request_)):
        assert not any(f"{action}\n" in form or f'"{action}"' in form for action in PULLS - {"*"})


@pytest.mark.parametrize("document", [member_policy(), management_policy("a/" * 250 + "b"), permissions(START)])
def test_policies_fit_into_iam(document: dict[str, Any]):
    size = len(re.sub(r"\s", "", json.dumps(document)))
    assert size < 6144, "a managed policy"
    assert size < 10_240, "all inline policies of a role"


def test_the_trust_policy_has_the_requested_conditions():
    trusted = role_of(FULL)["AssumeRolePolicyDocument"]
    assert trusted == trust_policy(FULL)
    (statement,) = trusted["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:role/ci"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "x:1", "aws:PrincipalOrgID": "o-exampleorg1"}}
    bare = role_of(BARE, TrustedPrincipal="111111111111")["AssumeRolePolicyDocument"]["Statement"][0]
    assert "Condition" not in bare
    one = role_of(BARE, TrustedPrincipal="111111111111", ExternalId="ab")["AssumeRolePolicyDocument"]["Statement"][0]
    assert one["Condition"] == {"StringEquals": {"sts:ExternalId": "ab"}}


def test_the_template_names_no_account_and_the_start_role_trusts_its_own():
    for request in (BARE, START):
        assert not re.search(r"(?<![\d{])\d{12}(?!\d)", cloudformation(request) + terraform(request))
    start = role_of(START)
    assert start["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": "999999999999"}
    assert (start["RoleName"], start["Path"]) == ("ecr-audit-start", "/")
    assert (role_of(FULL)["RoleName"], role_of(FULL)["Path"]) == ("reader", "/audit/")


@pytest.mark.parametrize("value", ['"', "${var.x}", "%{ if true }", "\n", "\\"])
def test_nothing_said_breaks_out_of_a_string(value: str):
    request = RoleRequest(external_id=value)
    variables = [one for each in hcl2.loads(terraform(request))["variable"] for one in each.items()]
    assert len(variables) == 5
    assert yaml.load(cloudformation(request), Loader)["Parameters"]["ExternalId"]["Default"] == value


def test_expressions_are_within_what_terraform_can_count():
    for request in (BARE, START):
        assert all(int(most) <= 1000 for most in re.findall(r",(\d+)\}", terraform(request)))


def test_a_baseline_leaves_out_what_it_never_asks_about():
    assert needless_actions(Baseline()) == {"events:ListRules", "events:ListTargetsByRule"}
    watching = Baseline.model_validate({"registries": {"failure_events": "required"}})
    assert needless_actions(watching) == frozenset()
    trimmed = permissions(RoleRequest(without=needless_actions(Baseline())))
    every = {one.action for one in OPERATIONS if one.side == MEMBER}
    assert {action for one in trimmed["Statement"] for action in one["Action"]} == every - {
        "events:ListRules",
        "events:ListTargetsByRule",
    }
