"""Policies of equal meaning have one canonical form, and policies of different meaning have not."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.policy_documents.canonical import canonical_policy, policy_form, same_policy

A, B, C = "111111111111", "222222222222", "333333333333"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}


def root(account: str, partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{account}:root"


def statement(*without: str, **changes: Any) -> dict[str, Any]:
    made = {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": root(A)}, "Action": PULL, **changes}
    return {name: value for name, value in made.items() if name not in without}


def text(*statements: Any, **others: Any) -> str:
    return json.dumps({"Version": "2012-10-17", **others, "Statement": list(statements)})


VARIABLE = {"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalAccount}"}}
EQUAL = {
    "order of actions": (text(statement()), text(statement(Action=PULL[::-1]))),
    "account id": (text(statement()), text(statement(Principal={"AWS": A}))),
    "account id in China": (
        text(statement(Principal={"AWS": root(A, "aws-cn")})), text(statement(Principal={"AWS": A})),
    ),
    "one element": (text(statement(Action=PULL[:1])), text(statement(Action=PULL[0], Principal={"AWS": [root(A)]}))),
    "sid and id": (text(statement()), text(statement("Sid"), Id="x")),
    "everyone": (text(statement(Principal="*")), text(statement(Principal={"AWS": ["*"]}))),
    "everyone but everyone": (
        text(statement("Principal", NotPrincipal="*")), text(statement("Principal", NotPrincipal={"AWS": "*"})),
    ),
    "values of a condition": (
        text(statement(Condition=ORGANIZATION)),
        text(statement(Condition={"StringEquals": {"aws:principalorgid": ["o-exampleorg1", "o-exampleorg1"]}})),
    ),
    "case of actions": (text(statement()), text(statement(Action=["ECR:batchgetimage", "ecr:getDownloadUrlForLayer"]))),
    "version": (text(statement()), text(statement(), Version="2008-10-17")),
    "no version": (text(statement()), json.dumps({"Statement": [statement()]})),
    "no list": (text(statement()), json.dumps({"Statement": statement()})),
    "order of statements": (
        text(statement(), statement(Effect="Deny")), text(statement(Effect="Deny"), statement(Sid="y")),
    ),
    "duplicates": (text(statement()), text(statement(Sid="a"), statement(Sid="b", Action=[*PULL, *PULL]))),
    "split by principal": (
        text(statement(Principal={"AWS": [root(A), root(B)], "Service": "x.amazonaws.com"})),
        text(*(statement(Principal=one) for one in ({"Service": "x.amazonaws.com"}, {"AWS": B}, {"AWS": A}))),
    ),
    "split by action": (text(statement()), text(*(statement(Action=action) for action in PULL))),
    "split by resource": (
        text(statement(Resource=["x", "y"], Principal={"AWS": [A, B]})),
        text(statement(Resource="y", Principal={"AWS": A}), statement(Resource=["x", "y"], Principal={"AWS": B}),
             statement(Resource="x", Principal={"AWS": A})),
    ),
    "boolean": (
        text(statement(Condition={"Bool": {"aws:SecureTransport": "true"}})),
        text(statement(Condition={"Bool": {"aws:SecureTransport": [True]}})),
    ),
    "names of one operator": (
        text(statement(Condition={"ArnEquals": {"aws:PrincipalArn": "x"}})),
        text(statement(Condition={"ArnLike": {"aws:PrincipalArn": "x"}})),
    ),
    "no condition": (text(statement()), text(statement(Condition={}))),
}  # fmt: skip
DIFFERENT = {
    "effect": (text(statement()), text(statement(Effect="Deny"))),
    "action": (text(statement()), text(statement(Action=PULL[:1]))),
    "all other actions": (text(statement()), text(statement("Action", NotAction=PULL))),
    "other actions apart": (
        text(statement("Action", NotAction=PULL)),
        text(*(statement("Action", NotAction=action) for action in PULL)),
    ),
    "principal": (text(statement()), text(statement(Principal={"AWS": root(B)}))),
    "all other principals": (text(statement()), text(statement("Principal", NotPrincipal={"AWS": root(A)}))),
    "other principals apart": (
        text(statement("Principal", NotPrincipal={"AWS": [A, B]})),
        text(*(statement("Principal", NotPrincipal={"AWS": one}) for one in (A, B))),
    ),
    "role": (text(statement()), text(statement(Principal={"AWS": f"arn:aws:iam::{A}:role/x"}))),
    "every service": (text(statement(Principal="*")), text(statement(Principal={"Service": "*"}))),
    "kind of principal": (text(statement()), text(statement(Principal={"Service": root(A)}))),
    "partition": (text(statement()), text(statement(Principal={"AWS": root(A, "aws-cn")}))),
    "condition": (text(statement(Condition=ORGANIZATION)), text(statement())),
    "value of a condition": (
        text(statement(Condition=ORGANIZATION)),
        text(statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "O-exampleorg1"}})),
    ),
    "operator": (
        text(statement(Condition=ORGANIZATION)),
        text(statement(Condition={"StringEqualsIfExists": ORGANIZATION["StringEquals"]})),
    ),
    "quantifier": (
        text(statement(Condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o/*"}})),
        text(statement(Condition={"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o/*"}})),
    ),
    "two keys of one meaning": (
        text(statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "a", "aws:principalorgid": "b"}})),
        text(statement(Condition={"StringEquals": {"aws:PrincipalOrgID": ["a", "b"]}})),
    ),
    "version with a variable": (
        text(statement(Condition=VARIABLE)), text(statement(Condition=VARIABLE), Version="2008-10-17"),
    ),
    "case of a resource": (text(statement(Resource="x")), text(statement(Resource="X"))),
    "resource": (text(statement(Resource="*")), text(statement(NotResource="*"))),
    "parts that were swapped": (
        text(statement(), statement(Effect="Deny", Principal={"AWS": root(B)})),
        text(statement(Effect="Deny"), statement(Principal={"AWS": root(B)})),
    ),
    "crossed parts": (
        text(statement(Principal={"AWS": A}, Action=PULL[0]), statement(Principal={"AWS": B}, Action=PULL[1])),
        text(statement(Principal={"AWS": B}, Action=PULL[0]), statement(Principal={"AWS": A}, Action=PULL[1])),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal_meaning_is_equal(one: str, other: str) -> None:
    assert same_policy(one, other) is True
    assert same_policy(other, one) is True


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_meaning_is_different(one: str, other: str) -> None:
    assert same_policy(one, other) is False
    assert same_policy(other, one) is False


@pytest.mark.parametrize(
    "broken",
    [
        "{", "[]", "{}", '{"Statement": ["x"]}', '{"Statement": [{}]}', text(statement(Action=[])),
        text(statement(Actions="x")), text(statement(Principal="x")), text(statement(Condition="x")),
        text(statement(Condition={"StringEquals": {"a": None}})), text(statement(), Version="2020-01-01"),
        text(statement(), Other=1), '{"Statement": [], "Statement": []}', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_cannot_be_parsed_is_unknown(broken: str) -> None:
    assert canonical_policy(broken) is None
    assert policy_form(broken) == broken
    assert same_policy(text(statement()), broken) is None
    assert same_policy(broken, broken) is True


def test_no_policy_equals_no_policy_only() -> None:
    assert same_policy("", "") is True
    assert same_policy("", text(statement())) is False
    assert policy_form("") == ""


def test_a_policy_of_too_many_pairs_is_unknown() -> None:
    many = statement(Principal={"AWS": [f"{n:012}" for n in range(900)]}, Action=[f"ecr:{n:x}" for n in range(900)])
    assert canonical_policy(text(many)) is None


ACCOUNTS = st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=3, unique=True)
PRINCIPALS = st.one_of(
    st.just("*"),
    ACCOUNTS.map(lambda ones: {"AWS": [root(one) for one in ones]}),
    st.just({"Service": ["codebuild.amazonaws.com"], "AWS": [f"arn:aws:iam::{A}:role/x"]}),
)
ACTIONS = st.lists(st.sampled_from([*PULL, "ecr:PutImage", "ecr:*"]), min_size=1, max_size=3, unique=True)
RESOURCES = st.lists(st.sampled_from(["*", "arn:x", "arn:${aws:PrincipalAccount}"]), min_size=1, unique=True)
CONDITIONS = st.sampled_from([{}, ORGANIZATION, VARIABLE, {"Null": {"aws:x": "true"}, **ORGANIZATION}])


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    statements = [
        {
            "Effect": draw(st.sampled_from(["Allow", "Deny"])),
            draw(st.sampled_from(["Principal", "NotPrincipal"])): draw(PRINCIPALS),
            draw(st.sampled_from(["Action", "NotAction"])): draw(ACTIONS),
            draw(st.sampled_from(["Resource", "NotResource"])): draw(RESOURCES),
            "Condition": draw(CONDITIONS),
        }
        for _ in range(draw(st.integers(1, 3)))
    ]
    return {"Version": draw(st.sampled_from(["2012-10-17", "2008-10-17"])), "Statement": statements}


def _listed(policy: dict[str, Any], change: Callable[[list[Any]], Any]) -> dict[str, Any]:
    """*policy* with every list in it changed."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(part) for key, part in value.items()}
        return change([walk(part) for part in value]) if isinstance(value, list) else value

    return {**walk(policy), "Statement": change([walk(one) for one in policy["Statement"]])}


def _mapped(value: Any, change: Callable[[str], str], *, keys: bool = False) -> Any:
    """*value* with every text in it changed, or every key."""
    if isinstance(value, dict):
        return {change(key) if keys else key: _mapped(part, change, keys=keys) for key, part in value.items()}
    if isinstance(value, list):
        return [_mapped(part, change, keys=keys) for part in value]
    return change(value) if isinstance(value, str) and not keys else value


RESPELLED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "lists reversed": lambda policy: _listed(policy, lambda ones: ones[::-1]),
    "everything twice": lambda policy: _listed(policy, lambda ones: ones * 2),
    "text for one element": lambda policy: _listed(policy, lambda ones: ones[0] if len(ones) == 1 else ones),
    "keys reversed": lambda policy: _statements(policy, lambda n, one: dict(reversed(one.items()))),
    "sids": lambda policy: _statements(policy, lambda n, one: {**one, "Sid": str(n)}),
    "account ids": lambda policy: _mapped(policy, lambda word: word.split(":")[4] if word.endswith(":root") else word),
    "case of actions": lambda policy: _mapped(policy, lambda word: word.upper() if word.startswith("ecr:") else word),
    "case of keys": lambda policy: _mapped(policy, lambda word: word.lower() if ":" in word else word, keys=True),
    "everyone": lambda policy: _mapped_everyone(policy),
}  # fmt: skip


def _statements(policy: dict[str, Any], change: Callable[[int, Any], Any]) -> dict[str, Any]:
    return {**policy, "Statement": [change(n, one) for n, one in enumerate(policy["Statement"])]}


def _mapped_everyone(policy: dict[str, Any]) -> dict[str, Any]:
    made = deepcopy(policy)
    for one in made["Statement"]:
        for name in ("Principal", "NotPrincipal"):
            one |= {name: {"AWS": "*"}} if one.get(name) == "*" else {}
    return made


@given(policies(), st.lists(st.sampled_from(list(RESPELLED)), min_size=1, max_size=3, unique=True))
def test_every_respelling_has_the_same_form(policy: dict[str, Any], names: list[str]) -> None:
    respelled = deepcopy(policy)
    for name in names:
        if isinstance(respelled["Statement"], list):
            respelled = RESPELLED[name](respelled)
    assert same_policy(json.dumps(policy), json.dumps(respelled)) is True
    other = "2008-10-17" if policy["Version"] == "2012-10-17" else "2012-10-17"
    without_variable = "${" not in json.dumps(policy)
    assert same_policy(json.dumps(policy), json.dumps({**respelled, "Version": other})) is without_variable


@given(policies())
def test_the_form_is_a_policy_in_canonical_form(policy: dict[str, Any]) -> None:
    form = canonical_policy(json.dumps(policy))
    assert form is not None
    assert canonical_policy(form) == form
    assert _grants(json.loads(form)) == _grants(policy)


@given(policies(), policies())
def test_equal_forms_say_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """A restatement that shares no code: single grants as a set, with the version where it counts."""
    same = _grants(one) == _grants(other)
    assert same_policy(json.dumps(one), json.dumps(other)) is same


def _grants(policy: dict[str, Any]) -> Any:
    found = {
        (
            one["Effect"],
            *grant,
            json.dumps(one.get("Condition", {}), sort_keys=True).replace("[", "").replace("]", "").lower(),
        )
        for one in policy["Statement"]
        for grant in (
            (who, what, which)
            for who in _single(one, "Principal")
            for what in _single(one, "Action")
            for which in _single(one, "Resource")
        )
    }
    return found, policy.get("Version") if "${" in str(found) else ""


def _single(one: dict[str, Any], name: str) -> list[str]:
    value = one.get(name, one.get(f"Not{name}"))
    value = {"AWS": "*"} if value == "*" and name == "Principal" else value
    if isinstance(value, dict):
        words = [
            f"{kind} {word}"
            for kind, words in value.items()
            for word in (words if isinstance(words, list) else [words])
        ]
    else:
        words = [word.lower() if name == "Action" else word for word in value]
    return words if name in one else [f"not {sorted(words)}"]
