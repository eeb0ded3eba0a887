from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import Change
from checks.iam import ReplicationRequest, explain
from checks.remediation import policy, policy_text, statements
from checks.remediation.changes import distinct
from checks.remediation.merge_result import CannotApplyError
from checks.remediation.statements import is_narrowing, merged_replacement
from tests.checks.remediation.words import OTHER, REGION, REPLICATE, SOURCE, change, granting

OWNER = policy.Owner(OTHER, REGION, "aws")
THIRD = "333333333333"
EVERYTHING = f"arn:aws:ecr:{REGION}:{OTHER}:repository/*"


def text_after(seen: str, *changes: Change, owner: policy.Owner = OWNER) -> str:
    merged = policy.merge(policy_text.parse(seen), changes, owner)
    assert not merged.refused, merged.refused
    return policy_text.text_of(merged.document, owner.characters)


def verdict(text: str, source: str = SOURCE, repository: str = "prod/api", organization: str | None = None) -> str:
    request = ReplicationRequest(source, OTHER, REGION, repository, organization_id=organization)
    return str(explain(text, request).verdict)


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*accounts: str, **others: Any) -> dict[str, Any]:
    principals = [f"arn:aws:iam::{account}:root" for account in accounts]
    made = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": REPLICATE, "Resource": EVERYTHING}
    return {**made, **others}


def replacing(number: int, replacement: Any) -> Change:
    return change("policy.replace-statement", OTHER, statement=number, replacement=replacement)


def dropping(number: int) -> Change:
    return change("policy.remove-statement", OTHER, statement=number)


SOURCES = st.sampled_from([SOURCE, THIRD, "444444444444"])
PREFIXES = st.lists(st.sampled_from(["", "prod/", "base/", "team-"]), min_size=1, max_size=3, unique=True)
ACTIONS = st.sampled_from([REPLICATE, ["ecr:CreateRepository"], [*REPLICATE, "ecr:TagResource"]])
GRANTS = st.builds(
    lambda source, prefixes, actions, org: granting(source, *prefixes, actions=actions, organization=org),
    SOURCES,
    PREFIXES,
    ACTIONS,
    st.sampled_from(["", "o-exampleorg1"]),
)
POLICIES = st.one_of(
    st.just(""),
    st.lists(
        st.sampled_from(
            [
                allow(SOURCE, Sid="One"),
                allow(THIRD, SOURCE, Resource="*"),
                {**allow(THIRD), "Action": "ecr:ReplicateImage", "Sid": f"AllowReplicationFrom{SOURCE}"},
                {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": EVERYTHING},
            ]
        ),
        min_size=1,
        max_size=3,
        unique_by=str,
    ).map(lambda statements: document(*statements)),
)


@given(POLICIES, GRANTS)
def test_a_grant_allows_what_it_names_and_no_deny_is_lost(seen: str, grant: Change) -> None:
    after = text_after(seen, grant)
    if "Deny" in seen:
        assert verdict(after, organization="o-exampleorg1") == "DENIED_EXPLICIT"
        return
    prefix = grant.prefixes[0]
    if "ecr:ReplicateImage" in grant.actions:
        answer = verdict(after, grant.source_account, f"{prefix}some/name", "o-exampleorg1")
        assert answer == "ALLOWED"


@given(POLICIES, st.lists(GRANTS, max_size=4))
def test_grants_keep_every_statement_and_give_unique_valid_ids(seen: str, grants: list[Change]) -> None:
    before = policy_text.parse(seen)
    after = policy.merge(before, grants, OWNER).document
    for one, same in zip(before.statements, after.statements, strict=False):
        assert set(one or {}) <= set(same or {})
        assert set(statements.as_list((one or {})["Action"])) <= set(statements.as_list((same or {})["Action"]))
    ids = [one["Sid"] for one in after.present[len(before.statements) :]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[A-Za-z0-9]+", name) for name in ids)


@given(POLICIES, st.lists(GRANTS, max_size=4))
def test_twice_is_once(seen: str, grants: list[Change]) -> None:
    once = policy.merge(policy_text.parse(seen), grants, OWNER).document
    assert policy.merge(policy_text.parse(seen), [*grants, *grants], OWNER).document == once
    again = policy.merge(once, grants, OWNER).document
    assert again.present == once.present


@given(st.lists(GRANTS, min_size=1, max_size=4))
def test_all_at_once_is_one_by_one(grants: list[Change]) -> None:
    one_by_one = policy_text.parse("")
    for one in distinct(grants):
        one_by_one = policy.merge(one_by_one, [one], OWNER).document
    assert one_by_one == policy.merge(policy_text.parse(""), grants, OWNER).document


@given(POLICIES, st.lists(GRANTS, max_size=5), st.integers(200, 900), st.randoms(use_true_random=False))
def test_whatever_is_asked_fits_or_is_refused_in_whatever_order(
    seen: str, grants: list[Change], limit: int, random: Any
) -> None:
    before, owner = policy_text.parse(seen), policy.Owner(OTHER, REGION, "aws", limit, "o-exampleorg1")
    result = policy.merge(before, grants, owner)
    if result.applied:
        assert len(policy_text.text_of(result.document, limit)) <= limit
    else:
        assert result.document == before
    shuffled = list(grants)
    random.shuffle(shuffled)
    assert policy.merge(before, shuffled, owner) == result
    assert all(f"AWS allows {limit}" in one.reason for one in result.refused)


def test_one_account_has_one_statement_however_many_findings_ask() -> None:
    after = json.loads(text_after("", granting(SOURCE, "prod/"), granting(SOURCE, "base/")))
    (statement,) = after["Statement"]
    assert statement["Resource"] == [EVERYTHING.replace("*", "base/*"), EVERYTHING.replace("*", "prod/*")]


def test_a_missing_action_joins_the_statement_that_has_the_same_resources() -> None:
    seen = document({**allow(SOURCE), "Action": "ecr:ReplicateImage"})
    after = json.loads(text_after(seen, granting(SOURCE, "", actions=["ecr:CreateRepository"])))
    assert [one["Action"] for one in after["Statement"]] == [REPLICATE]


def test_an_account_in_a_shared_statement_gets_its_own_rather_than_widening_the_others() -> None:
    seen = document(allow(SOURCE, THIRD, Resource=EVERYTHING.replace("*", "prod/*")))
    after = text_after(seen, granting(SOURCE, "base/"))
    assert verdict(after, THIRD, "base/x") == "DENIED_IMPLICIT"
    assert verdict(after, SOURCE, "base/x") == "ALLOWED"


def test_the_partition_of_the_registry_is_in_every_arn() -> None:
    owner = policy.Owner(OTHER, "cn-north-1", "aws-cn")
    text = text_after("", granting(SOURCE, ""), owner=owner)
    assert set(re.findall(r"arn:([a-z-]+):", text)) == {"aws-cn"}


def test_numbers_refer_to_the_policy_as_seen_and_a_statement_may_be_an_object() -> None:
    seen = document(allow(SOURCE, Sid="A"), allow(THIRD, Sid="B"), allow("444444444444", Sid="C"))
    after = json.loads(text_after(seen, dropping(1), dropping(2)))
    assert [one["Sid"] for one in after["Statement"]] == ["C"]
    single = json.dumps({"Version": "2008-10-17", "Id": "x", "Statement": allow(SOURCE, Sid="A")})
    after = json.loads(text_after(single, granting(THIRD, "")))
    assert (after["Version"], after["Id"], len(after["Statement"])) == ("2008-10-17", "x", 2)


def test_a_narrowed_deny_lets_that_replication_through_and_nobody_else() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": EVERYTHING}
    seen = document(allow(SOURCE, THIRD), deny)
    once = text_after(seen, change("policy.narrow-deny", OTHER, statement=2, source_account=SOURCE))
    assert (verdict(once, SOURCE), verdict(once, THIRD)) == ("ALLOWED", "DENIED_EXPLICIT")
    both = text_after(
        seen,
        change("policy.narrow-deny", OTHER, statement=2, source_account=SOURCE),
        change("policy.narrow-deny", OTHER, statement=2, source_account=THIRD),
    )
    assert (verdict(both, SOURCE), verdict(both, THIRD)) == ("ALLOWED", "ALLOWED")
    assert json.loads(both)["Statement"][1]["Effect"] == "Deny"


def test_two_findings_about_one_statement_are_both_mended() -> None:
    hardened = {"StringEquals": {"aws:SourceAccount": SOURCE}}
    seen = allow(SOURCE, THIRD, Sid="Wide", Action="ecr:*", Condition=hardened)
    narrower = {**seen, "Action": REPLICATE}
    possible = {**seen, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}}
    inside = {**seen, "Principal": {"AWS": [f"arn:aws:iam::{SOURCE}:root"]}}
    after = json.loads(text_after(document(seen), *(replacing(1, one) for one in (narrower, possible, inside))))
    assert after["Statement"] == [
        {
            "Sid": "Wide",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{SOURCE}:root"},
            "Action": REPLICATE,
            "Resource": EVERYTHING,
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}},
        }
    ]


def test_replacements_that_leave_nobody_leave_no_statement() -> None:
    seen = allow(SOURCE, THIRD)
    without = [
        {**seen, "Principal": {"AWS": one}} for one in (f"arn:aws:iam::{SOURCE}:root", f"arn:aws:iam::{THIRD}:root")
    ]
    assert merged_replacement(seen, without) is None


def test_replacements_that_contradict_are_refused() -> None:
    seen = allow(SOURCE)
    before = policy_text.parse(document(seen))
    merged = policy.merge(before, [replacing(1, {**seen, "Sid": "A"}), replacing(1, {**seen, "Sid": "B"})], OWNER)
    assert merged.document.statements[0] == {**merged.document.statements[0], "Sid": "A"}  # type: ignore[dict-item]  # the statement is there
    assert "different values of Sid" in merged.refused[0].reason


def test_narrowing_is_told_from_repair() -> None:
    wide = allow(SOURCE, Action="ecr:*")
    assert is_narrowing(wide, {**wide, "Action": REPLICATE})
    assert is_narrowing({**wide, "Principal": "*"}, {**wide, "Principal": {"AWS": SOURCE}})
    assert is_narrowing(wide, {**wide, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a"}}})
    assert not is_narrowing(wide, {**wide, "Resource": "arn:aws:ecr:eu-west-1:222222222222:repository/prod/*"})
    assert not is_narrowing(wide, allow(THIRD, Action="ecr:*"))
    hardened = {**wide, "Condition": {"StringEquals": {"aws:SourceAccount": SOURCE}}}
    assert not is_narrowing(hardened, wide)


def test_length_first_loses_blanks_then_joins_accounts_then_refuses_with_a_way_out() -> None:
    few = [granting(f"4000000000{number:02}", "") for number in range(5)]
    assert "\n" in text_after("", *few)
    many = [granting(f"400000000{number:03}", "") for number in range(30)]
    compact = text_after("", *many)
    assert "\n" not in compact
    assert len(json.loads(compact)["Statement"]) == 30
    more = [granting(f"400000000{number:03}", "") for number in range(120)]
    joined = json.loads(text_after("", *more))["Statement"]
    assert len(joined) == 1
    assert len(joined[0]["Principal"]["AWS"]) == 120
    too_many = [granting(f"400000000{number:03}", "") for number in range(400)]
    merged = policy.merge(policy_text.parse(""), too_many, OWNER)
    assert len(policy_text.text_of(merged.document, 10_240)) <= 10_240
    assert len(merged.applied) + len(merged.refused) == 400
    assert "aws:PrincipalOrgID" in merged.refused[0].reason
    assert "allows 10,240" in merged.refused[0].reason


def test_a_registry_policy_that_aws_refuses_is_not_put() -> None:
    odd = allow("44444444444")
    seen = policy_text.parse(document(odd, allow(THIRD)))
    merged = policy.merge(seen, [granting(SOURCE, "")], OWNER)
    assert (merged.document, merged.applied) == (seen, ())
    assert merged.refused[0].reason.startswith("AWS would reject the registry policy: Statement[0].Principal.AWS[0]: ")
    # Together with the change that corrects it, it can be put.
    both = [granting(SOURCE, ""), replacing(1, allow("444444444444"))]
    assert len(json.loads(text_after(document(odd, allow(THIRD)), *both))["Statement"]) == 3
    worse = replacing(2, {**allow(THIRD), "Action": "ecr:Replicate"})
    merged = policy.merge(policy_text.parse(document(allow(SOURCE), allow(THIRD))), [worse], OWNER)
    assert "ECR has no action 'ecr:Replicate'" in merged.refused[0].reason


@pytest.mark.parametrize("text", [None, "{", "[]", '"x"', '{"Statement": ["x"]}'])
def test_a_policy_that_makes_no_sense_is_never_replaced(text: str | None) -> None:
    with pytest.raises(CannotApplyError):
        policy_text.parse(text)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (granting("12", ""), "not a valid account id"),
        (granting(SOURCE, "prod/*"), "no repository name begins with"),
        (dropping(7), "no statement 7"),
        (change("policy.narrow-deny", OTHER, statement=1, source_account=SOURCE), "is not a Deny"),
    ],
)
def test_what_makes_no_sense_is_refused(wanted: Change, why: str) -> None:
    merged = policy.merge(policy_text.parse(document(allow(SOURCE))), [wanted], OWNER)
    assert why in merged.refused[0].reason
