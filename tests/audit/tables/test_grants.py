"""The `grants` table: what each statement means, and whether its grantees use it; the scope that heeds it."""

from __future__ import annotations

import json

import pytest

from audit.evidence import RegionRecord
from tests.audit.tables.worlds import (
    BACKUP,
    HUB,
    REGION,
    STRANGER,
    THIRD,
    baseline,
    build,
    evidence,
    gap,
    grant,
    member,
    registry,
    requirement,
    rule,
)

TO_BACKUP = f"{BACKUP}/{REGION}"
UNUSED = f'["{HUB}"]'
"""What `unused_accounts` says of the one grantee that most policies here have."""
PROD = f"arn:aws:ecr:{REGION}:{BACKUP}:repository/prod/*"


def statement(*registries, wanted=None, **fields):
    """The only row about the backup's policy."""
    return build(evidence(*registries, **fields), wanted).row("grants", account=BACKUP)


def used(hub_rules, policy=None, *, wanted=None, third=(), **fields):
    hub = registry(HUB, rules=hub_rules)
    backup = registry(BACKUP, registry_policy=policy or grant(HUB))
    return statement(hub, backup, registry(THIRD, rules=third), wanted=wanted, **fields)


def test_an_account_with_a_rule_uses_its_grant():
    row = used([rule(TO_BACKUP)])
    assert (row["grantees_named"], row["unused_accounts"]) == (True, "[]")


def test_an_account_without_a_rule_does_not():
    row = used([rule(TO_BACKUP)], grant(HUB, THIRD))
    assert json.loads(row["unused_accounts"]) == [THIRD]


def _halves(hub_rules, *registries, hub_policy="", **fields):
    """(registries that the link to the backup names, destinations that each statement names)."""
    tables = build(evidence(registry(HUB, rules=hub_rules, registry_policy=hub_policy), *registries, **fields))
    link = tables.row("links", destination_account=BACKUP, destination_region=REGION)
    statements = {(one["account"], one["region"]): one["grant_missing_at"] for one in tables.rows("grants")}
    return json.loads(link["misplaced_grants"]), {place: json.loads(text) for place, text in statements.items()}, link


ELSEWHERE = f"{BACKUP}/us-east-1"
"""A registry of the backup account in another Region."""


def test_a_grant_in_another_region_and_the_link_without_one_name_each_other():
    there = registry(BACKUP, "us-east-1", registry_policy=grant(HUB))
    places, statements, link = _halves([rule(TO_BACKUP)], registry(BACKUP), there)
    assert (places, statements) == ([ELSEWHERE], {(BACKUP, "us-east-1"): [TO_BACKUP]})
    assert link["grant_reason"].endswith("; the grant for this source lies in us-east-1")


@pytest.mark.parametrize("named", [HUB, BACKUP])
def test_a_grant_in_the_sources_own_registry_and_the_link_without_one_name_each_other(named):
    places, statements, link = _halves([rule(TO_BACKUP)], registry(BACKUP), hub_policy=grant(named))
    assert (places, statements) == ([f"{HUB}/{REGION}"], {(HUB, REGION): [TO_BACKUP]})
    assert "lies in the source's own account" in link["grant_reason"]


@pytest.mark.parametrize(
    ("rules", "here", "there"),
    [
        # The grant there is used, the destination has one as well, or its policy was not read.
        ([rule(TO_BACKUP), rule(ELSEWHERE)], "", grant(HUB)),
        ([rule(TO_BACKUP)], grant(HUB), grant(HUB)),
        ([rule(TO_BACKUP)], None, grant(HUB)),
        ([rule(TO_BACKUP)], "", grant(HUB, actions=["ecr:BatchGetImage"])),
        ([rule(TO_BACKUP)], "", grant(THIRD)),
        ([rule(TO_BACKUP)], "", "{"),
    ],
)
def test_a_grant_with_its_own_use_is_not_misplaced(rules, here, there):
    registries = registry(BACKUP, registry_policy=here), registry(BACKUP, "us-east-1", registry_policy=there)
    places, statements, _ = _halves(rules, *registries)
    assert places == [] == [one for texts in statements.values() for one in texts]


def test_a_rule_into_another_region_is_no_use():
    assert used([rule(f"{BACKUP}/us-east-1")])["unused_accounts"] == UNUSED


@pytest.mark.parametrize(
    ("prefix", "in_use"), [("prod/", True), ("prod/web", True), ("p", True), ("dev/", False), ("production", False)]
)
def test_a_rule_for_other_names_is_no_use(prefix, in_use):
    row = used([rule(TO_BACKUP, prefixes=[prefix])], grant(HUB, resource=PROD))
    assert row["unused_accounts"] == ("[]" if in_use else UNUSED)


def test_a_wrong_resource_is_no_lack_of_use():
    wrong = f"arn:aws:ecr:us-east-1:{BACKUP}:repository/prod/*"
    assert used([rule(TO_BACKUP)], grant(HUB, resource=wrong))["unused_accounts"] == "[]"
    assert used([], grant(HUB, resource=wrong))["unused_accounts"] == UNUSED


def test_what_the_baseline_requires_counts_as_use():
    assert used([], wanted=baseline(requirement(TO_BACKUP)))["unused_accounts"] == "[]"


def test_a_partner_that_the_baseline_requires_counts_although_it_is_not_read():
    wanted = baseline(requirement(TO_BACKUP, accounts=[STRANGER]))
    assert used([], grant(STRANGER), wanted=wanted)["unused_accounts"] == "[]"


def test_what_may_be_required_is_not_known_to_be_unused():
    accounts = (member(HUB, ou_path=None, organization_path=None), member(BACKUP), member(THIRD))
    assert used([], wanted=baseline(requirement(TO_BACKUP, ous=["Work"])), accounts=accounts)["unused_accounts"] is None


def test_a_partner_has_rules_that_are_not_read():
    row = used([], grant(STRANGER))
    assert row["unused_accounts"] is None
    assert STRANGER in row["use_problem"]


def test_rules_that_were_not_read_may_be_use():
    row = used(None)
    assert row["unused_accounts"] is None
    assert f"rules of account {HUB} in {REGION} were not read" in row["use_problem"]


def test_a_region_that_was_left_out_may_hold_the_rule():
    regions = [RegionRecord(each, REGION, "ENABLED") for each in (HUB, BACKUP, THIRD)]
    elsewhere = RegionRecord(HUB, "us-east-1", "ENABLED", in_scope=False)
    assert used([], regions=(*regions, elsewhere))["unused_accounts"] is None
    assert used([rule(TO_BACKUP)], regions=(*regions, elsewhere))["unused_accounts"] == "[]"
    disabled = RegionRecord(HUB, "us-east-1", "DISABLED")
    assert used([], regions=(*regions, disabled))["unused_accounts"] == UNUSED


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Principal": "*"}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a"}}}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": HUB}}}, True),
        ({"Principal": {"AWS": BACKUP}}, False),
        ({"Principal": {"AWS": f"arn:aws:iam::{HUB}:role/ci"}}, False),
        ({"Principal": {"Aws": HUB}}, None),
        ({"Principal": {"AWS": "unknown"}}, False),
        ({"Action": "ecr:BatchGetImage"}, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_only_statements_that_name_accounts_are_judged(changes, named):
    usual = {"Effect": "Allow", "Principal": {"AWS": HUB}, "Action": "ecr:ReplicateImage", "Resource": "*"}
    row = used([rule(TO_BACKUP)], json.dumps({"Version": "2012-10-17", "Statement": usual | changes}))
    assert row["grantees_named"] is named


def test_a_policy_that_is_none_leaves_use_open():
    row = used([], "{")
    assert (row["statement"], row["grantees_named"], row["unused_accounts"]) == (0, None, None)


def test_conditions_on_the_organization_path_are_judged_with_the_members_paths():
    policy = json.loads(grant(HUB))
    policy["Statement"][0]["Condition"] = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a/r-b/*"}}
    assert used([rule(TO_BACKUP)], json.dumps(policy))["unsatisfied_conditions"] == 0


def conditioned(condition, **changes):
    policy = json.loads(grant(HUB))
    policy["Statement"][0] |= {"Condition": condition, **changes}
    return json.dumps(policy)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-a"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a/*"}},
        {"StringLike": {"aws:PrincipalOrgID": "o-a"}},
    ],
)
def test_a_stranger_cannot_meet_a_condition_on_our_own_organization(condition):
    policy = conditioned(condition, Principal={"AWS": STRANGER})
    row = statement(registry(HUB), registry(BACKUP, registry_policy=policy))
    assert (row["unsatisfied_conditions"], row["outside_accounts"]) == (1, "[]")
    assert row["excluded_accounts"] == f'["{STRANGER}"]'
    assert f"account {STRANGER} does not belong to o-a" in row["condition_problem"]
    assert (row["undetermined_by"], row["grantees_named"]) == ("", False)


def test_where_members_cannot_be_listed_a_stranger_may_be_one():
    policy = conditioned({"StringEquals": {"aws:PrincipalOrgID": "o-a"}}, Principal={"AWS": STRANGER})
    denied = gap("organizations:ListAccounts", account="", region="")
    row = statement(registry(BACKUP, registry_policy=policy), organization=None, accounts=(), gaps=(denied,))
    assert row["unsatisfied_conditions"] is row["outside_accounts"] is None


def test_everyone_of_the_account_itself_is_not_about_replication():
    policy = conditioned({"StringEquals": {"aws:PrincipalAccount": BACKUP}}, Principal="*")
    row = statement(registry(BACKUP, registry_policy=policy))
    assert (row["about_replication"], row["concerns_replication"], row["allows_others"]) == (False, False, False)
    assert row["grantee_scope"] == "accounts"


def test_a_grant_that_ended_before_the_audit_is_not_met():
    row = used([rule(TO_BACKUP)], conditioned({"DateLessThan": {"aws:CurrentTime": "2026-11-01T00:00:00Z"}}))
    assert row["unsatisfied_conditions"] == 1
    assert "ended at 2026-11-01T00:00:00Z" in row["condition_problem"]


def scope(**record):
    return build(evidence(registry(HUB, **record))).only("registries")


def test_the_scope_matters_to_destinations_and_registries_with_a_policy():
    assert scope()["policy_scope_required"] is False
    assert scope(registry_policy=grant(BACKUP))["policy_scope_required"] is True
    assert scope(registry_policy=None, gaps=[gap(account=HUB)])["policy_scope_required"] is None
    tables = build(evidence(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP, registry_policy=None)))
    assert tables.row("registries", account=BACKUP)["policy_scope_required"] is True


@pytest.mark.parametrize(
    ("actions", "broad"),
    [(["ecr:ReplicateImage"], "[]"), (["ecr:*"], "[1]"), (["ecr:ReplicateImage", "ecr:PutImage"], "[1]")],
)
def test_what_the_present_scope_would_make_of_an_old_policy(actions, broad):
    policy = grant(BACKUP, actions=actions)
    assert scope(policy_scope="V1", registry_policy=policy)["statements_too_broad"] == broad
    assert scope(policy_scope="V2", registry_policy=policy)["statements_too_broad"] == "[]"


def test_what_is_not_understood_may_be_too_broad():
    assert scope(policy_scope="V1", registry_policy="{")["statements_too_broad"] == "[0]"
    assert scope(policy_scope="V1", registry_policy=None)["statements_too_broad"] is None
