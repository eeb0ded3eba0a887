"""Policies written to break a reader. None may raise, hang, or be mistaken for a verdict that nobody can know."""

from __future__ import annotations

import json

import pytest

from checks.iam import (
    GrantVerdict,
    LinkRequest,
    ReplicationRequest,
    evaluate_policy,
    evaluate_statement,
    explain,
    link_verdict,
)
from checks.iam.patterns import compile_glob
from tests.checks.iam.policies import HEAD, OWNER, REGION, SOURCE, policy, statement

UNREADABLE = {
    "ten million characters": '{"Statement":[' + " " * 10_000_000 + "]}",
    "nested too deeply": '{"Statement":' + "[" * 30_000 + "]" * 30_000 + "}",
    "nested objects": '{"Statement":' * 4_000 + "1" + "}" * 4_000,
    "a duplicate version": '{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}',
    "a duplicate operator": policy(statement()).replace('"Effect"', '"Condition":{},"Condition":{},"Effect"'),
    "a number of many digits": '{"Statement":' + "9" * 60_000 + "}",
    "not a number": '{"Statement":NaN}',
    "half a character": '{"Statement":[{"Sid":"\\ud800"}]}',
    "half a character twice as key": '{"\\udfff":1,"\\udfff":2}',
    "a byte order mark": "\ufeff" + policy(statement()),
    "null": "null",
    "a bare word": "Allow",
    "a lone quote": '"',
    "zeros": "\0" * 1000,
    "statement is null": '{"Statement":null}',
    "statement is text": '{"Statement":"*"}',
    "no statement": "{}",
    "an unknown element": '{"Statement":[],"statement":[]}',
}

UNDECIDED = {
    "empty statement": [{}],
    "statement is null": [None],
    "statement is a list": [[]],
    "every element is null": [dict.fromkeys(statement(), None)],
    "every element is an object": [{name: {"a": {}} for name in statement()}],
    "every element is a number": [dict.fromkeys(statement(), 7)],
    "every element is an empty list": [{name: [] for name in statement()}],
    "both kinds of action": [statement(NotAction="ecr:PutImage")],
    "both kinds of principal": [statement(NotPrincipal="*")],
    "principal is a list": [statement(Principal=["*"])],
    "principal is an empty object": [statement(Principal={})],
    "principal of an unknown kind": [statement(Principal={"Aws": SOURCE})],
    "condition is text": [statement(Condition="always")],
    "condition is nested": [statement(Condition={"StringEquals": {"aws:PrincipalAccount": {"a": ["b"]}}})],
    "operator of odd characters": [statement(Condition={"StringEquals\n": {"aws:PrincipalAccount": SOURCE}})],
    "resource holds a list": [statement(Resource=[[f"{HEAD}*"]])],
}

ODD = {
    "unicode": [statement(Sid="Ünïcode→😀", Resource=f"{HEAD}プロド/*", Principal={"AWS": "😀"})],
    "control characters": [statement(Sid="\x00\x1b[31m", Action="ecr:\x00*", Resource=f"{HEAD}\n*")],
    "markup": [statement(Sid="<script>alert(1)</script>", Resource="=cmd|' /C calc'!A0")],
    "a bomb of stars": [statement(Resource=HEAD + "*a" * 2_000 + "*b")],
    "a bomb of question marks": [statement(Resource=HEAD + "*" + "?" * 5_000 + "x")],
    "stars and question marks": [statement(Resource=HEAD + "*?a" * 1_000)],
    "a bomb of variables": [statement(Resource=HEAD + "${a}" * 5_000)],
    "variables left open": [statement(Resource=HEAD + "${" * 15_000)],
    "nested variables": [statement(Resource=HEAD + "${${${aws:x}}}")],
    "a bomb in an action": [statement(Action="*e*c*r*:*" * 1_000)],
    "a bomb in a condition": [statement(Condition={"StringLike": {"aws:PrincipalArn": "*a" * 3_000}})],
    "a thousand statements": [statement(Resource=f"{HEAD}team-{n}/*") for n in range(300)],
    "a thousand resources": [statement(Resource=[f"{HEAD}*{n}*" for n in range(900)])],
    "a thousand principals": [statement(Principal={"AWS": [f"{n:012}" for n in range(3_000)]})],
    "principal holds null": [statement(Principal={"AWS": [None]})],
    "principal in other digits": [statement(Principal={"AWS": "١" * 12})],
    "a bomb of markers": [statement(Principal={"AWS": "{{" * 20_000}, Resource=HEAD + "<" * 20_000)],
    "a long sid": [statement(Sid="x" * 50_000)],
    "a number too large": [statement(Condition={"NumericEquals": {"aws:PrincipalAccount": 1e308}})],
    "a date far away": [statement(Condition={"DateLessThan": {"aws:PrincipalAccount": "999999999999"}})],
}


def _asked(text):
    """Everything that can be asked of a policy; the answers must also fit into a report."""
    explained = explain(text, ReplicationRequest(SOURCE, OWNER, REGION, "prod/api"))
    linked = link_verdict(
        text, LinkRequest(SOURCE, OWNER, REGION), ["prod/", ""], ["prod/api", "a" * 256], ["prod/api"]
    )
    judged = evaluate_policy(text, (OWNER, REGION, "aws"), {SOURCE, OWNER}, None, (), ("ecr:ReplicateImage",))
    json.dumps(explained.as_document(), ensure_ascii=False).encode()
    linked.reason.encode()
    for row in judged:
        (row.problem + (row.statement_json or "") + (row.resource_problem or "")).encode()
    return explained, linked, judged


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_policy_is_undecided_and_says_why(name):
    explained, linked, judged = _asked(UNREADABLE[name])
    assert explained.verdict is linked.verdict is GrantVerdict.INDETERMINATE
    assert linked.covers_rule is linked.create_covered is None
    assert len(explained.problems) == 1
    assert [row.statement for row in judged] == [0]
    assert judged[0].problem == explained.problems[0]
    assert len(explained.problems[0]) < 300


@pytest.mark.parametrize("name", UNDECIDED)
def test_a_statement_of_unknown_shape_is_undecided_and_says_why(name):
    explained, linked, judged = _asked(policy(*UNDECIDED[name]))
    assert explained.verdict is linked.verdict is GrantVerdict.INDETERMINATE
    assert explained.problems
    assert judged[0].problem


@pytest.mark.parametrize("name", UNDECIDED)
def test_a_statement_of_unknown_shape_may_be_a_denial(name):
    explained, _, _ = _asked(policy(statement(Sid="Good"), *UNDECIDED[name]))
    judged_as_allow = all(isinstance(one, dict) and one.get("Effect") == "Allow" for one in UNDECIDED[name])
    assert explained.verdict is (GrantVerdict.ALLOWED if judged_as_allow else GrantVerdict.INDETERMINATE)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_policy_is_answered(name):
    _asked(policy(*ODD[name]))


@pytest.mark.parametrize("raw", [None, 7, "Allow", [], {1: 2}, {"Effect": {"a"}}, {"Condition": {1: {2: object()}}}])
def test_a_statement_that_never_was_json_is_judged(raw):
    row = evaluate_statement(raw, 1, (OWNER, REGION, "aws"), None, None, (), ())
    assert row.problem


def test_a_bomb_matches_what_it_says():
    glob = compile_glob("*a" * 500 + "b")
    assert glob.matches("a" * 500 + "b")
    assert not glob.matches("a" * 5_000)
