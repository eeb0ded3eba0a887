"""Who may do what: the algebra of Allow, Deny and order for everybody else, and a reference written the long way."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.iam import parse_policy
from checks.iam.access import Circumstances, Clause, holders, wider
from checks.iam.callers import Organization
from checks.iam.request import DELETE, PULL, PUSH
from checks.iam.three_valued import some

MEMBER, OWNER, STRANGER = "111111111111", "222222222222", "999999999999"
ORG, OTHER_ORG = "o-exampleorg1", "o-other000000"
CIRCUMSTANCES = Circumstances(Organization(ORG, {MEMBER: f"{ORG}/r-a/ou-b/", OWNER: f"{ORG}/r-a/"}), "aws")
ACTIONS = [*PULL, *PUSH[:2], *DELETE[:2]]

_CONDITIONS = {
    "none": None,
    "inside": {"StringEquals": {"aws:PrincipalOrgID": ORG}},
    "elsewhere": {"StringEquals": {"aws:PrincipalOrgID": OTHER_ORG}},
    "outside": {"StringNotEquals": {"aws:PrincipalOrgID": ORG}},
    "unit": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORG}/r-a/ou-b/*"}},
    "member": {"StringEquals": {"aws:PrincipalAccount": MEMBER}},
    "role": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/ci"}},
    "own account": {"StringEquals": {"aws:PrincipalAccount": OWNER}},
    "our id in capitals": {"StringEqualsIgnoreCase": {"aws:PrincipalOrgID": ORG.upper()}},
    "services": {"Bool": {"aws:PrincipalIsAWSService": "true"}},
    "no source": {"StringNotEquals": {"aws:SourceAccount": MEMBER}},
    "network": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
}
_PRINCIPALS = [
    "*", {"AWS": MEMBER}, {"AWS": STRANGER}, {"AWS": "{{ account }}"},
    {"AWS": [MEMBER, STRANGER]}, {"AWS": f"arn:aws:iam::{MEMBER}:role/ci"},
    {"Service": "lambda.amazonaws.com"},
]  # fmt: skip


@st.composite
def _statements(draw, effect=None, conditions=tuple(_CONDITIONS)):
    found = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        "Principal": draw(st.sampled_from(_PRINCIPALS)),
        "Action": draw(st.lists(st.sampled_from([*ACTIONS, "ecr:*", "ecr:Batch*"]), min_size=1, max_size=2)),
    }
    condition = _CONDITIONS[draw(st.sampled_from(conditions))]
    return found if condition is None else {**found, "Condition": condition}


_POLICIES = st.lists(_statements(), max_size=4)


def clauses(written):
    text = json.dumps({"Version": "2012-10-17", "Statement": list(written)})
    return [Clause(one) for one in parse_policy(text).statements]


def ask(written, actions=None):
    return holders(clauses(written), CIRCUMSTANCES, actions)


def level(truth):
    return {False: 0, None: 1, True: 2}[truth]


@settings(deadline=None)
@given(_POLICIES, _statements(effect="Deny"))
def test_a_deny_lets_in_nobody_new(written, deny):
    before, after = ask(written, ACTIONS), ask([*written, deny], ACTIONS)
    for label, truth in after.items():
        # Whom the new statement names by itself was part of a crowd before.
        crowds = [ORG, "*"] if label in (MEMBER, OWNER) else ["*", OTHER_ORG]
        crowd = max((level(before[each]) for each in crowds if each in before), default=0)
        assert level(truth) <= (level(before[label]) if label in before else crowd)


@settings(deadline=None)
@given(_POLICIES, _statements(effect="Allow"))
def test_an_allow_shuts_out_nobody(written, allow):
    before, after = ask(written, ACTIONS), ask([*written, allow], ACTIONS)
    for label, truth in before.items():
        assert level(after.get(label, False)) >= level(truth)


@settings(deadline=None)
@given(_POLICIES, st.randoms(use_true_random=False))
def test_order_never_matters(written, random):
    mixed = list(written)
    random.shuffle(mixed)
    assert ask(mixed) == ask(written)


@settings(deadline=None)
@given(_POLICIES, _POLICIES, _statements(effect="Allow"))
def test_wider_is_what_one_side_has_and_the_other_has_not(here, there, allow):
    found = wider(clauses(here), [clauses(there)], CIRCUMSTANCES)
    assert True not in wider(clauses(here), [clauses(here)], CIRCUMSTANCES).values()
    assert found == {} or ask(here, PULL)
    if not ask(there, PULL):
        assert found.keys() == ask(here, PULL).keys() | found.keys()
    # What is added there takes away from what is wider here.
    less = wider(clauses(here), [clauses(there), clauses([allow])], CIRCUMSTANCES)
    assert max(map(level, less.values()), default=0) <= max(map(level, found.values()), default=0)


def _long_way(written, account, role, organization, path, action):
    """One definite caller, by the book: a Deny wins, else an Allow is needed. None where the network decides."""
    denied, allowed = [], []
    for one in written:
        who = one["Principal"]
        listed = who.get("AWS", []) if isinstance(who, dict) else ["*"]
        named = [listed] if isinstance(listed, str) else listed
        arn = f"arn:aws:iam::{account}:role/{role}"
        principal = any(each in ("*", account, arn) for each in named)
        wanted = [each.lower() for each in one["Action"]]
        takes = any(each == action.lower() or (each.endswith("*") and action.lower().startswith(each[:-1]))
                    for each in wanted)  # fmt: skip
        condition = {
            "none": True, "inside": organization == ORG, "elsewhere": organization == OTHER_ORG,
            "outside": organization != ORG, "unit": path.startswith(f"{ORG}/r-a/ou-b/"), "member": account == MEMBER,
            "role": arn == f"arn:aws:iam::{MEMBER}:role/ci", "network": None, "own account": account == OWNER,
            "our id in capitals": organization == ORG, "services": False, "no source": True,
        }[next(name for name, value in _CONDITIONS.items() if value == one.get("Condition"))]  # fmt: skip
        matched = condition if principal and takes else False
        (allowed if one["Effect"] == "Allow" else denied).append(matched)
    denial, permission = some(denied), some(allowed)
    if denial or permission is False:
        return False
    return True if permission and denial is False else None


@settings(deadline=None, max_examples=300)
@given(_POLICIES, st.sampled_from(ACTIONS))
def test_nobody_fares_better_than_the_answer_says(written, action):
    found = ask(written, (action,))
    callers = [
        (MEMBER, MEMBER, "ci", ORG, f"{ORG}/r-a/ou-b/"),
        (MEMBER, MEMBER, "other", ORG, f"{ORG}/r-a/ou-b/"),
        (ORG, "333333333333", "other", ORG, f"{ORG}/r-a/ou-b/x/"),
        (ORG, "333333333333", "ci", ORG, f"{ORG}/r-a/ou-c/"),
        (STRANGER, STRANGER, "ci", "", ""),
        ("*", "444444444444", "ci", "", ""),
        (OTHER_ORG, "444444444444", "ci", OTHER_ORG, f"{OTHER_ORG}/r-z/"),
    ]
    for label, *caller in callers:
        truth = _long_way(written, *caller, action)
        crowd = {MEMBER: ORG, STRANGER: "*", OTHER_ORG: "*"}.get(label, label)
        told = some((found.get(label, False), found.get(crowd, False)))
        if label == STRANGER and told is None:
            continue  # which organization the outsider belongs to is not known, so a Deny of one may hit it
        assert level(truth) <= level(told), (label, caller, found)


@settings(deadline=None)
@given(
    st.lists(_statements(conditions=("none", "inside", "network")), min_size=1, max_size=3), st.sampled_from(ACTIONS)
)
def test_doubt_is_kept(written, action):
    def resolved(choice):
        condition = {"StringLike": {"aws:PrincipalArn": "*" if choice else "nobody"}}
        network = _CONDITIONS["network"]
        return [{**one, "Condition": condition} if one.get("Condition") == network else one for one in written]

    found = ask(written, (action,))
    for choice in (True, False):
        decided = ask(resolved(choice), (action,))
        for label in {*found, *decided}:
            if found.get(label, False) is not None:
                assert decided.get(label, False) == found.get(label, False)
