"""What lies around the registries: EventBridge rules, and the organization's Inspector policy."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from ecr_audit.simulator import Simulation, World, serve
from tests.ecr_audit.simulator.worlds import MANAGEMENT, OUTSIDER, PLAIN, SOURCE, TARGET, client, world_document

PATTERN = '{"source":["aws.ecr"],"detail-type":["ECR Replication Action"],"detail":{"result":["FAILED"]}}'
POLICY = {"inspector": {"enablement": {"ecr_scanning": {"enable_in_regions": ["eu-west-1"], "disable_in_regions": []}}}}


def refusal(call, **parameters) -> str:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return error.value.response["Error"]["Code"]


def test_rules_are_put_listed_in_pages_and_kept(simulation: Simulation) -> None:
    events = client(simulation, "events", TARGET)
    for number in range(3):
        events.put_rule(Name=f"rule-{number}", EventPattern=PATTERN)
    events.put_rule(Name="rule-1", ScheduleExpression="rate(1 day)", State="DISABLED")
    first = events.list_rules(Limit=2)
    last = events.list_rules(Limit=2, NextToken=first["NextToken"])
    rules = [*first["Rules"], *last["Rules"]]
    assert [(rule["Name"], rule["State"], "EventPattern" in rule) for rule in rules] == [
        ("rule-0", "ENABLED", True), ("rule-1", "DISABLED", False), ("rule-2", "ENABLED", True),
    ]  # fmt: skip
    assert "NextToken" not in last
    assert client(simulation, "events", SOURCE).list_rules()["Rules"] == []
    kept = simulation.snapshot()
    assert World.from_document(kept).to_document() == kept


@pytest.mark.parametrize("pattern", ["{", "[]", "{}", '{"source":"aws.ecr"}', '{"source":[]}'])
def test_patterns_that_are_none_are_refused(simulation: Simulation, pattern: str) -> None:
    events = client(simulation, "events", TARGET)
    assert refusal(events.put_rule, Name="x", EventPattern=pattern) == "InvalidEventPatternException"
    assert refusal(events.put_rule, Name="x") == "ValidationException"


def test_an_inspector_policy_is_reported_and_blocks_changes_of_scanning() -> None:
    document = world_document()
    for account in document["accounts"]:
        if account["id"] == SOURCE:
            account["inspector_policy"] = POLICY
    with serve(World.from_document(document)) as simulation:
        organizations = client(simulation, "organizations")
        asked = {"PolicyType": "INSPECTOR_POLICY", "TargetId": SOURCE}
        found = organizations.describe_effective_policy(**asked)["EffectivePolicy"]
        assert json.loads(found["PolicyContent"]) == POLICY
        describe = organizations.describe_effective_policy
        assert refusal(describe, **{**asked, "TargetId": TARGET}) == "EffectivePolicyNotFoundException"
        assert refusal(describe, **{**asked, "TargetId": OUTSIDER}) == "TargetNotFoundException"
        assert refusal(client(simulation, "organizations", PLAIN).describe_effective_policy, **asked) == (
            "AccessDeniedException"
        )
        put = client(simulation, "ecr", SOURCE).put_registry_scanning_configuration
        assert refusal(put, scanType="BASIC") == "BlockedByOrganizationPolicyException"
        client(simulation, "ecr", SOURCE, "us-east-1").put_registry_scanning_configuration(scanType="BASIC")
        client(simulation, "ecr", MANAGEMENT).put_registry_scanning_configuration(scanType="BASIC")
        kept = simulation.snapshot()
    assert World.from_document(kept).to_document() == kept
