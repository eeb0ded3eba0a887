"""Which registries, repositories and images deserve more calls."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evidence import (
    IMAGE_COLUMNS,
    REPOSITORY_COLUMNS,
    AccountRecord,
    Columns,
    RegistryEvidence,
    RegistryRecord,
    empty_columns,
)
from audit.inventory.plan import (
    Flow,
    inquiries,
    registries_for_detail,
    repositories_to_read,
    required_flows,
    required_sources,
    rule_flows,
)
from checks.baseline.schema import Baseline
from checks.baseline.sections import Destination, Requirement, Sources
from checks.model import RegistryId

SOURCE, HUB, IDLE = ("111111111111", "eu-west-1"), ("222222222222", "us-east-1"), ("333333333333", "eu-west-1")
ACCOUNTS = {pair[0]: AccountRecord(pair[0], None, "ACTIVE", "Root/Prod", None) for pair in (SOURCE, HUB, IDLE)}


def rules(*prefixes: str, to: RegistryId = HUB) -> str:
    rule: dict = {"destinations": [{"registryId": to[0], "region": to[1]}]}
    if prefixes:
        rule["repositoryFilters"] = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]
    return json.dumps({"rules": [rule]})


def registry(
    pair: RegistryId,
    *names: str,
    config: str | None = '{"rules":[]}',
    policy: str | None = "",
    listed: bool = True,
    images: dict[str, list[tuple]] | None = None,
) -> RegistryEvidence:
    repositories: Columns = empty_columns(REPOSITORY_COLUMNS)
    rows: Columns = empty_columns(IMAGE_COLUMNS)
    for name in names:
        values = {"repository": name, "image_count": None if images is None else len(images.get(name, ()))}
        for column in REPOSITORY_COLUMNS:
            repositories[column].append(values.get(column))
    for name, found in (images or {}).items():
        for digest, pushed_at, *status in found:
            values = {"repository": name, "digest": digest, "pushed_at": pushed_at, "status": (*status, "ACTIVE")[0]}
            for column in IMAGE_COLUMNS:
                rows[column].append(values.get(column))
    record = RegistryRecord(
        *pair, "aws", replication_configuration=config, registry_policy=policy, repositories_read=listed
    )
    return RegistryEvidence(record, repositories, rows)


def flow(*prefixes: str, source: RegistryId = SOURCE, to: RegistryId = HUB, configured: bool = True) -> Flow:
    return Flow(source, to, prefixes or ("",), configured)


@pytest.mark.parametrize(
    ("configuration", "flows"),
    [
        (None, ()),
        ('{"rules":[]}', ()),
        (rules("prod/", "base"), (flow("prod/", "base"),)),
        (rules(), (flow(""),)),
        ('{"rules":null}', ()),
    ],
)
def test_flows_of_rules(configuration: str | None, flows: tuple[Flow, ...]) -> None:
    assert rule_flows(SOURCE, configuration) == flows


def test_flows_that_the_baseline_requires_leave_out_the_registry_itself() -> None:
    requirement = Requirement(
        name="replicas",
        sources=Sources(accounts=(SOURCE[0], HUB[0]), repositories=("prod/",)),
        destinations=(Destination(account=HUB[0], region=HUB[1]), Destination(account="same", region="eu-north-1")),
    )
    flows = required_flows(Baseline(replication=(requirement,)), ACCOUNTS, [SOURCE, HUB, IDLE])
    assert flows == (
        flow("prod/", configured=False),
        flow("prod/", to=(SOURCE[0], "eu-north-1"), configured=False),
        flow("prod/", source=HUB, to=(HUB[0], "eu-north-1"), configured=False),
    )


def test_repositories_wanted_on_both_sides() -> None:
    summaries = {
        SOURCE: registry(SOURCE, "prod/a", "prod/b", "dev/c"),
        HUB: registry(HUB, "prod/a", "prod/orphan", "own/x"),
        IDLE: registry(IDLE, "prod/a"),
    }
    wanted = repositories_to_read([flow("prod/")], summaries, all_repositories=False)
    assert wanted == {SOURCE: ("prod/a", "prod/b"), HUB: ("prod/a",)}


def test_a_source_that_could_not_be_listed_makes_its_prefixes_count_at_the_destination() -> None:
    summaries = {SOURCE: registry(SOURCE, listed=False), HUB: registry(HUB, "prod/a", "own/x")}
    assert repositories_to_read([flow("prod/")], summaries, all_repositories=False) == {HUB: ("prod/a",)}


def test_everything_is_everything() -> None:
    summaries = {IDLE: registry(IDLE, "b", "a")}
    assert repositories_to_read([], summaries, all_repositories=True) == {IDLE: ("a", "b")}


names = st.text("ab/-", min_size=1, max_size=5)


@given(st.lists(names, unique=True), st.lists(names, unique=True), st.lists(st.text("ab/", max_size=3), min_size=1))
def test_wanted_is_what_the_definition_says(here: list[str], there: list[str], prefixes: list[str]) -> None:
    summaries = {SOURCE: registry(SOURCE, *here), HUB: registry(HUB, *there)}
    wanted = repositories_to_read([flow(*prefixes)], summaries, all_repositories=False)
    sent = {name for name in here if any(name.startswith(prefix) for prefix in prefixes)}
    assert set(wanted.get(SOURCE, ())) == sent
    assert set(wanted.get(HUB, ())) == sent & set(there)


def test_depth_for_sources_destinations_policies_and_the_unknown() -> None:
    pairs = [(f"{number:012}", "eu-west-1") for number in range(6)]
    source, hub, granting, unknown, empty, unreadable = pairs
    summaries = {
        source: registry(source, config=rules("prod/", to=hub)),
        hub: registry(hub),
        granting: registry(granting, policy="{}"),
        unknown: registry(unknown, policy=None),
        empty: registry(empty, "some/repository"),
        unreadable: registry(unreadable, config=None, policy=None, listed=False),
    }
    flows = rule_flows(source, summaries[source].registry.replication_configuration)
    assert registries_for_detail(flows, summaries, all_repositories=False) == (source, hub, granting, unknown)
    assert empty in registries_for_detail(flows, summaries, all_repositories=True)


def test_a_required_source_is_read_in_detail_whether_it_has_repositories_or_not() -> None:
    flows = [flow("prod/", source=SOURCE, configured=False), flow("prod/", source=IDLE, configured=False)]
    summaries = {SOURCE: registry(SOURCE, "x"), IDLE: registry(IDLE), HUB: registry(HUB)}
    assert set(registries_for_detail(flows, summaries, all_repositories=False)) == {SOURCE, IDLE, HUB}
    assert required_sources([*flows, flow("prod/", source=HUB)]) == {SOURCE, IDLE}


def test_a_destination_of_a_registry_out_of_scope_is_read_in_detail() -> None:
    summaries = {SOURCE: registry(SOURCE, config=rules("prod/", to=IDLE)), IDLE: registry(IDLE), HUB: registry(HUB)}
    assert registries_for_detail([], summaries, all_repositories=False) == (SOURCE, IDLE)


def test_a_rule_for_its_own_registry_replicates_nothing_there() -> None:
    assert rule_flows(SOURCE, rules("prod/", to=SOURCE)) == ()


def test_images_asked_about_are_the_active_ones_that_the_destination_lacks() -> None:
    here = {"prod/a": [("d1", 10.0), ("d2", 20.0), ("d3", 30.0, "ARCHIVED"), ("d4", 40.0)], "dev/b": [("d5", 1.0)]}
    there = {"prod/a": [("d1", 11.0), ("d4", 41.0, "ARCHIVED")]}
    evidence = {
        SOURCE: registry(SOURCE, "prod/a", "dev/b", images=here),
        HUB: registry(HUB, "prod/a", images=there),
    }
    found = inquiries([flow("prod/")], evidence, most=10, settled_before=100.0)
    assert [(one.repository, one.digest, one.destinations) for one in found[SOURCE].questions] == [
        ("prod/a", "d2", (HUB,))
    ]


def test_one_question_serves_several_destinations() -> None:
    other = ("444444444444", "eu-west-1")
    evidence = {
        SOURCE: registry(SOURCE, "a", images={"a": [("d1", 1.0)]}),
        HUB: registry(HUB, images={}),
        other: registry(other, images={}),
    }
    found = inquiries([flow("a"), flow("a", to=other)], evidence, most=10, settled_before=100.0)
    assert [one.destinations for one in found[SOURCE].questions] == [(HUB, other)]


def test_replicas_that_could_not_be_read_are_not_reported_missing() -> None:
    evidence = {
        SOURCE: registry(SOURCE, "a", images={"a": [("d1", 1.0)]}),
        HUB: registry(HUB, "a"),
    }
    assert inquiries([flow("a")], evidence, most=10, settled_before=100.0) == {}


def test_the_bound_keeps_settled_and_new_images_first_and_says_what_it_left_out() -> None:
    images = {"a": [("old", 1.0), ("newer", 5.0), ("young", 50.0)]}
    evidence = {SOURCE: registry(SOURCE, "a", images=images), HUB: registry(HUB, images={})}
    found = inquiries([flow("a")], evidence, most=2, settled_before=10.0)[SOURCE]
    assert [one.digest for one in found.questions] == ["newer", "old"]
    assert found.left_out == ((HUB, 1),)
