"""Whole collections of a simulated organization."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from audit.aws import AwsSettings, AwsSetupError
from audit.evidence import CallCounts, Evidence, RegistryEvidence, Scope, all_gaps
from audit.inventory import collect
from audit.inventory.protocols import NoCheckpoint
from audit.inventory.registry import read_summary
from audit.progress import Phase, ProgressEvent, Step
from checks.baseline.schema import Baseline
from checks.baseline.sections import Destination, Requirement, Sources
from checks.model import GapKind
from ecr_audit.simulator import Simulation, World, serve
from tests.audit.inventory.worlds import CLOSED, EU, HUB, MANAGEMENT, ROLELESS, SOURCE, US, destination, document

NOW = 1795399200.0  # 2026-11-23T02:00:00Z, the worlds' present
QUICK = AwsSettings(max_attempts=3, retry_seconds=3.0, read_timeout=1.0)
Audit = Callable[..., Evidence]


@contextmanager
def simulated(monkeypatch: pytest.MonkeyPatch, world: dict[str, Any]) -> Iterator[Simulation]:
    with serve(World.from_document(world), port=0) as simulation:
        for name, value in simulation.environment().items():
            monkeypatch.setenv(name, value)
        yield simulation


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> Audit:
    def audit(world: dict[str, Any] | None = None, scope: Scope | None = None, **options: Any) -> Evidence:
        with simulated(monkeypatch, world or document()):
            settings = options.pop("settings", QUICK)
            return collect(settings, scope or Scope(), options.pop("baseline", Baseline()), now=NOW, **options)

    return audit


def registry(evidence: Evidence, account: str, region: str) -> RegistryEvidence:
    (found,) = [one for one in evidence.registries if (one.registry.account, one.registry.region) == (account, region)]
    return found


def planned(evidence: Evidence) -> set[tuple[str, str]]:
    return {(one.registry.account, one.registry.region) for one in evidence.registries}


def gaps(evidence: Evidence) -> set[tuple[str, str, str, GapKind]]:
    return {(gap.account, gap.region, gap.operation, gap.kind) for gap in all_gaps(evidence)}


def column(evidence: RegistryEvidence, name: str) -> dict[str, Any]:
    return dict(zip(evidence.repositories["repository"], evidence.repositories[name], strict=True))


def test_an_organization_is_read_whole(audited: Audit) -> None:
    evidence = audited()
    assert evidence.organization is not None
    assert (evidence.organization.id, evidence.organization.name) == ("o-exampleorg1", "management")
    accounts = {one.account: one for one in evidence.accounts}
    assert {one.state for one in evidence.accounts} == {"ACTIVE", "SUSPENDED"}
    assert accounts[SOURCE].ou_path == "Root/Work/Prod"
    assert accounts[SOURCE].organization_path == "o-exampleorg1/r-abcd/ou-abcd-11111111/ou-abcd-22222222/"
    assert [one.account for one in evidence.accounts if one.management] == [MANAGEMENT]
    enabled = {(one.account, one.region) for one in evidence.regions if one.status != "DISABLED"}
    assert planned(evidence) == enabled
    assert evidence.unaccounted == ()
    assert gaps(evidence) == {
        (ROLELESS, "", "sts:AssumeRole", GapKind.ROLE_MISSING),
        (CLOSED, EU, "ecr:DescribeRegistry", GapKind.ACCOUNT_INACTIVE),
    }


def test_depth_where_replication_happens_and_nowhere_else(audited: Audit) -> None:
    evidence = audited()
    source, hub = registry(evidence, SOURCE, EU), registry(evidence, HUB, US)
    assert {pair for pair in planned(evidence) if registry(evidence, *pair).registry.detail == "full"} == {
        (SOURCE, EU),
        (HUB, US),
    }
    assert column(source, "detailed") == {"dev/tool": False, "prod/app": True, "prod/web": True}
    assert column(hub, "detailed") == {"own/thing": False, "prod/app": True}
    assert column(source, "tags")["prod/app"] == '{"team":"a"}'
    assert column(source, "repository_policy") == {"dev/tool": None, "prod/app": "", "prod/web": ""}
    assert column(source, "image_count") == {"dev/tool": None, "prod/app": 2, "prod/web": 1}
    record = source.registry
    assert (record.destinations_limit, record.rules_limit, record.filters_limit) == (25, 25, 100)
    assert (record.service_linked_role_present, hub.registry.service_linked_role_present) == (True, None)
    assert (record.registry_policy, record.templates, record.signing_configuration) == ("", "[]", "")
    assert hub.registry.registry_policy


def test_statuses_only_of_missing_images(audited: Audit) -> None:
    evidence = audited()
    asked = registry(evidence, SOURCE, EU).statuses
    assert sorted(asked["repository"]) == ["prod/app", "prod/app", "prod/web"]
    assert set(asked["destination_account"]) == {HUB}
    assert set(asked["status"]) == {"NEVER_ATTEMPTED"}
    assert evidence.calls.sent["ecr:DescribeImageReplicationStatus"] == 3


def test_every_request_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(monkeypatch, document()) as simulation:
        evidence = collect(QUICK, Scope(), Baseline(), now=NOW)
        assert sum(evidence.calls.sent.values()) == sum(_numbers(simulation))
    assert evidence.calls.sent["ecr:DescribeRegistry"] == len(planned(evidence)) - 1  # all but the one without the role


def _numbers(simulation: Simulation) -> list[int]:
    calls = simulation.calls()
    return list(calls.values()) if hasattr(calls, "values") else [1] * len(calls)


def test_worker_processes_read_the_same(audited: Audit) -> None:
    alone, together = audited(), audited(processes=2)
    assert dataclasses.replace(together, regions=(), calls=CallCounts()) == dataclasses.replace(
        alone, regions=(), calls=CallCounts()
    )
    assert together.calls == alone.calls


def test_narrowing_by_accounts_still_reads_their_destinations(audited: Audit) -> None:
    evidence = audited(scope=Scope(accounts=(SOURCE,), regions=(EU,)))
    assert planned(evidence) == {(SOURCE, EU), (HUB, US)}
    assert [one.account for one in evidence.accounts if one.in_scope] == [SOURCE]
    assert [(one.account, one.region) for one in evidence.regions if one.in_scope] == [(SOURCE, EU)]
    assert registry(evidence, HUB, US).registry.detail == "full"


@pytest.mark.parametrize("unit", ["ou-abcd-22222222", "Work/Prod", "Root/Work/Prod"])
def test_narrowing_by_units(audited: Audit, unit: str) -> None:
    evidence = audited(scope=Scope(ous=(unit,)))
    assert [one.account for one in evidence.accounts if one.in_scope] == [SOURCE]


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope(accounts=("999999999999",)), "no such account"),
        (Scope(accounts=("12",)), "twelve digits"),
        (Scope(ous=("Nowhere",)), "no account is in scope"),
        (Scope(regions=("eu-weest-1",)), "no such Region"),
    ],
)
def test_a_scope_that_names_nothing_is_reported(audited: Audit, scope: Scope, words: str) -> None:
    with pytest.raises(AwsSetupError, match=words):
        audited(scope=scope)


def test_an_inactive_account_that_was_asked_for_is_a_gap(audited: Audit) -> None:
    evidence = audited(scope=Scope(accounts=(CLOSED, SOURCE)))
    assert (CLOSED, "", "sts:AssumeRole", GapKind.ACCOUNT_INACTIVE) in gaps(evidence)


def test_everything_reads_every_repository(audited: Audit) -> None:
    evidence = audited(scope=Scope(all_repositories=True))
    assert all(all(one.repositories["detailed"]) for one in evidence.registries)
    assert registry(evidence, MANAGEMENT, US).registry.detail == "full"


def test_what_the_baseline_requires_is_read_without_a_rule(audited: Audit) -> None:
    requirement = Requirement(
        name="tools",
        sources=Sources(ous=("Work/Prod",), regions=(EU, US), repositories=("dev/",)),
        destinations=(Destination(account=HUB, region=EU),),
    )
    evidence = audited(baseline=Baseline(replication=(requirement,)))
    assert column(registry(evidence, SOURCE, EU), "detailed")["dev/tool"] is True
    assert registry(evidence, HUB, EU).registry.detail == "full"
    empty = registry(evidence, SOURCE, US)
    assert (empty.repositories["repository"], empty.registry.detail) == ([], "full")
    assert (empty.registry.blob_mounting, empty.registry.pull_time_exclusions) == ("DISABLED", "[]")
    assert (empty.registry.destinations_limit, empty.registry.rules_limit) == (25, 25)


@pytest.mark.parametrize(
    ("operation", "kind", "expected"),
    [
        ("ecr:GetRegistryPolicy", "deny", GapKind.DENIED),
        ("ecr:DescribeRepositories", "deny-scp", GapKind.DENIED_BY_SCP),
        ("ecr:GetRegistryScanningConfiguration", "feature-disabled", GapKind.FEATURE_DISABLED),
        ("ecr:DescribeRepositoryCreationTemplates", "unsupported", GapKind.UNKNOWN_OPERATION),
        ("ecr:DescribeImages", "throttle", GapKind.THROTTLED),
        ("ecr:ListTagsForResource", "time-out", GapKind.TIMED_OUT),
        ("iam:GetRole", "deny", GapKind.DENIED),
        ("ecr:DescribeImageReplicationStatus", "deny", GapKind.DENIED),
    ],
)
def test_a_refusal_is_a_gap_and_the_run_goes_on(audited: Audit, operation: str, kind: str, expected: GapKind) -> None:
    fault = {"account": SOURCE, "operation": operation, "kind": kind, "seconds": 1.5}
    evidence = audited(document(faults=[fault]))
    found = [gap for gap in all_gaps(evidence) if gap.account == SOURCE and gap.operation == operation]
    assert {gap.kind for gap in found} == {expected}
    assert {gap.permission for gap in found} == ({operation} if expected is GapKind.DENIED else {""})
    assert registry(evidence, HUB, US).registry.detail == "full"
    assert registry(evidence, SOURCE, EU).registry.replication_configuration


def test_the_service_linked_role_is_read_once_and_its_denial_is_a_gap_of_every_source(audited: Audit) -> None:
    rule = {"destinations": [destination(HUB, EU)]}
    second = {"account": SOURCE, "region": US, "rules": [rule], "repositories": []}
    world = document()
    whole = audited(document(registries=[*world["registries"], second]))
    assert whole.calls.sent["iam:GetRole"] == 1
    assert registry(whole, SOURCE, US).registry.service_linked_role_present is True
    fault = {"account": SOURCE, "operation": "iam:GetRole", "kind": "deny"}
    evidence = audited(document(registries=[*world["registries"], second], faults=[fault]))
    assert {(SOURCE, region, "iam:GetRole", GapKind.DENIED) for region in (EU, US)} <= gaps(evidence)


def test_what_was_refused_is_unknown_and_what_is_absent_is_empty(audited: Audit) -> None:
    fault = {"account": SOURCE, "operation": "ecr:Get*Policy", "kind": "deny"}
    evidence = audited(document(faults=[fault]))
    source = registry(evidence, SOURCE, EU)
    assert source.registry.registry_policy is None
    assert set(column(source, "lifecycle_policy").values()) == {None}
    assert registry(evidence, SOURCE, US).registry.registry_policy is None
    assert column(registry(evidence, HUB, US), "lifecycle_policy")["prod/app"] == ""


def test_throttling_now_and_then_costs_time_and_nothing_else(audited: Audit) -> None:
    evidence = audited(
        document(faults=[{"operation": "ecr:*", "kind": "throttle", "rate": 0.2}]), settings=AwsSettings()
    )
    assert {gap.operation for gap in all_gaps(evidence)} == {"sts:AssumeRole", "ecr:DescribeRegistry"}
    assert column(registry(evidence, SOURCE, EU), "image_count")["prod/app"] == 2


def test_without_an_organization_the_caller_s_account_is_read(audited: Audit) -> None:
    world = document()
    del world["organization"]
    for account in world["accounts"]:
        account.pop("unit", None)
    world["registries"][0]["account"] = MANAGEMENT
    evidence = audited(world)
    assert evidence.organization is None
    assert [one.account for one in evidence.accounts] == [MANAGEMENT]
    assert planned(evidence) == {(MANAGEMENT, EU), (MANAGEMENT, US)}
    assert (HUB, US, "ecr:DescribeRegistry", GapKind.LIMITED) in gaps(evidence)
    assert not [gap for gap in evidence.gaps if gap.operation.startswith("organizations:")]


def test_a_denied_organization_is_a_gap_and_the_caller_s_account_is_read(audited: Audit) -> None:
    faults = [{"operation": "organizations:*", "kind": "deny"}]
    evidence = audited(document(faults=faults))
    assert [one.account for one in evidence.accounts] == [MANAGEMENT]
    assert ("", "", "organizations:ListAccounts", GapKind.DENIED) in gaps(evidence)


def test_accounts_can_be_named_where_the_organization_cannot_be_listed(audited: Audit) -> None:
    faults = [{"operation": "organizations:*", "kind": "deny"}]
    evidence = audited(document(faults=faults), Scope(accounts=(SOURCE, HUB)))
    assert registry(evidence, SOURCE, EU).registry.detail == "full"
    assert [one.account for one in evidence.accounts if one.in_scope] == [SOURCE, HUB]


def test_regions_are_asked_for_in_the_account_where_the_centre_is_silent(audited: Audit) -> None:
    evidence = audited(document(faults=[{"operation": "account:ListRegions", "kind": "deny"}]))
    assert evidence.calls.sent["ec2:DescribeRegions"] >= 3
    assert registry(evidence, SOURCE, EU).registry.detail == "full"
    assert not [gap for gap in all_gaps(evidence) if "Regions" in gap.operation]


def test_unknown_regions_are_assumed_and_marked(audited: Audit) -> None:
    faults = [
        {"operation": "account:ListRegions", "kind": "deny"},
        {"operation": "ec2:DescribeRegions", "kind": "deny"},
    ]
    evidence = audited(document(faults=faults), Scope(accounts=(SOURCE,)))
    statuses = {one.status for one in evidence.regions if one.account == SOURCE}
    assert statuses == {None}
    assert (SOURCE, "", "ec2:DescribeRegions", GapKind.DENIED) in gaps(evidence)
    assert registry(evidence, SOURCE, EU).registry.detail == "full"
    assert registry(evidence, SOURCE, "eu-north-1").gaps, "a Region that is not enabled says so when it is asked"


class Kept(NoCheckpoint):
    """A checkpoint in memory; can fail on request, as if a user pressed Ctrl-C."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.kept: dict[tuple[str, str, str], RegistryEvidence] = {}
        self.left = interrupt_after

    def load(self, phase: str, account: str, region: str) -> RegistryEvidence | None:
        return self.kept.get((phase, account, region))

    def save(self, phase: str, evidence: RegistryEvidence) -> None:
        self.kept[phase, evidence.registry.account, evidence.registry.region] = evidence
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize("finished", [3, 7])
def test_an_interrupted_collection_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch, finished: int) -> None:
    with simulated(monkeypatch, document()):
        whole = collect(QUICK, Scope(), Baseline(), now=NOW)
        kept = Kept(interrupt_after=finished)
        with pytest.raises(KeyboardInterrupt):
            collect(QUICK, Scope(), Baseline(), checkpoint=kept, now=NOW)
        kept.left = None
    with simulated(monkeypatch, document()) as simulation:
        resumed = collect(QUICK, Scope(), Baseline(), checkpoint=kept, now=NOW)
        asked_again = sum("ecr:DescribeRegistry" in str(call) for call in simulation.calls())
    assert resumed.registries == whole.registries
    assert asked_again < len(planned(whole)) - 1


def test_a_registry_that_was_lost_is_a_gap_and_is_tried_again_on_resume(
    monkeypatch: pytest.MonkeyPatch, audited: Audit
) -> None:
    def break_on_hub(reader: Any, partition: str) -> RegistryEvidence:
        if (reader.account, reader.region) == (HUB, US):
            raise RuntimeError("a defect of ours")
        return read_summary(reader, partition)

    kept = Kept()
    with monkeypatch.context() as broken:
        broken.setattr("audit.inventory.tasks.read_summary", break_on_hub)
        evidence = audited(checkpoint=kept)
    (gap,) = registry(evidence, HUB, US).gaps
    assert (gap.kind, gap.code) == (GapKind.UNEXPECTED, "RuntimeError")
    assert "a defect of ours" in gap.message
    assert registry(evidence, SOURCE, EU).registry.detail == "full"
    assert registry(audited(checkpoint=kept), HUB, US).registry.detail == "full"


def test_progress_ends_what_it_starts(audited: Audit) -> None:
    events: list[ProgressEvent] = []
    audited(progress=events.append)
    begun = [event.phase for event in events if event.step is Step.BEGUN]
    assert begun == [Phase.ORGANIZATION, Phase.ACCOUNTS, Phase.SUMMARIES, Phase.DETAILS, Phase.STATUSES]
    for phase in begun:
        planned = sum(event.count for event in events if (event.phase, event.step) == (phase, Step.PLANNED))
        read = [event for event in events if (event.phase, event.step) == (phase, Step.READ)]
        assert planned == len(read)
        assert all(event.account and event.region for event in read)
    assert any(event.step is Step.READ for event in events)


def test_event_rules_are_read_where_replicas_arrive_and_the_baseline_asks(audited: Audit) -> None:
    world = document()
    world["registries"][1]["event_rules"] = [
        {"name": "failures", "pattern": {"source": ["aws.ecr"]}, "targets": [{"Id": "1", "Arn": "arn:aws:sns:x"}]},
        {"name": "idle", "pattern": {"source": ["aws.ecr"]}},
        {"name": "nightly", "schedule": "rate(1 day)"},
    ]
    asked = audited(world, baseline=Baseline.model_validate({"registries": {"failure_events": "required"}}))
    rules = {(one.registry.account, one.registry.region): one.registry.event_rules for one in asked.registries}
    assert {pair for pair, found in rules.items() if found is not None} == {(HUB, US)}
    targets = {rule["Name"]: rule.get("Targets") for rule in json.loads(rules[HUB, US] or "")}
    assert targets == {"failures": [{"Arn": "arn:aws:sns:x"}], "idle": [], "nightly": None}
    assert not {"events:ListRules", "events:ListTargetsByRule"} & audited(world).calls.sent.keys()


def test_targets_that_are_refused_stay_unknown(audited: Audit) -> None:
    world = document(faults=[{"operation": "events:ListTargetsByRule", "kind": "deny"}])
    world["registries"][1]["event_rules"] = [{"name": "failures", "pattern": {"source": ["aws.ecr"]}}]
    asked = audited(world, baseline=Baseline.model_validate({"registries": {"failure_events": "required"}}))
    (rules,) = (one.registry.event_rules for one in asked.registries if one.registry.event_rules is not None)
    assert "Targets" not in rules
    (gap,) = (gap for one in asked.registries for gap in one.gaps if gap.operation == "events:ListTargetsByRule")
    assert gap.resource == "failures"


@pytest.mark.parametrize(
    ("policy", "fault", "expected"),
    [("", False, ""), ('{"inspector":{}}', False, '{"inspector":{}}'), ("", True, None)],
    ids=["none", "one", "refused"],
)
def test_inspector_policies_are_read_of_accounts_whose_replicas_must_be_scanned(
    audited: Audit, policy: str, fault: bool, expected: str | None
) -> None:
    faults = [{"operation": "organizations:DescribeEffectivePolicy", "kind": "deny"}] if fault else []
    world = document(faults=faults)
    world["accounts"][2]["inspector_policy"] = policy
    evidence = audited(world, baseline=Baseline.model_validate({"settings": [{"scanning": {"required": True}}]}))
    assert {one.account: one.inspector_policy for one in evidence.accounts}[HUB] == expected
    assert evidence.calls.sent["organizations:DescribeEffectivePolicy"] == 1  # the other destination is suspended
    assert ("", "", "organizations:DescribeEffectivePolicy", GapKind.DENIED) in gaps(evidence) or not fault


def test_a_denied_status_differs_from_one_that_was_not_requested(audited: Audit) -> None:
    fault = {"operation": "ecr:DescribeImageReplicationStatus", "kind": "deny"}
    asked = registry(audited(document(faults=[fault])), SOURCE, EU).statuses
    assert (len(asked["digest"]), set(asked["status"])) == (3, {None})
