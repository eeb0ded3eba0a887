"""A closed policy exposes nothing, keeps whoever may stay, and is never guessed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.iam import PolicyProblem
from checks.iam.access import Circumstances, closed_policy, exposure, holders, own_clauses
from checks.iam.callers import Organization
from checks.iam.request import DELETE, PULL, PUSH

OWNER, MEMBER, STRANGER, PARTNER = "222222222222", "333333333333", "999999999999", "555555555555"
ORG = "o-exampleorg1"
CIRCUMSTANCES = Circumstances(Organization(ORG, {OWNER: None, MEMBER: f"{ORG}/r-a/ou-b/"}, frozenset({PARTNER})), "aws")
READ = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
LOOK = "ecr:BatchCheckLayerAvailability"
INSIDE = {"StringEquals": {"aws:PrincipalOrgID": ORG}}


def allow(*accounts, actions=READ, **changes):
    principal = {"AWS": accounts[0] if len(accounts) == 1 else list(accounts)} if accounts else "*"
    return {"Effect": "Allow", "Principal": principal, "Action": actions, **changes}


def closed(*statements, **circumstances):
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    found = closed_policy(text, Circumstances(**circumstances) if circumstances else CIRCUMSTANCES, OWNER)
    return json.loads(found)["Statement"] if found else found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([allow()], [allow(Condition=INSIDE)]),
        ([allow(STRANGER)], ""),
        ([allow(MEMBER, STRANGER)], [allow(MEMBER)]),
        ([allow(PARTNER)], [allow(PARTNER)]),
        ([allow(MEMBER, actions="ecr:*")], [allow(MEMBER, actions=[*READ, LOOK])]),
        ([allow(MEMBER, actions=[*READ, "ecr:PutImage"])], [allow(MEMBER)]),
        ([allow(MEMBER, actions="ecr:PutImage")], ""),
        ([allow(actions="ecr:Batch*")], [allow(actions=[READ[0], LOOK], Condition=INSIDE)]),
        ([allow(MEMBER, actions=["ecr:List*", "ecr:DeleteRepository"])], [allow(MEMBER, actions=["ecr:List*"])]),
        (
            [allow(OWNER, MEMBER, actions=["ecr:PutImage", READ[0]], Sid="Both")],
            [allow(actions=["ecr:PutImage", READ[0]], Sid="Both") | {"Principal": {"AWS": [OWNER]}},
             allow(actions=READ[:1]) | {"Principal": {"AWS": [MEMBER]}}],
        ),
        (
            [allow(), allow(MEMBER, Effect="Deny", actions="ecr:*")],
            [allow(Condition=INSIDE), allow(MEMBER, Effect="Deny", actions="ecr:*")],
        ),
        (
            [{"Effect": "Allow", "NotPrincipal": {"AWS": MEMBER}, "Action": READ}],
            [{"Effect": "Allow", "NotPrincipal": {"AWS": MEMBER}, "Action": READ, "Condition": INSIDE}],
        ),
        (
            [{"Effect": "Allow", "Principal": {"AWS": MEMBER}, "NotAction": "ecr:DeleteRepository"}],
            [allow(MEMBER, actions=[*READ, LOOK])],
        ),
    ],
)  # fmt: skip
def test_what_remains(before, after):
    def shape(statements):
        return json.loads(json.dumps(statements)) if statements else statements

    def flat(statements):
        # One account alone may stand outside a list.
        for each in statements or ():
            if isinstance(each.get("Principal"), dict) and isinstance(each["Principal"]["AWS"], str):
                each["Principal"]["AWS"] = [each["Principal"]["AWS"]]
        return statements

    assert flat(closed(*before)) == flat(shape(after))


@pytest.mark.parametrize(
    "statements",
    [
        [allow(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-other000000"}})],
        [allow(Condition={"StringEquals": {"aws:PrincipalAccount": STRANGER}})],
        [allow(MEMBER, actions=7)],
        [allow() | {"Principal": {"AWS": "nobody"}}],
        [allow(Effect="Permit")],
        [allow(Condition={"StringIs": {"aws:PrincipalOrgID": ORG}})],
    ],
)
def test_what_a_person_must_decide(statements):
    assert closed(*statements) is None


@pytest.mark.parametrize(
    ("condition", "outsiders"),
    [
        (INSIDE, {}),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": ORG}}, {"*": True}),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ORG}}, {"*": True}),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ORG}, "Null": {"aws:PrincipalOrgID": "false"}}, {}),
        ({"Null": {"aws:PrincipalOrgPaths": "true"}}, {"*": True}),
        ({"Null": {"aws:PrincipalOrgID": "false"}}, {"*": True}),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"*": True}),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}),
    ],
)
def test_accounts_without_an_organization_and_requests_over_tls_are_possible(condition, outsiders):
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow(Condition=condition)]})
    assert dict(exposure(own_clauses(text), (), CIRCUMSTANCES, OWNER).outsiders) == outsiders


def test_a_stranger_may_belong_to_an_organization_that_no_policy_names():
    statement = allow(STRANGER, Condition={"Null": {"aws:PrincipalOrgID": "false"}})
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert dict(exposure(own_clauses(text), (), CIRCUMSTANCES, OWNER).outsiders) == {STRANGER: None}


def test_an_owner_that_no_policy_names_changes_nothing():
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow(f"arn:aws:iam::{MEMBER}:root", actions="ecr:*")]})
    assert closed_policy(text, CIRCUMSTANCES, "") == closed_policy(text, CIRCUMSTANCES, OWNER) != ""


def test_without_an_organization_nothing_bounds_everyone():
    assert closed(allow(), organization=Organization(None, {}, complete=False), partition="aws") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement":[]}', "null"])
def test_a_text_that_is_no_policy_is_left_alone(text):
    assert closed_policy(text, CIRCUMSTANCES, OWNER) is None


_ACTIONS = st.lists(
    st.sampled_from([*READ, *PUSH, *DELETE, "ecr:*", "*", "ecr:Batch*", "ecr:Put*", "s3:GetObject", "ecr:ListImages"]),
    min_size=1, max_size=3,
)  # fmt: skip
_PRINCIPALS = st.one_of(
    st.just("*"),
    st.lists(st.sampled_from([OWNER, MEMBER, STRANGER, PARTNER, f"arn:aws:iam::{MEMBER}:role/ci"]), min_size=1,
             max_size=3, unique=True).map(lambda found: {"AWS": found}),
)  # fmt: skip
_CONDITIONS = st.sampled_from(
    [None, INSIDE, {"StringEquals": {"aws:PrincipalOrgID": "o-other000000"}},
     {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"StringNotEquals": {"aws:PrincipalOrgID": ORG}}]
)  # fmt: skip


@st.composite
def _statements(draw):
    effect = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    found = {"Effect": effect, "Principal": draw(_PRINCIPALS), "Action": draw(_ACTIONS)}
    condition = draw(_CONDITIONS)
    return found if condition is None else {**found, "Condition": condition}


@settings(deadline=None, max_examples=150)
@given(st.lists(_statements(), min_size=1, max_size=4))
def test_a_closed_policy_exposes_nothing_and_lets_in_nobody_new(written):
    text = json.dumps({"Version": "2012-10-17", "Statement": written})
    found = closed_policy(text, CIRCUMSTANCES, OWNER)
    if not found:
        return
    before, after = own_clauses(text), own_clauses(found)
    assert not isinstance(after, PolicyProblem)
    assert exposure(after, (), CIRCUMSTANCES, OWNER).none
    assert len(found) <= 10_240
    # Nothing is granted that was not; owners keep all that names them.
    for action in (*PULL, *PUSH, *DELETE):
        had = holders(before, CIRCUMSTANCES, (action,))
        for label, truth in holders(after, CIRCUMSTANCES, (action,)).items():
            assert truth is None or label in had
        if all(each["Principal"] != "*" for each in written):
            assert holders(after, CIRCUMSTANCES, (action,)).get(OWNER) == had.get(OWNER)
    # Closing what is closed changes nothing.
    again = closed_policy(found, CIRCUMSTANCES, OWNER)
    assert json.loads(again) == json.loads(found)
