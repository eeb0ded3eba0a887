"""The `links` table: presence, requirement, declaration, accounts, Regions, grants, templates."""

from __future__ import annotations

import json

import pytest

from audit.describe import idle_requirements
from audit.evidence import RegionRecord
from checks.model import GapKind
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
    repository,
    requirement,
    rule,
)

TO_BACKUP = f"{BACKUP}/{REGION}"


def link(*registries, wanted=None, **fields):
    return build(evidence(*registries, **fields), wanted).only("links")


def test_a_rule_without_requirement_is_present_and_not_expected():
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP))
    assert (row["present"], row["expected"], row["required_by"]) == (True, False, "[]")
    assert (row["prefixes"], row["expected_prefixes"], row["missing_prefixes"]) == ('[""]', "[]", "[]")


def test_a_requirement_without_rule_is_expected_and_absent():
    row = link(registry(HUB), registry(BACKUP), wanted=baseline(requirement(TO_BACKUP)))
    assert (row["present"], row["expected"], row["required_by"]) == (False, True, '["backup"]')
    assert (row["rules"], row["missing_prefixes"]) == ("[]", '[""]')


def test_rules_that_were_not_read_leave_presence_unknown():
    row = link(registry(HUB, rules=None), registry(BACKUP), wanted=baseline(requirement(TO_BACKUP)))
    assert (row["present"], row["expected"]) == (None, True)
    assert (row["prefixes"], row["missing_prefixes"]) == (None, None)
    assert row["declaration"] == "required"


def test_rules_that_make_no_sense_leave_presence_unknown_and_say_so():
    hub = registry(HUB, replication_configuration='{"rules": 3}')
    tables = build(evidence(hub, registry(BACKUP)), baseline(requirement(TO_BACKUP)))
    assert tables.only("links")["present"] is None
    row = tables.row("registries", account=HUB)
    assert row["evidence_complete"] is False
    assert "replication configuration could not be understood" in row["evidence_missing"]


def test_prefixes_of_several_rules_are_united_and_missing_ones_named():
    hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["bb/", "a/x"]), rule(TO_BACKUP, prefixes=["a/", "bb/c"])])
    wanted = baseline(requirement(TO_BACKUP, accounts=[HUB], repositories=["a/x/y", "c/", "bb"]))
    row = link(hub, registry(BACKUP), wanted=wanted)
    assert json.loads(row["rules"]) == [1, 2]
    assert json.loads(row["prefixes"]) == ["a/", "bb/"]
    assert json.loads(row["missing_prefixes"]) == ["bb", "c/"]


def test_a_destination_that_is_the_source_itself_is_no_link():
    hub = registry(HUB, rules=[rule(f"{HUB}/{REGION}", TO_BACKUP)])
    row = link(hub, registry(BACKUP), wanted=baseline(requirement(f"{HUB}/{REGION}")))
    assert row["destination_account"] == BACKUP


def test_a_requirement_by_unit_is_unknown_where_the_account_lies_nowhere_known():
    accounts = (member(HUB, ou_path=None, organization_path=None), member(BACKUP))
    wanted = baseline(requirement(TO_BACKUP, ous=["Work"]))
    row = link(registry(HUB), accounts=accounts, wanted=wanted)
    assert (row["present"], row["expected"], row["required_by"]) == (False, None, '["backup"]')


def test_a_requirement_by_unit_holds_for_the_accounts_below_it_and_for_no_others():
    wanted = baseline(requirement(TO_BACKUP, ous=["Work"]))
    accounts = (member(HUB, ou_path="Root/Work/Europe"), member(BACKUP))
    assert link(registry(HUB), accounts=accounts, wanted=wanted)["expected"] is True
    elsewhere = (member(HUB, ou_path="Root/Play"), member(BACKUP))
    assert build(evidence(registry(HUB), accounts=elsewhere), wanted).rows("links") == []


@pytest.mark.parametrize(
    ("delete", "expected"),
    [((True, None), "on"), ((False, False), "off"), ((None, None), ""), ((True, False), "")],
)
def test_what_the_baseline_says_about_deletions(delete, expected):
    wanted = baseline(
        requirement(TO_BACKUP, name="one", delete=delete[0]), requirement(TO_BACKUP, name="two", delete=delete[1])
    )
    row = link(registry(HUB), registry(BACKUP), wanted=wanted)
    assert row["expected_delete_replication"] == expected
    assert row["required_by"] == '["one","two"]'


def test_a_requirement_that_no_registry_meets_is_named():
    wanted = baseline(
        requirement(TO_BACKUP, name="one two"),
        requirement(TO_BACKUP, name="two", accounts=[STRANGER]),
        requirement(TO_BACKUP, name='say "three"'),
        resilience=[{"name": "met"}, {"name": "mistyped", "sources": {"repositories": ["prdo/"]}}],
    )
    world = evidence(registry(HUB, repositories=[repository("prod/api")]), registry(BACKUP))
    replication, resilience = idle_requirements(wanted, build(world, wanted).frames)
    assert replication.startswith("The requirement 'two' has no source registry")
    assert resilience.startswith("The resilience requirement 'mistyped' has no repository")
    assert len(idle_requirements(wanted, build(evidence(), wanted).frames)) == 5


def test_only_the_unmet_requirement_says_what_a_new_rule_does_with_deletions():
    wanted = baseline(
        requirement(TO_BACKUP, name="met", delete=True, repositories=["a/"]),
        requirement(TO_BACKUP, name="unmet", delete=False, repositories=["b/"]),
    )
    hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["a/"])])
    assert link(hub, accounts=(member(HUB),), wanted=wanted)["expected_delete_replication"] == "off"


def test_undeclared_links_apply_only_where_they_are_forbidden():
    registries = (registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP))
    assert link(*registries)["declaration_required"] is False
    forbidden = link(*registries, wanted=baseline(undeclared_replication="forbidden"))
    assert (forbidden["declaration_required"], forbidden["declaration"]) == (True, "undeclared")
    allowed = baseline(undeclared_replication="forbidden", allowed_destinations={"accounts": [BACKUP]})
    assert link(*registries, wanted=allowed)["declaration"] == "allowed"


def test_a_destination_allowed_by_unit_is_unknown_where_its_place_is_not_known():
    wanted = baseline(undeclared_replication="forbidden", allowed_destinations={"ous": ["Backups"]})
    accounts = (member(HUB), member(BACKUP, ou_path=None))
    assert link(registry(HUB, rules=[rule(TO_BACKUP)]), accounts=accounts, wanted=wanted)["declaration"] is None
    outside = registry(HUB, rules=[rule(f"{STRANGER}/{REGION}")])
    assert link(outside, accounts=accounts, wanted=wanted)["declaration"] == "undeclared"


@pytest.mark.parametrize(
    ("region", "partition", "words"),
    [("eu-central-1", "aws", ""), ("cn-north-1", "aws-cn", "partition aws-cn"), ("eu-wset-1", "", "not a Region")],
)
def test_the_destination_region_must_exist_in_the_partition(region, partition, words):
    row = link(registry(HUB, rules=[rule(f"{HUB}/{region}")]))
    assert (row["partition"], row["destination_partition"]) == ("aws", partition)
    assert row["destination_region_valid"] is (partition == "aws")
    assert words in row["destination_region_problem"]
    assert bool(row["destination_region_problem"]) is (partition != "aws")


def test_a_region_that_aws_listed_is_valid_though_the_sdk_is_older():
    regions = (RegionRecord(HUB, "mars-north-1", "ENABLED"),)
    row = link(registry(HUB, rules=[rule(f"{HUB}/mars-north-1")]), regions=regions)
    assert (row["destination_region_valid"], row["destination_partition"]) == (True, "aws")


def test_a_destination_outside_the_organization():
    row = link(registry(HUB, rules=[rule(f"{STRANGER}/{REGION}")]))
    assert (row["destination_membership"], row["inactive_accounts"]) == ("outside", None)
    assert row["destination_account_name"] is None
    assert row["grant_verdict"] is None
    assert "not in the organization" in row["grant_reason"]


def test_a_partner_outside_the_organization_is_known():
    wanted = baseline(grants={"external_accounts": {STRANGER: "our supplier"}})
    row = link(registry(HUB, rules=[rule(f"{STRANGER}/{REGION}")]), wanted=wanted)
    assert row["destination_membership"] == "partner"


@pytest.mark.parametrize(
    "unreadable",
    [
        {"organization": None, "accounts": (member(HUB, state=None),)},
        {"accounts": (member(HUB, state=None),), "gaps": (gap("organizations:ListAccounts", "", ""),)},
    ],
    ids=["single account", "accounts not listed"],
)
def test_membership_is_unknown_where_the_accounts_were_not_listed(unreadable):
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), **unreadable)
    assert (row["destination_membership"], row["inactive_accounts"]) == (None, None)
    partner = baseline(grants={"external_accounts": {BACKUP: "our supplier"}})
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), wanted=partner, **unreadable)
    assert row["destination_membership"] == "partner"


def test_without_an_organization_the_own_account_is_known():
    world = {"organization": None, "accounts": (member(HUB, state=None),)}
    row = link(registry(HUB, rules=[rule(f"{HUB}/eu-central-1")]), **world)
    assert row["destination_membership"] == "organization"


@pytest.mark.parametrize(
    ("state", "inactive"),
    [
        ("ACTIVE", "[]"),
        ("SUSPENDED", f'["{BACKUP} (SUSPENDED)"]'),
        ("PENDING_CLOSURE", f'["{BACKUP} (PENDING_CLOSURE)"]'),
        (None, None),
    ],
)
def test_accounts_must_be_active(state, inactive):
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), accounts=(member(HUB), member(BACKUP, state=state)))
    assert row["inactive_accounts"] == inactive
    assert (row["source_account_state"], row["destination_account_state"]) == ("ACTIVE", state)


def test_an_inactive_account_is_named_though_the_state_of_the_other_is_unknown():
    row = link(
        registry(HUB, rules=[rule(TO_BACKUP)]), accounts=(member(HUB, state=None), member(BACKUP, state="CLOSED"))
    )
    assert row["inactive_accounts"] == f'["{BACKUP} (CLOSED)"]'


def test_a_grant_is_judged_over_all_names():
    hub = registry(HUB, rules=[rule(TO_BACKUP)], repositories=[repository("prod/api"), repository("dev/api")])
    resource = f"arn:aws:ecr:{REGION}:{BACKUP}:repository/prod/*"
    row = link(hub, registry(BACKUP, registry_policy=grant(HUB, resource=resource)))
    assert (row["grant_verdict"], row["grant_given"]) == ("ALLOWED", True)
    assert json.loads(row["uncovered_prefixes"]) == [""]


def test_no_policy_is_an_implicit_denial():
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP, registry_policy=""))
    assert (row["grant_verdict"], row["grant_given"], row["cross_account"]) == ("DENIED_IMPLICIT", False, True)


def test_create_repository_matters_only_where_a_repository_is_absent():
    hub = registry(
        HUB, rules=[rule(TO_BACKUP, prefixes=["prod/"])], repositories=[repository("prod/api"), repository("x1")]
    )
    policy = grant(HUB, actions=["ecr:ReplicateImage"])
    there = link(hub, registry(BACKUP, registry_policy=policy, repositories=[repository("prod/api")]))
    assert (there["uncreatable_repository_count"], there["absent_repository_count"]) == (0, 0)
    absent = link(hub, registry(BACKUP, registry_policy=policy))
    assert (absent["uncreatable_repositories"], absent["absent_repositories"]) == ('["prod/api"]', '["prod/api"]')
    assert absent["uncreatable_repository_count"] == 1
    unknown = link(hub, registry(BACKUP, registry_policy=policy, repositories_read=False))
    assert (
        unknown["uncreatable_repository_count"],
        unknown["absent_repositories"],
        unknown["absent_repository_count"],
    ) == (None,) * 3
    granted = link(hub, registry(BACKUP, registry_policy=grant(HUB), repositories_read=False))
    assert (granted["uncreatable_repository_count"], granted["uncreatable_repositories"]) == (0, "[]")


def test_at_most_twenty_repositories_are_named():
    hub = registry(HUB, rules=[rule(TO_BACKUP)], repositories=[repository(f"r{at:02d}") for at in range(30)])
    row = link(hub, registry(BACKUP, registry_policy=grant(HUB, actions=["ecr:ReplicateImage"])))
    for names, number in (("absent_repositories", "absent_repository_count"),
                          ("uncreatable_repositories", "uncreatable_repository_count")):  # fmt: skip
        assert (len(json.loads(row[names])), row[number]) == (20, 30)


def test_where_only_creation_is_undetermined_replication_is_certain():
    policy = json.loads(grant(HUB, actions=["ecr:ReplicateImage"]))
    undetermined = {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "Action": "ecr:CreateRepository"}
    policy["Statement"].append({**policy["Statement"][0], **undetermined, "Sid": "Create"})
    hub = registry(HUB, rules=[rule(TO_BACKUP)], repositories=[repository("api")])
    row = link(hub, registry(BACKUP, registry_policy=json.dumps(policy)))
    assert (row["grant_verdict"], row["grant_given"]) == ("ALLOWED_IF_REPOSITORY_EXISTS", True)
    assert row["uncreatable_repository_count"] is None
    assert "aws:SourceIp" in row["grant_reason"]


def test_a_policy_that_was_not_read_says_why():
    backup = registry(BACKUP, registry_policy=None, gaps=[gap("ecr:GetRegistryPolicy")])
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), backup)
    assert (
        row["grant_verdict"],
        row["grant_given"],
        row["uncovered_prefixes"],
        row["uncreatable_repository_count"],
    ) == (None,) * 4
    assert "AccessDeniedException" in row["grant_reason"]


def test_a_destination_that_the_run_did_not_read_says_so():
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]))
    assert row["grant_verdict"] is None
    assert row["grant_reason"] == "the destination was not read by this run"
    assert row["prefixes_without_template"] is None


def test_a_destination_that_was_left_out_says_why_as_the_inventory_does():
    left_out = gap("ecr:DescribeRegistry", kind=GapKind.ACCOUNT_INACTIVE, message="an account that is SUSPENDED")
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), gaps=(left_out,))
    assert row["grant_reason"] == "the destination was not read by this run: an account that is SUSPENDED"


def test_a_policy_that_is_not_json_is_indeterminate():
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP, registry_policy="{"))
    assert (row["grant_verdict"], row["grant_given"]) == (None, None)
    assert "not valid JSON" in row["grant_reason"]


def test_within_one_account_no_grant_is_needed():
    row = link(registry(HUB, rules=[rule(f"{HUB}/eu-central-1")]))
    assert (row["cross_account"], row["grant_verdict"], row["grant_given"]) == (False, None, False)


def test_the_organization_of_the_source_satisfies_a_condition():
    policy = json.loads(grant("*"))
    policy["Statement"][0] |= {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a"}}}
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP, registry_policy=json.dumps(policy)))
    assert row["grant_verdict"] == "ALLOWED"


@pytest.mark.parametrize(
    ("templates", "uncovered"),
    [
        ([("prod", "REPLICATION")], ["prod", "stage/"]),
        ([("prod/", "REPLICATION"), ("stage", "REPLICATION")], ["prod"]),
        ([("ROOT", "REPLICATION")], []),
        ([("ROOT", "PULL_THROUGH_CACHE")], ["prod", "stage/"]),
    ],
)
def test_templates_cover_prefixes_with_an_implied_slash(templates, uncovered):
    hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["prod", "stage/"])])
    documents = [{"prefix": prefix, "appliedFor": [use]} for prefix, use in templates]
    row = link(hub, registry(BACKUP, templates=json.dumps(documents)))
    assert json.loads(row["prefixes_without_template"]) == uncovered


def test_templates_that_were_not_read_leave_coverage_unknown():
    row = link(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP, templates=None))
    assert row["prefixes_without_template"] is None


def test_registries_outside_the_scope_are_no_sources():
    accounts = (member(HUB), member(BACKUP, in_scope=False), member(THIRD))
    backup = registry(BACKUP, rules=[rule(f"{THIRD}/{REGION}")], registry_policy=grant(HUB))
    tables = build(evidence(registry(HUB, rules=[rule(TO_BACKUP)]), backup, accounts=accounts))
    assert tables.only("links")["source_account"] == HUB
    assert tables.only("rules")["account"] == HUB
    assert tables.row("registries", account=BACKUP)["rule_count"] == 1


TAGGED = json.dumps([{"prefix": "prod", "appliedFor": ["REPLICATION"], "resourceTags": [{"Key": "a", "Value": "b"}]}])


def required_wider(*rules, policy=None, templates="[]"):
    """A link with *rules* and a baseline that requires `prod/` and `dev/`."""
    hub = registry(HUB, rules=rules, repositories=[repository("prod/api"), repository("dev/api")])
    backup = registry(BACKUP, registry_policy=policy, templates=templates, repositories=[repository("prod/api")])
    wanted = baseline(requirement(TO_BACKUP, accounts=[HUB], repositories=["dev/", "prod/"]))
    return build(evidence(hub, backup), wanted).only("links")


def on_prod(*actions):
    return grant(HUB, actions=actions, resource=f"arn:aws:ecr:{REGION}:{BACKUP}:repository/prod/*")


def test_what_is_only_required_is_apart_from_what_the_rules_replicate():
    row = required_wider(rule(TO_BACKUP, prefixes=["prod/"]), policy=on_prod("ecr:ReplicateImage"), templates=TAGGED)
    assert (row["grant_given"], row["uncovered_prefixes"]) == (True, "[]")
    assert (row["absent_repositories"], row["uncreatable_repository_count"]) == ('["dev/api"]', 0)
    assert (row["prefixes_without_template"], row["untaggable_prefixes"]) == ("[]", '["prod/"]')
    assert row["missing_prefixes"] == row["missing_prefixes_refused"] == '["dev/"]'
    assert row["missing_prefixes_without_template"] == '["dev/"]'
    assert row["missing_prefixes_obstacles"] == (
        "the registry policy there does not allow it for dev/*; no creation template there serves dev/*"
    )


def test_a_grant_for_what_is_only_required_does_not_cover_what_the_rules_replicate():
    policy = on_prod("ecr:ReplicateImage", "ecr:CreateRepository")
    row = required_wider(rule(TO_BACKUP, prefixes=["dev/"]), policy=policy)
    assert (row["grant_given"], row["uncovered_prefixes"]) == (True, '["dev/"]')
    assert (row["uncreatable_repositories"], row["missing_prefixes_refused"]) == ('["dev/api"]', "[]")


def test_a_link_without_rules_replicates_nothing():
    row = required_wider(policy=on_prod("ecr:ReplicateImage", "ecr:CreateRepository"), templates=TAGGED)
    assert (row["present"], row["grant_given"], row["absent_repositories"]) == (False, True, '["dev/api"]')
    assert (row["uncovered_prefixes"], row["uncreatable_repository_count"]) == ("[]", 0)
    assert (row["prefixes_without_template"], row["template_sets_tags"]) == ("[]", False)
    assert (row["missing_prefixes_refused"], row["missing_prefixes_without_template"]) == ('["dev/"]', '["dev/"]')


def test_what_rules_replicate_is_unknown_where_they_were_not_read():
    hub = registry(HUB, rules=None, repositories=[repository("prod/api")])
    wanted = baseline(requirement(TO_BACKUP, accounts=[HUB], repositories=["prod/"]))
    row = build(evidence(hub, registry(BACKUP, registry_policy=grant(HUB), templates=TAGGED)), wanted).only("links")
    assert (row["present"], row["grant_verdict"]) == (None, "ALLOWED")
    columns = ("uncovered_prefixes", "uncreatable_repository_count", "prefixes_without_template", "template_sets_tags")
    assert [row[name] for name in (*columns, "missing_prefixes_refused")] == [None] * 5


@pytest.mark.parametrize(
    ("policy", "templates", "refused", "unserved"),
    [(None, None, None, None), ("", "[]", '["dev/"]', '["dev/"]'), ("{", "[]", None, '["dev/"]'),
     (grant(HUB), '[{"prefix":"ROOT","appliedFor":["REPLICATION"]}]', "[]", "[]")],
)  # fmt: skip
def test_what_a_missing_rule_would_meet_at_the_destination(policy, templates, refused, unserved):
    row = required_wider(rule(TO_BACKUP, prefixes=["prod/"]), policy=policy, templates=templates)
    assert (row["missing_prefixes_refused"], row["missing_prefixes_without_template"]) == (refused, unserved)
    met = required_wider(rule(TO_BACKUP), policy=policy, templates=templates)
    assert (met["missing_prefixes_refused"], met["missing_prefixes_without_template"]) == ("[]", "[]")
