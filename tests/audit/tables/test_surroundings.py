"""What the baseline and the organization say about registries and links besides replication itself."""

from __future__ import annotations

import json

import pytest

from audit.evidence import AccountRecord, RegionRecord
from audit.tables.event_patterns import hears_failures
from checks.baseline import Baseline

from .worlds import (
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
    ("pattern", "hears"),
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
def test_patterns_are_decided_three_valued(pattern, hears):
    assert hears_failures({"State": "ENABLED", "EventPattern": json.dumps(pattern)}, HUB, REGION) is hears


def test_rules_that_are_off_keep_a_schedule_or_make_no_sense():
    assert hears_failures({"State": "DISABLED", "EventPattern": json.dumps(DETAIL)}, HUB, REGION) is False
    assert hears_failures({"State": "ENABLED", "ScheduleExpression": "rate(1 day)"}, HUB, REGION) is False
    assert hears_failures({"State": "ENABLED", "EventPattern": "{"}, HUB, REGION) is None


@pytest.mark.parametrize(
    ("rules", "watched", "names"),
    [
        (None, None, None),
        ("[]", False, "[]"),
        (json.dumps([{"Name": "all", "State": "ENABLED", "EventPattern": json.dumps(DETAIL)}]), True, '["all"]'),
        ("{}", None, None),
    ],
    ids=["unread", "none", "one", "nonsense"],
)
def test_failure_events_are_judged_at_destinations_if_the_baseline_asks(rules, watched, names):
    world = evidence(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP, event_rules=rules))
    asks = Baseline.model_validate({"registries": {"failure_events": "required"}})
    row = of(build(world, asks), BACKUP)
    assert (row["failure_events_judged"], row["failure_events_watched"], row["failure_rules"]) == (True, watched, names)
    assert of(build(world, asks))["failure_events_judged"] is False
    assert of(build(world), BACKUP)["failure_events_judged"] is False


def managed(**lists):
    return json.dumps({"inspector": {"enablement": {"ecr_scanning": lists}}})


@pytest.mark.parametrize(
    ("policy", "permitted"),
    [
        (None, None),
        ("", True),
        (managed(enable_in_regions=[REGION], disable_in_regions=[]), False),
        (managed(enable_in_regions=[], disable_in_regions=["ALL_SUPPORTED"]), False),
        (managed(enable_in_regions={"@@assign": [REGION]}), False),
        (managed(enable_in_regions=["us-east-1"]), None),
        ('{"inspector":{"enablement":{"ec2_scanning":{}}}}', None),
        ("{", None),
    ],
)
def test_an_inspector_policy_that_names_the_region_settles_scanning(policy, permitted):
    accounts = (member(HUB), member(BACKUP, inspector_policy=policy))
    world = evidence(registry(HUB, rules=[rule(TO_BACKUP)]), registry(BACKUP), accounts=accounts)
    asks = Baseline.model_validate({"settings": [{"scanning": {"required": True}}]})
    row = of(build(world, asks), BACKUP)
    assert (row["scan_changes_judged"], row["scan_changes_permitted"]) == (True, permitted)
    assert bool(row["scan_changes_problem"]) is (permitted is not True)
    assert of(build(world), BACKUP)["scan_changes_judged"] is False


def test_without_an_organization_nobody_else_settles_scanning():
    asks = Baseline.model_validate({"settings": [{"scanning": {"required": True}}]})
    alone = {"organization": None, "accounts": (AccountRecord(HUB, None, None, None, None),)}
    world = (registry(HUB, rules=[rule(f"{HUB}/us-east-1")]), registry(HUB, "us-east-1"))
    judged = of(build(evidence(*world, **alone), asks), HUB, "us-east-1")["scan_changes_judged"]
    assert judged is False
    refused = evidence(*world, **alone, gaps=(gap("organizations:DescribeOrganization", "", ""),))
    assert of(build(refused, asks), HUB, "us-east-1")["scan_changes_judged"] is None


@pytest.mark.parametrize(
    ("account", "region", "declared"),
    [(HUB, REGION, True), (HUB, "us-east-1", True), (BACKUP, REGION, True), (THIRD, REGION, False)],
)
def test_sources_and_destinations_are_declared(account, region, declared):
    asks = baseline(
        requirement(TO_BACKUP, "same/us-east-1", accounts=[HUB], regions=[REGION]), undeclared_registries="forbidden"
    )
    row = of(build(evidence(registry(account, region, repositories=[repository("a1")])), asks), account, region)
    assert (row["declaration_judged"], row["registry_declared"]) == (True, declared)


def test_a_registry_whose_unit_is_not_known_may_be_declared():
    asks = baseline(requirement(TO_BACKUP, ous=["Work"]), undeclared_registries="forbidden")
    world = evidence(registry(THIRD, repositories=[repository("a1")]), accounts=(member(THIRD, ou_path=None),))
    assert of(build(world, asks), THIRD)["registry_declared"] is None


@pytest.mark.parametrize(
    ("held", "read", "judged"), [([], True, False), ([], False, None), (["a1"], False, True)], ids=["no", "?", "some"]
)
def test_only_registries_with_repositories_are_held_against_the_lists(held, read, judged):
    asks = Baseline.model_validate({"undeclared_registries": "forbidden", "allowed_regions": ["us-east-1"]})
    part = registry(HUB, repositories=[repository(name) for name in held], repositories_read=read)
    row = of(build(evidence(part), asks))
    assert (row["declaration_judged"], row["region_judged"], row["region_approved"]) == (judged, judged, False)
    outside = evidence(part, regions=(RegionRecord(HUB, REGION, "ENABLED", in_scope=False),))
    assert of(build(outside, asks))["region_judged"] is False
    assert of(build(evidence(part)))["region_judged"] is False


@pytest.mark.parametrize(
    ("unit", "names", "rules", "judged", "replicates"),
    [
        ("Work", ["prod/a"], [], True, False),
        ("Work", ["prod/a"], None, True, None),
        ("Work", ["prod/a"], [rule(TO_BACKUP)], True, True),
        ("Work", ["dev/a"], [], False, False),
        ("Elsewhere", ["prod/a"], [], False, False),
    ],
)
def test_members_of_a_unit_must_replicate_something(unit, names, rules, judged, replicates):
    asks = baseline(requirement(TO_BACKUP, ous=[unit], repositories=["prod/"], name="members"))
    part = registry(THIRD, rules=rules, repositories=[repository(name, image("sha256:a")) for name in names])
    row = of(build(evidence(part), asks), THIRD)
    assert (row["membership_judged"], row["member_replicates"]) == (judged, replicates)
    if judged:
        assert row["member_required_by"] == '["members"]'
        flow = {"account": BACKUP, "region": REGION, "prefixes": ["prod/"], "delete_replication": None}
        assert json.loads(row["member_flows"]) == [flow]


def test_accounts_that_are_named_are_no_new_members():
    asks = baseline(requirement(TO_BACKUP, ous=["Work"], accounts=[THIRD]))
    row = of(build(evidence(registry(THIRD, repositories=[repository("a1")])), asks), THIRD)
    assert (row["membership_judged"], row["member_flows"]) == (False, "[]")


@pytest.mark.parametrize(
    ("destination", "status", "enabled", "told"),
    [
        (BACKUP, "ENABLED", True, ""),
        (BACKUP, "DISABLED", False, f"us-east-1 is DISABLED in account {BACKUP}"),
        (BACKUP, "ENABLING", False, f"us-east-1 is ENABLING in account {BACKUP}"),
        (BACKUP, None, None, ""),
        (STRANGER, "ENABLED", None, ""),
    ],
)
def test_regions_must_be_enabled_at_both_ends(destination, status, enabled, told):
    regions = (RegionRecord(HUB, REGION, "ENABLED_BY_DEFAULT"), RegionRecord(BACKUP, "us-east-1", status))
    world = evidence(registry(HUB, rules=[rule(f"{destination}/us-east-1")]), regions=regions)
    row = only_link(world)
    assert (row["regions_enabled"], row["regions_problem"]) == (enabled, told)


def backfill(status, started, account=BACKUP, **more):
    return {"destination": {"registryId": account, "region": REGION}, "status": status, "startedAt": started, **more}


@pytest.mark.parametrize(
    ("backfills", "ended", "succeeded", "status"),
    [
        (None, None, None, None),
        ([], False, None, ""),
        ([backfill("COMPLETE", 1.0, THIRD)], False, None, ""),
        ([backfill("FAILED", 1.0), backfill("COMPLETE", 2.0)], True, True, "COMPLETE"),
        ([backfill("STOPPED", 3.0), backfill("COMPLETE", 2.0)], True, False, "STOPPED"),
        ([backfill("FAILED", 1.0), backfill("IN_PROGRESS", 2.0)], False, None, "IN_PROGRESS"),
        ([backfill("NOVEL", 1.0)], None, None, "NOVEL"),
    ],
)
def test_the_newest_backfill_to_a_destination_counts(backfills, ended, succeeded, status):
    held = None if backfills is None else json.dumps(backfills)
    row = only_link(evidence(registry(HUB, rules=[rule(TO_BACKUP)], backfills=held)))
    assert (row["backfill_ended"], row["backfill_succeeded"], row["backfill_status"]) == (ended, succeeded, status)


def test_what_went_wrong_with_a_backfill_is_told():
    progress = {"failedReplicationCount": 60, "totalReplicationCount": 1200, "failureCodes": ["DENIED"]}
    held = json.dumps([backfill("FAILED", 1.0, progress=progress)])
    row = only_link(evidence(registry(HUB, rules=[rule(TO_BACKUP)], backfills=held)))
    assert row["backfill_problem"] == "60 of 1,200 replications failed; DENIED"
