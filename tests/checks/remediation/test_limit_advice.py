from __future__ import annotations

import json
from typing import Any

from checks.baseline.loading import load_baseline
from checks.model import RemediationContext
from checks.remediation import limit_advice, policy
from checks.remediation.policy_text import parse, text_of
from tests.checks.remediation.words import OTHER, REGION, SOURCE, context, granting, registry, rule

A, B, C = "111111111111/eu-central-1", "222222222222/eu-west-1", "333333333333/eu-west-1"
BASELINE = """
version: 1
replication:
  - name: Everywhere
    sources: {accounts: ["111111111111"], regions: [eu-west-1], repositories: [prod/]}
    destinations: [{account: "222222222222", region: eu-west-1}, {account: "333333333333", region: eu-west-1}]
"""


def test_destinations_are_divided_with_those_that_are_there_kept() -> None:
    row = registry(rules=[rule(A, prefixes=["base/"])], destinations_limit=2, destinations_needed=3)
    other = registry(SOURCE, "us-east-1", destination_headroom=7)
    seen = RemediationContext(
        load_baseline(BASELINE, "b.yaml"), "", {(SOURCE, REGION): row, (SOURCE, "us-east-1"): other}
    )
    (step,) = limit_advice.for_destinations(row, seen)
    assert "keep 2 here (eu-central-1: 111111111111; eu-west-1: 222222222222)" in step
    assert "111111111111/us-east-1, which can have 7 more" in step
    assert "333333333333/eu-west-1 (prod/*)" in step


def test_where_the_needed_destinations_are_not_known_nothing_is_computed() -> None:
    row = registry(rules=[rule(A)], destinations_limit=1, destinations_needed=4)
    assert limit_advice.for_destinations(row, context(row)) == ()
    assert limit_advice.for_destinations({**row, "replication_configuration": None}, context(row)) == ()


def test_rules_that_say_the_same_are_named_with_the_rule_that_replaces_them() -> None:
    rules = [rule(A, prefixes=["a/"]), rule(B), rule(A, prefixes=["b/"]), {"destinations": []}]
    row = registry(rules=rules)
    (step,) = limit_advice.for_rules(row, context(row))
    assert "These 4 rules can be written as 2" in step
    assert f"rules 1, 3 as {json.dumps(rule(A, prefixes=['a/', 'b/']))}" in step
    unlike = registry(rules=[rule(A, prefixes=["a/"]), rule(B, prefixes=["b/"])])
    (step,) = limit_advice.for_rules(unlike, context(unlike))
    assert "into one, which would also replicate" in step


def test_filters_that_others_cover_and_shorter_ones_are_named() -> None:
    names = ["base/", "base/x", *(f"team/{number:02}/" for number in range(90))]
    row: dict[str, Any] = {"prefixes": json.dumps(names), "filters_limit": 100}
    first, second = limit_advice.for_filters(row, context())
    assert first == "1 filters begin with another one: base/x."
    assert "'team/' instead of 90 filters" in second
    assert limit_advice.for_filters({"prefixes": None, "filters_limit": 100}, context()) == ()


def test_a_policy_is_told_what_each_way_would_save() -> None:
    owner = policy.Owner(OTHER, REGION, "aws")
    grants = [granting(f"4000000000{number:02}", f"team-{number:02}/") for number in range(20)]
    text = text_of(policy.merge(parse(""), grants, owner).document, 10_240)
    row = registry(OTHER, policy=text)
    lengths, many, everybody = limit_advice.for_policy(row, context(row))
    assert f"Without whitespace the policy has {len(text):,} characters" in lengths
    assert "one statement for all 20 accounts" in many
    assert '"aws:PrincipalOrgID": "o-exampleorg1"' in everybody
    assert limit_advice.for_policy(registry(OTHER), context()) == ()
