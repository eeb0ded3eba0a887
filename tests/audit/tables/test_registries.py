"""The `registries` and `rules` tables: limits, completeness, what the baseline says about deletions."""

from __future__ import annotations

import json

import pytest

from audit.evidence import RegionRecord
from checks.model import GapKind
from tests.audit.tables.worlds import (
    BACKUP,
    HUB,
    REGION,
    THIRD,
    baseline,
    build,
    evidence,
    gap,
    member,
    registry,
    repository,
    requirement,
    rule,
)

TO_BACKUP = f"{BACKUP}/{REGION}"


def hub_row(*registries, wanted=None, **fields):
    return build(evidence(*registries, **fields), wanted).row("registries", account=HUB)


def to_many(count):
    return [rule(*(f"{at:012d}/{REGION}" for at in range(count)))]


@pytest.mark.parametrize(
    ("count", "severity"), [(10, ""), (11, "informational"), (20, "medium"), (25, "medium"), (26, "high")]
)
def test_rules_are_graded(count, severity):
    row = hub_row(registry(HUB, rules=[rule(TO_BACKUP, prefixes=[f"p{at:02d}/"]) for at in range(count)]))
    assert (row["rule_count"], row["rules_warning_threshold"], row["rules_severity"]) == (count, 11, severity)
    assert (row["rule_count"] < row["rules_warning_threshold"]) is (severity == "")


@pytest.mark.parametrize(("maximum", "percent", "threshold"), [(7, 80, 6), (12, 100, 11), (10, 100, 10), (25, 1, 1)])
def test_the_threshold_of_rules_is_rounded_up_and_never_more_than_older_tools_can_express(maximum, percent, threshold):
    wanted = baseline(limits={"rules": {"maximum": maximum, "warn_at_percent": percent}})
    assert hub_row(registry(HUB, rules_limit=None), wanted=wanted)["rules_warning_threshold"] == threshold


@pytest.mark.parametrize(("count", "severity"), [(79, ""), (80, "medium"), (100, "medium"), (101, "high")])
def test_filters_are_graded(count, severity):
    world = evidence(registry(HUB, rules=[rule(TO_BACKUP, prefixes=[f"p{at:03d}/" for at in range(count)])]))
    row = build(world).only("rules")
    assert (row["filter_count"], row["filters_severity"]) == (count, severity)
    assert (row["filters_limit"], row["filters_warning_threshold"]) == (100, 80)


@pytest.mark.parametrize(
    ("length", "severity"), [(0, ""), (8_191, ""), (8_192, "medium"), (10_240, "medium"), (10_241, "high")]
)
def test_the_size_of_the_policy_is_graded(length, severity):
    row = hub_row(registry(HUB, registry_policy=" " * length))
    assert (row["policy_characters"], row["policy_characters_severity"]) == (length, severity)
    assert row["policy_characters_warning_threshold"] == 8_192


def test_sizes_of_what_was_not_read_are_unknown():
    row = hub_row(registry(HUB, rules=None, registry_policy=None, repositories_read=False))
    unknown = (
        "rule_count", "is_source", "rules_severity", "policy_characters", "policy_characters_severity",
        "destinations_present", "destinations_needed", "destination_headroom", "repository_count",
        "unique_destinations", "unique_destinations_for_warning", "destination_warning_applies",
    )  # fmt: skip
    assert {name: row[name] for name in unknown} == dict.fromkeys(unknown)


@pytest.mark.parametrize(("count", "within"), [(19, True), (20, True), (25, True), (26, False)])
def test_destinations_are_counted_against_their_limit(count, within):
    row = hub_row(registry(HUB, rules=to_many(count)))
    assert (row["destinations_present"], row["destination_headroom"]) == (count, 25 - count)
    assert (row["unique_destinations"], row["unique_destinations_for_warning"]) == (count, count)
    assert (row["destinations_limit"], row["destinations_warning_threshold"]) == (25, 20)
    assert row["destination_warning_applies"] is within


def test_needed_destinations_are_the_union_of_rules_and_baseline():
    wanted = baseline(
        requirement(TO_BACKUP, f"{THIRD}/{REGION}", f"same/{REGION}"), requirement(TO_BACKUP, name="again")
    )
    row = hub_row(registry(HUB, rules=[rule(TO_BACKUP, f"{HUB}/eu-central-1"), rule(TO_BACKUP)]), wanted=wanted)
    assert (row["destinations_present"], row["destinations_needed"]) == (2, 3)


def test_destinations_of_unread_rules_are_decided_only_where_the_baseline_alone_is_too_much():
    few = baseline(requirement(TO_BACKUP))
    row = hub_row(registry(HUB, rules=None), wanted=few)
    assert (row["destinations_needed"], row["unique_destinations"]) == (None, None)
    many = baseline(requirement(*(f"{at:012d}/{REGION}" for at in range(26))))
    row = hub_row(registry(HUB, rules=None), wanted=many)
    assert (row["destinations_needed"], row["unique_destinations"]) == (None, 26)
    assert row["destination_warning_applies"] is False
    near = baseline(requirement(*(f"{at:012d}/{REGION}" for at in range(20))))
    row = hub_row(registry(HUB, rules=None), wanted=near)
    assert (row["unique_destinations"], row["unique_destinations_for_warning"]) == (None, 20)


def test_a_requirement_that_may_apply_leaves_the_need_open():
    accounts = (member(HUB, ou_path=None, organization_path=None),)
    wanted = baseline(requirement(TO_BACKUP, ous=["Work"]))
    row = hub_row(registry(HUB), accounts=accounts, wanted=wanted)
    assert (row["destinations_present"], row["destinations_needed"]) == (0, None)
    assert (row["unique_destinations"], row["unique_destinations_for_warning"]) == (1, 1)
    assert row["destination_warning_applies"] is True


def test_requirements_that_may_apply_on_either_side_of_the_threshold_leave_the_warning_open():
    accounts = (member(HUB, ou_path=None, organization_path=None),)
    wanted = baseline(requirement(TO_BACKUP, f"{THIRD}/{REGION}", ous=["Work"]))
    row = hub_row(registry(HUB, rules=to_many(18)), accounts=accounts, wanted=wanted)
    assert (row["unique_destinations"], row["unique_destinations_for_warning"]) == (20, None)
    assert row["destination_warning_applies"] is True


def test_limits_say_where_they_come_from():
    assert hub_row(registry(HUB))["limits_source"] == "Service Quotas"
    nothing = {"destinations_limit": None, "rules_limit": None, "filters_limit": None}
    wanted = baseline(limits={"as_of": "2026-01-02", "rules": {"maximum": 7}})
    row = hub_row(registry(HUB, **nothing), wanted=wanted)
    assert (row["limits_source"], row["rules_limit"]) == ("baseline default of 2026-01-02", 7)
    row = hub_row(registry(HUB, rules_limit=None), wanted=wanted)
    assert row["limits_source"] == "Service Quotas; baseline default of 2026-01-02 for rules"
    assert (row["rules_limit"], row["destinations_limit"]) == (7, 25)


def test_sources_and_destinations():
    tables = build(
        evidence(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP), registry(THIRD)),
        baseline(requirement(f"{THIRD}/{REGION}")),
    )
    found = {row["account"]: (row["is_source"], row["is_destination"]) for row in tables.rows("registries")}
    assert found == {HUB: (True, False), BACKUP: (False, True), THIRD: (False, True)}


@pytest.mark.parametrize("destinations", [[], [f"{HUB}/{REGION}"]], ids=["none", "its own registry"])
def test_a_registry_whose_rules_replicate_nothing_takes_no_part(destinations):
    row = hub_row(
        registry(HUB, rules=[rule(*destinations)], repositories=[repository("prod/api")]),
        wanted=baseline(
            registries={"failure_events": "required", "blob_mounting": "ENABLED"},
            undeclared_replication="forbidden",
            allowed_destinations={"ous": ["Work"], "regions": [REGION]},
        ),
    )
    assert (row["is_source"], row["is_destination"], row["takes_part"]) == (True, False, False)
    assert (row["failure_events_required"], row["blob_mounting_required"]) == (False, False)
    assert (row["policy_scope_required"], row["growth_foreseeable"]) == (False, False)


REFUSED = {
    "accounts": gap("organizations:ListAccounts", HUB, ""),
    "organization": gap("organizations:DescribeOrganization", HUB, ""),
}


@pytest.mark.parametrize(
    ("refused", "organization", "known"),
    [((), True, True), ((), False, True), (("accounts",), True, False), (("organization",), False, False),
     (("organization",), True, True)],
)  # fmt: skip
def test_a_registry_may_be_a_destination_of_accounts_that_could_not_be_listed(refused, organization, known):
    fields = {} if organization else {"organization": None}
    tables = build(
        evidence(
            registry(HUB, rules=[rule(TO_BACKUP)], repositories=[repository("prod/api")]), registry(BACKUP),
            registry(THIRD), gaps=tuple(REFUSED[name] for name in refused), **fields,
        ),
        baseline(registries={"failure_events": "required", "blob_mounting": "ENABLED"}),
    )  # fmt: skip
    third, backup = (tables.row("registries", account=account) for account in (THIRD, BACKUP))
    columns = "is_destination", "takes_part", "failure_events_required", "blob_mounting_required"
    assert [third[name] for name in columns] == [False if known else None] * 4
    assert [backup[name] for name in columns] == [True] * 4


def test_gaps_make_the_evidence_incomplete_and_name_the_permissions():
    gaps = [
        gap("ecr:ListTagsForResource", HUB, resource="a"), gap("ecr:ListTagsForResource", HUB, resource="b"),
        gap("kms:DescribeKey", HUB, resource="the-key", code="Nope"),
    ]  # fmt: skip
    row = hub_row(registry(HUB, gaps=gaps))
    assert row["evidence_complete"] is False
    assert row["evidence_missing"] == (
        "could not be read: ecr:ListTagsForResource of 2 (AccessDeniedException), kms:DescribeKey of the-key (Nope)"
    )
    assert row["missing_permissions"] == "ecr:ListTagsForResource, kms:DescribeKey"


def test_gaps_of_the_account_count_for_its_registries_and_those_of_the_organization_do_not():
    of_account = gap("sts:AssumeRole", HUB, "", kind=GapKind.ROLE_MISSING)
    tables = build(
        evidence(registry(HUB), registry(BACKUP), gaps=(of_account, gap("organizations:ListRoots", BACKUP, "")))
    )
    assert [row["evidence_complete"] for row in tables.rows("registries")] == [False, True]


def test_a_feature_that_the_region_lacks_is_no_missing_evidence():
    lacking = gap("ecr:GetSigningConfiguration", HUB, kind=GapKind.FEATURE_DISABLED, tables=())
    assert hub_row(registry(HUB, gaps=[lacking]))["evidence_complete"] is True


@pytest.mark.parametrize(
    ("wanted", "actual", "setting", "expected", "severity"),
    [
        ([False], True, "on", "off", "high"),
        ([False], None, "off", "off", ""),
        ([True], False, "off", "on", "low"),
        ([True], True, "on", "on", ""),
        ([True, False], True, "on", "on and off", "high"),
        ([True, False], False, "off", "on and off", "low"),
    ],
)
def test_delete_replication_against_the_baseline(wanted, actual, setting, expected, severity):
    requirements = [requirement(TO_BACKUP, name=f"r{at}", delete=value) for at, value in enumerate(wanted)]
    row = build(evidence(registry(HUB, rules=[rule(TO_BACKUP, delete=actual)])), baseline(*requirements)).only("rules")
    assert (row["delete_replication_required"], row["delete_replication"]) == (True, setting)
    assert (row["expected_delete_replication"], row["delete_replication_severity"]) == (expected, severity)
    assert json.loads(row["delete_replication_required_by"]) == [f"r{at}" for at in range(len(wanted))]


@pytest.mark.parametrize(
    ("ours", "theirs", "declared"),
    [
        (["prod/"], ["prod/api"], True),
        (["prod/api"], ["prod/"], True),
        (["prod/"], ["stage/"], False),
        ([], ["prod/"], True),
    ],
)
def test_deletions_are_declared_where_prefixes_meet(ours, theirs, declared):
    wanted = baseline(requirement(TO_BACKUP, delete=False, accounts=[HUB], repositories=theirs))
    row = build(evidence(registry(HUB, rules=[rule(TO_BACKUP, prefixes=ours)])), wanted).only("rules")
    assert row["delete_replication_required"] is declared


def test_deletions_to_other_destinations_are_not_declared():
    row = build(
        evidence(registry(HUB, rules=[rule(f"{THIRD}/{REGION}")])), baseline(requirement(TO_BACKUP, delete=True))
    )
    assert row.only("rules")["delete_replication_required"] is False


def test_accounts_and_regions_are_listed_as_read():
    regions = tuple(
        RegionRecord(HUB, f"eu-west-{at}", status) for at, status in enumerate(("ENABLED", "DISABLED", None), 1)
    )
    tables = build(evidence(regions=regions))
    assert [row["enabled"] for row in tables.rows("regions")] == [True, False, None]
    assert tables.row("accounts", account=HUB)["ou_path"] == "Root/Work"


def test_gaps_are_numbered_with_those_of_no_registry_first():
    world = evidence(
        registry(HUB, gaps=[gap("ecr:DescribeImages", HUB)]), gaps=(gap("organizations:ListRoots", "", ""),)
    )
    rows = build(world).rows("gaps")
    assert [(row["gap"], row["operation"], row["kind"]) for row in rows] == [
        (1, "organizations:ListRoots", "denied"), (2, "ecr:DescribeImages", "denied"),
    ]  # fmt: skip


def test_repositories_carry_the_scan_type_of_their_registry():
    one = registry(HUB, repositories=[repository("api")], scanning_configuration='{"scanType":"ENHANCED"}')
    two = registry(BACKUP, repositories=[repository("api")], scanning_configuration="")
    three = registry(THIRD, repositories=[repository("api", image_count=None)], scanning_configuration=None)
    rows = build(evidence(one, two, three)).rows("repositories")
    assert [row["scan_type"] for row in rows] == ["ENHANCED", "", None]
    assert [row["image_count"] for row in rows] == [0, 0, None]


def test_a_policy_that_cannot_be_parsed_is_one_row_with_number_zero():
    row = build(evidence(registry(HUB, registry_policy="{"))).only("grants")
    assert (row["statement"], row["unmatchable_resources"], row["grantee_scope"]) == (0, None, None)
    assert "not valid JSON" in row["problem"]


def test_statements_are_judged_with_the_members_of_the_organization():
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": BACKUP}, "Action": "ecr:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "ecr:ReplicateImage", "Resource": "*"},
    ]})  # fmt: skip
    rows = build(evidence(registry(HUB, registry_policy=policy))).rows("grants")
    assert [(row["outside_accounts"], row["excess_actions"]) for row in rows] == [
        ("[]", '["ecr:*"]'), ('["999999999999"]', "[]"),
    ]  # fmt: skip
    rows = build(evidence(registry(HUB, registry_policy=policy), organization=None, accounts=())).rows("grants")
    assert [row["outside_accounts"] for row in rows] == [None, None]
