from __future__ import annotations

import dataclasses
import json

import pytest

from checks.iam import StatementEvaluation, evaluate_policy, evaluate_statement, parse_policy
from checks.tables import GRANTS
from tests.checks.iam.policies import ORGANIZATION, OWNER, REGION, SOURCE, cases, policy, statement

AGAINST = {
    "owner": (OWNER, REGION, "aws"),
    "organization": {SOURCE, OWNER, "444444444444"},
    "organization_id": ORGANIZATION,
    "partners": {"555555555555": "image vendor"},
    "allowed_actions": ("ecr:ReplicateImage", "ecr:CreateRepository", "ecr:TagResource"),
    "time": 1_795_435_200.0,
}


def _judged(case, written):
    changed = {name: case[name] for name in ("organization", "organization_id", "policy_scope") if name in case}
    return evaluate_statement(written, 3, **{**AGAINST, **changed})


@pytest.mark.parametrize("case", cases("statements"), ids=lambda case: case["name"])
def test_statement(case):
    found = _judged(case, statement(**case["change"]))
    for column, value in case["expect"].items():
        assert getattr(found, column) == value, (column, found)
    for column, text in case.get("says", {}).items():
        assert text in getattr(found, column)


@pytest.mark.parametrize("case", cases("statements"), ids=lambda case: case["name"])
def test_a_parsed_statement_is_judged_as_one_in_json(case):
    written = statement(**case["change"])
    (read,) = parse_policy(policy(written)).statements
    assert _judged(case, read) == _judged(case, written)


@pytest.mark.parametrize("organization", [None, {OWNER}], ids=["unknown", "only the owner"])
@pytest.mark.parametrize("organization_id", [None, ORGANIZATION])
def test_every_statement_is_evaluated_whatever_is_known_of_the_organization(organization, organization_id):
    known = {"organization": organization, "organization_id": organization_id}
    for case in cases("statements"):
        assert evaluate_statement(statement(**case["change"]), 3, **{**AGAINST, **known}).statement == 3


@pytest.mark.parametrize("organization", [None, {OWNER}], ids=["unknown", "only the owner"])
def test_a_member_meets_a_condition_on_the_organization_whoever_the_members_are(organization):
    ours = statement(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}})
    found = evaluate_statement(ours, 3, **{**AGAINST, "organization": organization})
    assert (found.unsatisfied_conditions, found.condition_problem) == (0, "")


def test_columns_are_those_of_the_table():
    fields = [field.name for field in dataclasses.fields(StatementEvaluation)]
    elsewhere = ("account", "region", "grantees_named", "unused_accounts", "use_problem", "grant_missing_at")
    assert fields == [name for name in GRANTS.names if name not in elsewhere]


def test_policy_gives_one_row_a_statement_in_order():
    rows = evaluate_policy(policy(statement(Sid="A"), statement(Sid="B")), **AGAINST)
    assert [(row.statement, row.sid) for row in rows] == [(1, "A"), (2, "B")]
    assert json.loads(rows[1].statement_json) == statement(Sid="B")


@pytest.mark.parametrize("members", [None, {}, {OWNER}], ids=["not known", "none", "only the registry's account"])
def test_a_grant_to_an_organization_of_which_no_other_member_is_known(members):
    condition = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    (row,) = evaluate_policy(
        policy(statement(Principal="*", Condition=condition)), **{**AGAINST, "organization": members}
    )
    assert (row.unsatisfied_conditions, row.condition_problem, row.grantee_scope) == (0, "", "organizations")


def test_policy_that_cannot_be_parsed_is_one_undecided_row():
    (row,) = evaluate_policy("{", **AGAINST)
    assert row.statement == 0
    assert "not valid JSON" in row.problem
    assert row.unmatchable_resources is row.grantee_scope is row.outside_accounts is row.concerns_replication is None


@pytest.mark.parametrize("text", [None, "", '{"Statement":[]}'])
def test_no_statement_gives_no_row(text):
    assert evaluate_policy(text, **AGAINST) == ()
