"""What the baseline and the organization say about registries and links besides replication itself."""

from __future__ import annotations

import json

import pytest

from audit.evidence import AccountRecord, RegionRecord
from audit.tables.registries.surroundings import captures_failures
from checks.baseline.schema import Baseline
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
    image,
    member,
    registry,
    repository,
    requirement,
    rule,
)

TO_BACKUP = f"{BACKUP}/{REGION}"
DETAIL = {"source": ["aws.ecr"], "detail-type": ["ECR Replication Action"], "detail": {"result": ["FAILED"]}}


def of(tables, account=HUB, region=REGION):
    return tables.row("registries", account=account, region=region)


def only_link(world, wanted=None):
    return build(world, wanted).only("links")


@pytest.mark.parametrize(
    ("pattern", "captures"),
    [
        (DETAIL, True),
        ({"source": ["aws.ecr"]}, True),
        ({"source": ["aws.ecs", "aws.ecr"], "detail-type": ["ECR Image Action", "ECR Replication Action"]}, True),
        ({"detail-type": ["ECR Image Scan"]}, False),
        (DETAIL | {"detail": {"result": ["SUCCESS"]}}, False),
        (DETAIL | {"region": ["us-east-1"]}, False),
        (DETAIL | {"account": [HUB]}, True),
        ({"source": [{"prefix": "aws."}], "detail": {"result": [{"anything-but": "SUCCESS"}]}}, True),
        ({"source": [{"anything-but": ["aws.ecr"]}]}, False),
        ({"source": [{"exists": True}]}, True),
        ({"source": [{"wildcard": "aws.*"}]}, None),
        ({"source": [{"wildcard": "aws.*"}], "detail-type": ["Other"]}, False),
        (DETAIL | {"detail": {"result": ["FAILED"], "repository-name": ["prod/api"]}}, None),
        (DETAIL | {"detail": {"result": ["SUCCESS"], "repository-name": ["prod/api"]}}, False),
        ({"$or": [{"source": ["aws.ecs"]}, {"source": ["aws.ecr"]}]}, True),
        ({"$or": [{"source": ["aws.ecs"]}, {"source": ["aws.sts"]}]}, False),
        ({"source": "aws.ecr"}, None),
        ([], None),
    ],
)
def test_patterns_are_decided_three_valued(pattern, captures):
    assert captures_failures({"State": "ENABLED", "EventPattern": json.dumps(pattern)}, HUB, REGION) is captures


def event_rules(targets=({"Arn": "arn:aws:sns:eu-west-1:222222222222:on-call"},), /, **patterns):
    """Rules as read, by name; *targets* of each, None: they could not be read."""
    held = {} if targets is None else {"Targets": list(targets)}
    rules = ({"Name": name, "EventPattern": json.dumps(pattern)} for name, pattern in patterns.items())
    return json.dumps([{**rule, "State": "ENABLED", **held} for rule in rules])


ONE_REPOSITORY = DETAIL | {"detail": {"result": ["FAILED"], "repository-name": ["prod/api"]}}


def test_rules_that_are_off_keep_a_schedule_or_make_no_sense():
    assert captures_failures({"State": "DISABLED", "EventPattern": json.dumps(DETAIL)}, HUB, REGION) is False
    assert captures_failures({"State": "ENABLED", "ScheduleExpression": "rate(1 day)"}, HUB, REGION) is False
    assert captures_failures({"State": "ENABLED", "EventPattern": "{"}, HUB, REGION) is None


@pytest.mark.parametrize(
    ("rules", "count", "names", "idle"),
    [
        (None, None, None, None),
        ("[]", 0, "[]", "[]"),
        (event_rules(all=DETAIL), 1, '["all"]', "[]"),
        (event_rules(all=DETAIL, some=ONE_REPOSITORY), 1, '["all"]', "[]"),
        (event_rules(other={"source": ["aws.ecs"]}, some=ONE_REPOSITORY), None, "[]", "[]"),
        (event_rules((), all=DETAIL), 0, "[]", '["all"]'),
        (event_rules((), some=ONE_REPOSITORY), 0, "[]", "[]"),
        (event_rules(None, all=DETAIL), None, "[]", "[]"),
        (event_rules(None, other={"source": ["aws.ecs"]}), 0, "[]", "[]"),
        ("{}", None, None, None),
    ],
    ids=[
        "unread", "none", "one", "one and an unknown one", "an unknown one", "one without a target",
        "an unknown one without a target", "targets unread", "targets of another one unread", "nonsense",
    ],
)  # fmt: skip
def test_failure_events_are_required_at_destinations_if_the_baseline_asks(rules, count, names, idle):
    world = evidence(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP, event_rules=rules))
    asks = Baseline.model_validate({"registries": {"failure_events": "required"}})
    row = of(build(world, asks), BACKUP)
    assert (row["failure_events_required"], row["failure_rule_count"], row["failure_rules"]) == (True, count, names)
    assert row["failure_rules_without_target"] == idle
    assert of(build(world, asks))["failure_events_required"] is False
    assert of(build(world), BACKUP)["failure_events_required"] is False


def managed(**lists):
    return json.dumps({"inspector": {"enablement": {"ecr_scanning": lists}}})


@pytest.mark.parametrize(
    ("policy", "setting"),
    [
        (None, None),
        ("", ""),
        (managed(enable_in_regions=[REGION], disable_in_regions=[]), "enabled"),
        (managed(enable_in_regions=[], disable_in_regions=["ALL_SUPPORTED"]), "disabled"),
        (managed(enable_in_regions={"@@assign": [REGION]}), "enabled"),
        (managed(enable_in_regions=["us-east-1"]), None),
        ('{"inspector":{"enablement":{"ec2_scanning":{}}}}', None),
        ("{", None),
    ],
)
def test_an_inspector_policy_that_names_the_region_sets_scanning(policy, setting):
    accounts = (member(HUB), member(BACKUP, inspector_policy=policy))
    world = evidence(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP), accounts=accounts)
    asks = Baseline.model_validate({"settings": [{"scanning": {"required": True}}]})
    row = of(build(world, asks), BACKUP)
    assert (row["inspector_policy_relevant"], row["inspector_policy_setting"]) == (True, setting)
    assert bool(row["inspector_policy_problem"]) is (setting is None)
    assert of(build(world), BACKUP)["inspector_policy_relevant"] is False


@pytest.mark.parametrize(
    ("asks", "relevant"),
    [
        ({"source_settings": [{"scanning": {}}]}, {HUB}),
        ({"source_settings": [{"scanning": {}, "accounts": [BACKUP]}]}, set()),
        ({"settings": [{"scanning": {}, "accounts": [BACKUP]}]}, {BACKUP}),
        ({"settings": [{"scanning": {}, "regions": ["us-east-1"]}]}, set()),
    ],
)
def test_an_inspector_policy_matters_where_scanning_is_required(asks, relevant):
    world = evidence(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP), accounts=(member(HUB), member(BACKUP)))
    tables = build(world, Baseline.model_validate(asks))
    assert {one for one in (HUB, BACKUP) if of(tables, one)["inspector_policy_relevant"]} == relevant


def test_without_an_organization_no_inspector_policy_is_relevant():
    asks = Baseline.model_validate({"settings": [{"scanning": {"required": True}}]})
    alone = {"organization": None, "accounts": (AccountRecord(HUB, None, None, None, None),)}
    world = (registry(HUB, rules=[rule(f"{HUB}/us-east-1")]), registry(HUB, "us-east-1"))
    relevant = of(build(evidence(*world, **alone), asks), HUB, "us-east-1")["inspector_policy_relevant"]
    assert relevant is False
    refused = evidence(*world, **alone, gaps=(gap("organizations:DescribeOrganization", "", ""),))
    assert of(build(refused, asks), HUB, "us-east-1")["inspector_policy_relevant"] is None


@pytest.mark.parametrize(
    ("account", "region", "declaring"),
    [(HUB, REGION, ["backup"]), (HUB, "us-east-1", ["backup"]), (BACKUP, REGION, ["backup"]), (THIRD, REGION, [])],
)
def test_sources_and_destinations_are_declared(account, region, declaring):
    asks = baseline(
        requirement(TO_BACKUP, "same/us-east-1", accounts=[HUB], regions=[REGION]), undeclared_registries="forbidden"
    )
    row = of(build(evidence(registry(account, region, repositories=[repository("a1")])), asks), account, region)
    assert (row["declaration_required"], json.loads(row["declaring_requirements"])) == (True, declaring)
    assert row["declaring_requirement_count"] == len(declaring)


def test_a_registry_whose_unit_is_unknown_may_be_declared():
    asks = baseline(requirement(TO_BACKUP, ous=["Work"]), undeclared_registries="forbidden")
    world = evidence(registry(THIRD, repositories=[repository("a1")]), accounts=(member(THIRD, ou_path=None),))
    row = of(build(world, asks), THIRD)
    assert (row["declaring_requirement_count"], row["declaring_requirements"]) == (None, "[]")
    certain = requirement(TO_BACKUP, ous=["Work"]), requirement(f"{THIRD}/{REGION}", name="here")
    row = of(build(world, baseline(*certain, undeclared_registries="forbidden")), THIRD)
    assert (row["declaring_requirement_count"], row["declaring_requirements"]) == (1, '["here"]')


@pytest.mark.parametrize(
    ("held", "read", "applies"), [([], True, False), ([], False, None), (["a1"], False, True)], ids=["no", "?", "some"]
)
def test_only_registries_with_repositories_are_held_against_the_lists(held, read, applies):
    asks = Baseline.model_validate({"undeclared_registries": "forbidden", "allowed_regions": ["us-east-1"]})
    part = registry(HUB, repositories=[repository(name) for name in held], repositories_read=read)
    row = of(build(evidence(part), asks))
    assert (row["declaration_required"], row["region_restricted"]) == (applies, applies)
    assert row["disallowed_region"] == REGION
    assert of(build(evidence(part), baseline(allowed_regions=["us-east-1", REGION])))["disallowed_region"] == ""
    outside = evidence(part, regions=(RegionRecord(HUB, REGION, "ENABLED", in_scope=False),))
    assert of(build(outside, asks))["region_restricted"] is False
    assert of(build(evidence(part)))["region_restricted"] is False


@pytest.mark.parametrize(
    ("unit", "names", "rules", "required", "count"),
    [
        ("Work", ["prod/a"], [], True, 0),
        ("Work", ["prod/a"], None, True, None),
        ("Work", ["prod/a"], [rule(TO_BACKUP)], True, 1),
        ("Work", ["dev/a"], [], False, 0),
        ("Elsewhere", ["prod/a"], [], False, 0),
    ],
)
def test_members_of_a_unit_must_replicate_something(unit, names, rules, required, count):
    asks = baseline(requirement(TO_BACKUP, ous=[unit], repositories=["prod/"], name="members"))
    part = registry(THIRD, rules=rules, repositories=[repository(name, image("sha256:a")) for name in names])
    row = of(build(evidence(part), asks), THIRD)
    assert (row["member_replication_required"], row["rule_count"]) == (required, count)
    if required:
        assert row["member_required_by"] == '["members"]'
        flow = {"account": BACKUP, "region": REGION, "prefixes": ["prod/"], "delete_replication": None}
        assert json.loads(row["member_flows"]) == [flow]


def test_accounts_that_are_named_are_no_new_members():
    asks = baseline(requirement(TO_BACKUP, ous=["Work"], accounts=[THIRD]))
    row = of(build(evidence(registry(THIRD, repositories=[repository("a1")])), asks), THIRD)
    assert (row["member_replication_required"], row["member_flows"]) == (False, "[]")


@pytest.mark.parametrize(
    ("destination", "status", "not_enabled"),
    [
        (BACKUP, "ENABLED", []),
        (BACKUP, "DISABLED", [f"{BACKUP}/us-east-1 (DISABLED)"]),
        (BACKUP, "ENABLING", [f"{BACKUP}/us-east-1 (ENABLING)"]),
        (BACKUP, None, None),
        (STRANGER, "ENABLED", None),
    ],
)
def test_regions_must_be_enabled_at_both_ends(destination, status, not_enabled):
    regions = (RegionRecord(HUB, REGION, "ENABLED_BY_DEFAULT"), RegionRecord(BACKUP, "us-east-1", status))
    world = evidence(registry(HUB, rules=[rule(f"{destination}/us-east-1")]), regions=regions)
    row = only_link(world)
    assert row["regions_not_enabled"] == (None if not_enabled is None else json.dumps(not_enabled))


def test_a_region_that_is_disabled_at_one_end_is_named_though_the_other_is_unknown():
    regions = (RegionRecord(HUB, REGION, "DISABLING"), RegionRecord(BACKUP, "us-east-1", None))
    row = only_link(evidence(registry(HUB, rules=[rule(f"{BACKUP}/us-east-1")]), regions=regions))
    assert row["regions_not_enabled"] == f'["{HUB}/{REGION} (DISABLING)"]'


def backfill(status, started, account=BACKUP, **more):
    return {"destination": {"registryId": account, "region": REGION}, "status": status, "startedAt": started, **more}


@pytest.mark.parametrize(
    ("backfills", "ended", "status"),
    [
        (None, None, None),
        ([], False, ""),
        ([backfill("COMPLETE", 1.0, THIRD)], False, ""),
        ([backfill("FAILED", 1.0), backfill("COMPLETE", 2.0)], True, "COMPLETE"),
        ([backfill("STOPPED", 3.0), backfill("COMPLETE", 2.0)], True, "STOPPED"),
        ([backfill("FAILED", 1.0), backfill("IN_PROGRESS", 2.0)], False, "IN_PROGRESS"),
        ([backfill("NOVEL", 1.0)], None, "NOVEL"),
    ],
)
def test_the_newest_backfill_to_a_destination_counts(backfills, ended, status):
    held = None if backfills is None else json.dumps(backfills)
    row = only_link(evidence(registry(HUB, rules=[rule(TO_BACKUP)], backfills=held)))
    assert (row["backfill_ended"], row["backfill_status"]) == (ended, status)


def test_backfill_failures_are_reported():
    progress = {"failedReplicationCount": 60, "totalReplicationCount": 1200, "failureCodes": ["DENIED"]}
    held = json.dumps([backfill("FAILED", 1.0, progress=progress)])
    row = only_link(evidence(registry(HUB, rules=[rule(TO_BACKUP)], backfills=held)))
    assert row["backfill_problem"] == "60 of 1,200 replications failed; DENIED"
