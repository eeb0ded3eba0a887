from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.changes import Change
from checks.remediation import repositories, scanning, templates
from checks.remediation.merge_result import CannotApplyError
from tests.checks.remediation.words import OTHER, change


def scanned(kind: str = "BASIC", **rules: list[str]) -> dict[str, Any]:
    return {
        "scanType": kind,
        "rules": [
            {"scanFrequency": name, "repositoryFilters": [{"filter": one, "filterType": "WILDCARD"} for one in filters]}
            for name, filters in rules.items()
        ],
    }


def covering(*prefixes: str, kind: str = "", frequency: str = "") -> Change:
    return change("scanning.cover", OTHER, prefixes=list(prefixes), type=kind, frequency=frequency)


@pytest.mark.parametrize(
    ("seen", "wanted", "after"),
    [
        (scanned(), covering("prod/"), scanned(SCAN_ON_PUSH=["prod/*"])),
        (scanned(), covering(""), scanned(SCAN_ON_PUSH=["*"])),
        (scanned(SCAN_ON_PUSH=["prod/*"]), covering("prod/a"), scanned(SCAN_ON_PUSH=["prod/*"])),
        (scanned(SCAN_ON_PUSH=["prod/a*"]), covering("prod/"), scanned(SCAN_ON_PUSH=["prod/*"])),
        (scanned(SCAN_ON_PUSH=["prod"]), covering("prod/"), scanned(SCAN_ON_PUSH=["prod", "prod/*"])),
        (scanned("ENHANCED", CONTINUOUS_SCAN=["a*"]), covering("b"), scanned("ENHANCED", CONTINUOUS_SCAN=["a*", "b*"])),
        (scanned("ENHANCED"), covering("b", kind="BASIC"), scanned("ENHANCED", SCAN_ON_PUSH=["b*"])),
        (
            scanned(SCAN_ON_PUSH=["a*"]),
            covering("b", frequency="CONTINUOUS_SCAN"),
            scanned("ENHANCED", SCAN_ON_PUSH=["a*"], CONTINUOUS_SCAN=["b*"]),
        ),
        (
            scanned("ENHANCED", MANUAL=["x*"], SCAN_ON_PUSH=["a*"]),
            covering("b", frequency="CONTINUOUS_SCAN"),
            scanned("ENHANCED", SCAN_ON_PUSH=["a*"], CONTINUOUS_SCAN=["b*"]),
        ),
        (scanned(MANUAL=["x*"]), covering("b", kind="ENHANCED"), scanned("ENHANCED", SCAN_ON_PUSH=["b*"])),
        (scanned(MANUAL=["prod/x*"]), covering("prod/"), scanned(SCAN_ON_PUSH=["prod/*"])),
        (scanned(MANUAL=["x*"]), covering("prod/"), scanned(MANUAL=["x*"], SCAN_ON_PUSH=["prod/*"])),
    ],
)
def test_scanning_is_widened_and_never_lowered(seen: Any, wanted: Change, after: Any) -> None:
    merged = scanning.merge(scanning.parse(json.dumps(seen)), [wanted])
    assert not merged.refused
    assert merged.document == after


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["", "a", "ab", "prod/", "x-"]).map(covering), max_size=4))
def test_scanning_twice_is_once_and_rules_stay_two(changes: Any) -> None:
    once = scanning.merge(scanned(MANUAL=["a*"]), changes).document
    assert scanning.merge(once, changes).document == once
    assert len(once["rules"]) <= 2


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (covering("a--"), "does not accept the scan filter"),
        (covering("b", frequency="MANUAL"), "no frequency MANUAL"),
        (covering(*(f"team{number:03}/" for number in range(101))), "101 filters"),
    ],
)
def test_scans_that_aws_refuses_are_not_printed(wanted: Change, why: str) -> None:
    merged = scanning.merge(scanned(), [wanted])
    assert merged.document == scanned()
    assert why in merged.refused[0].reason


@pytest.mark.parametrize("text", [None, "", "x", "[]"])
def test_scanning_that_was_not_read_is_never_replaced(text: str | None) -> None:
    with pytest.raises(CannotApplyError):
        scanning.parse(text)


IMAGES, DELETE = {"tagStatus": "any", "countType": "imageCountMoreThan"}, {"type": "expire"}
EXPIRE, EXPIRE_LATER = (
    json.dumps({"rules": [{"rulePriority": 1, "selection": {**IMAGES, "countNumber": number}, "action": DELETE}]})
    for number in (50, 100)
)
SEEN = {
    "prefix": "prod/",
    "appliedFor": ["REPLICATION"],
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}],
    "customRoleArn": "arn:aws:iam::222222222222:role/x",
    "lifecyclePolicy": EXPIRE,
    "createdAt": "2026-01-01",
}


def updating(prefix: str, **changes: Any) -> Change:
    return change("template.update", OTHER, prefix=prefix, changes=changes)


def creating(prefix: str, **template: Any) -> Change:
    return change("template.create", OTHER, prefix=prefix, template=template)


def merged_templates(*changes: Change) -> Any:
    return templates.merge(templates.parse(json.dumps([SEEN])), changes)


def test_an_update_sends_every_field_again_in_the_spelling_of_aws() -> None:
    change = merged_templates(updating("prod", description="x")).document["prod"]
    assert change.wanted == {name: value for name, value in {**SEEN, "description": "x"}.items() if name != "createdAt"}
    assert change.prefix == "prod/"


def test_leaving_exclusions_drops_their_filters_and_mutability_is_always_said() -> None:
    change = merged_templates(updating("prod", imageTagMutability="IMMUTABLE")).document["prod"]
    assert "imageTagMutabilityExclusionFilters" not in change.wanted
    plain = merged_templates(creating("base", appliedFor=["REPLICATION"])).document["base"]
    assert plain.wanted["imageTagMutability"] == "MUTABLE"
    assert plain.seen is None


def test_findings_about_one_template_are_one_change() -> None:
    result = merged_templates(
        updating("prod", description="x"),
        updating("prod/", lifecyclePolicy=EXPIRE_LATER),
        creating("prod", appliedFor=["CREATE_ON_PUSH"]),
        updating("prod", description="y"),
    )
    change = result.document["prod"]
    assert (change.wanted["description"], change.wanted["lifecyclePolicy"]) == ("x", EXPIRE_LATER)
    assert change.wanted["appliedFor"] == ["REPLICATION", "CREATE_ON_PUSH"]
    assert "different values of description" in result.refused[0].reason


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (updating("base", description="x"), "no creation template base"),
        (updating("prod", colour="x"), "no field colour"),
        (creating("-x", appliedFor=["REPLICATION"]), "does not accept the template prefix"),
        (creating("base"), "needs at least one value of appliedFor"),
        (updating("prod", repositoryPolicy="x" * 10_241), "10,241"),
        (updating("prod", lifecyclePolicy='{"rules": []}'), "AWS would reject the lifecycle policy: rules:"),
        (creating("base", appliedFor=["REPLICATION"], repositoryPolicy='{"Statement": {}}'), "Statement: `Effect`"),
    ],
)
def test_templates_that_aws_refuses_are_not_printed(wanted: Change, why: str) -> None:
    result = merged_templates(wanted)
    assert not result.document
    assert why in result.refused[0].reason


def mutability(mode: str, *exclusions: str, repository: str = "prod/api") -> Change:
    return change(
        "repository.tag-mutability", repository=repository, seen="MUTABLE", mutability=mode, exclusions=list(exclusions)
    )


def lifecycle(policy: str) -> Change:
    return change("repository.lifecycle", repository="prod/api", seen="", policy=policy)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (mutability("IMMUTABLE", repository="-rf"), "'-rf' is not a valid repository name"),
        (mutability("FROZEN"), "FROZEN"),
        (mutability("IMMUTABLE", "latest"), "allows no exclusion"),
        (mutability("IMMUTABLE_WITH_EXCLUSION"), "needs exclusion"),
        (mutability("IMMUTABLE_WITH_EXCLUSION", "$(x)"), "letters, digits"),
        (lifecycle("{}"), "`rules` is missing"),
        (lifecycle("{" + " " * 200), "not JSON"),
        (
            change("repository.policy", repository="a/b", seen="", policy=json.dumps(["x" * 10_240])),
            "AWS accepts 10,240",
        ),
    ],
)
def test_puts_that_aws_refuses_are_not_printed(wanted: Change, why: str) -> None:
    assert why in repositories.merge([wanted]).refused[0].reason


def test_of_two_puts_that_contend_the_first_holds() -> None:
    result = repositories.merge([mutability("IMMUTABLE"), mutability("MUTABLE"), mutability("IMMUTABLE")])
    assert [put.change for put in result.document] == [mutability("IMMUTABLE")]
    assert result.refused[0].change == mutability("MUTABLE")
