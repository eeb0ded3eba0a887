"""Matching of sources, destinations, prefixes and settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.baseline.requirements import (
    destination_allowed,
    destinations_of,
    in_units,
    is_covered,
    merged_settings,
    minimal_prefixes,
    prefixes_of,
    source_matches,
)
from checks.baseline.schema import Baseline
from checks.baseline.sections import AllowedDestinations, Destination, Requirement, Scanning, Settings, Sources

PROD = {
    "ou_path": "Root/Workloads/Prod",
    "organization_path": "o-exampleorg1/r-abcd/ou-abcd-11111111/ou-abcd-22222222/",
}
UNKNOWN = {"ou_path": None, "organization_path": None}
A, B = "111111111111", "222222222222"


@pytest.mark.parametrize(
    ("sources", "place", "expected"),
    [
        (Sources(), UNKNOWN, True),
        (Sources(accounts=(A,)), UNKNOWN, True),
        (Sources(accounts=(B,)), UNKNOWN, False),
        (Sources(regions=("eu-west-1",)), UNKNOWN, True),
        (Sources(regions=("us-east-1",)), UNKNOWN, False),
        (Sources(regions=("us-east-1",), ous=("Workloads",)), UNKNOWN, False),
        (Sources(ous=("Workloads",)), UNKNOWN, None),
        (Sources(ous=("Workloads",)), PROD, True),
        (Sources(ous=("Workloads/Prod",)), PROD, True),
        (Sources(ous=("Root/Workloads/Prod/",)), PROD, True),
        (Sources(ous=("Root",)), PROD, True),
        (Sources(ous=("Workloads/Pro",)), PROD, False),
        (Sources(ous=("Prod",)), PROD, False),
        (Sources(ous=("ou-abcd-11111111",)), PROD, True),
        (Sources(ous=("ou-abcd-99999999",)), PROD, False),
        (Sources(ous=("r-abcd",)), PROD, True),
        (Sources(ous=("ou-abcd-11111111",)), PROD | {"organization_path": None}, None),
        (Sources(ous=("Sandbox", "ou-abcd-11111111")), PROD | {"organization_path": None}, None),
        (Sources(ous=("Workloads", "ou-abcd-11111111")), PROD | {"organization_path": None}, True),
        (Sources(accounts=(A,), ous=("Sandbox",)), PROD, True),
        (Sources(accounts=(B,), ous=("Workloads",)), PROD, True),
        (Sources(accounts=(B,), ous=("Sandbox",)), PROD, False),
        (Sources(accounts=(B,), ous=("Sandbox",)), UNKNOWN, None),
    ],
)
def test_source_matches(sources: Sources, place: dict[str, str | None], expected: bool | None) -> None:
    assert source_matches(sources, account=A, region="eu-west-1", **place) is expected


def test_account_directly_under_the_root() -> None:
    assert in_units(("Root",), ou_path="Root", organization_path="o-a1b2c3d4e5/r-abcd/") is True
    assert in_units(("Workloads",), ou_path="Root", organization_path="o-a1b2c3d4e5/r-abcd/") is False


def test_destinations_of_resolves_same_and_names_each_once() -> None:
    requirement = Requirement(
        name="copies",
        destinations=(
            Destination(account="same", region="eu-central-1"),
            Destination(account=B, region="eu-west-1"),
            Destination(account=A, region="eu-central-1"),
        ),
    )
    assert destinations_of(requirement, A) == ((A, "eu-central-1"), (B, "eu-west-1"))
    assert destinations_of(requirement, B) == ((B, "eu-central-1"), (B, "eu-west-1"), (A, "eu-central-1"))


def test_prefixes_of() -> None:
    assert prefixes_of(Sources()) == ("",)
    assert prefixes_of(Sources(repositories=("team/", "prod", "prod/api"))) == ("prod", "team/")


@pytest.mark.parametrize(
    ("allowed", "place", "expected"),
    [
        (AllowedDestinations(), PROD, False),
        (AllowedDestinations(), UNKNOWN, False),
        (AllowedDestinations(accounts=(A,)), UNKNOWN, True),
        (AllowedDestinations(accounts=(A,), regions=("us-east-1",)), UNKNOWN, False),
        (AllowedDestinations(ous=("Workloads",), regions=("eu-west-1",)), PROD, True),
        (AllowedDestinations(ous=("Workloads",)), UNKNOWN, None),
        (AllowedDestinations(accounts=(B,), ous=("Sandbox",)), PROD, False),
    ],
)
def test_destination_allowed(allowed: AllowedDestinations, place: dict[str, str | None], expected: bool | None) -> None:
    baseline = Baseline(allowed_destinations=allowed)
    assert destination_allowed(baseline, A, "eu-west-1", **place) is expected


def test_longest_prefix_decides_field_by_field() -> None:
    baseline = Baseline(
        settings=(
            Settings(repositories=("prod/pay",), tag_mutability="IMMUTABLE"),
            Settings(
                tag_mutability="IMMUTABLE_WITH_EXCLUSION",
                mutability_exclusions=("latest",),
                scanning=Scanning(),
                lifecycle_policy="required",
                tags={"owner": "platform", "tier": "0"},
            ),
            Settings(repositories=("prod/", "stage/"), lifecycle_policy=None, tags={"tier": "1"}),
        )
    )
    everywhere = merged_settings(baseline, "misc")
    assert (everywhere.tag_mutability, everywhere.mutability_exclusions) == ("IMMUTABLE_WITH_EXCLUSION", ("latest",))
    assert merged_settings(baseline, "prod/api").lifecycle_policy is None
    assert merged_settings(baseline, "prod/api").tag_mutability == "IMMUTABLE_WITH_EXCLUSION"
    payments = merged_settings(baseline, "prod/payments")
    assert (payments.tag_mutability, payments.mutability_exclusions) == ("IMMUTABLE", ())
    assert payments.scanning == Scanning()
    assert payments.tags == {"owner": "platform", "tier": "1"}
    assert merged_settings(baseline, "prod").lifecycle_policy == "required"


def test_equal_answers_are_one_object() -> None:
    baseline = Baseline(settings=(Settings(repositories=("prod/",), lifecycle_policy="required"),))
    assert merged_settings(baseline, "prod/a") is merged_settings(baseline, "prod/b")
    assert merged_settings(baseline, "a") is merged_settings(baseline, "b")


def test_no_settings_asks_nothing() -> None:
    nothing = merged_settings(Baseline(), "anything")
    assert nothing == Settings(tags={})


PREFIX = st.text("ab/", max_size=4)
NAME = st.text("ab/", max_size=7)


@given(st.lists(PREFIX), NAME)
def test_minimal_prefixes_match_the_same_names(prefixes: list[str], name: str) -> None:
    minimal = minimal_prefixes(prefixes)
    assert is_covered(name, prefixes) == is_covered(name, minimal)
    assert all(not is_covered(one, set(minimal) - {one}) for one in minimal)


@given(PREFIX, st.lists(PREFIX), NAME)
def test_covered_prefix_means_covered_names(prefix: str, by: list[str], rest: str) -> None:
    if is_covered(prefix, by):
        assert is_covered(prefix + rest, by)
    else:
        # The shortest witness: the prefix itself is a possible name that nothing covers.
        assert not any(prefix.startswith(one) for one in by)


@given(PREFIX, st.lists(PREFIX), st.lists(PREFIX))
def test_coverage_is_transitive(prefix: str, middle: list[str], outer: list[str]) -> None:
    if is_covered(prefix, middle) and all(is_covered(one, outer) for one in middle):
        assert is_covered(prefix, outer)


FIELDS = {
    "lifecycle_policy": st.sampled_from(["required", "not-required", None]),
    "repository_policy": st.sampled_from(["none", None]),
}
ENTRY = st.builds(
    lambda prefixes, fields: Settings.model_construct(repositories=tuple(prefixes), **fields),
    st.lists(PREFIX.filter(bool), max_size=3),
    st.fixed_dictionaries({}, optional=FIELDS),
)


@given(st.lists(ENTRY, max_size=5), NAME)
def test_merged_settings_equals_the_plain_definition(entries: list[Settings], name: str) -> None:
    expected: dict[str, object] = {"lifecycle_policy": None, "repository_policy": None}
    for length in range(len(name) + 1):
        for entry in entries:
            matching = [len(prefix) for prefix in entry.repositories or ("",) if name.startswith(prefix)]
            if matching and max(matching) == length:
                expected |= {field: getattr(entry, field) for field in entry.model_fields_set - {"repositories"}}
    merged = merged_settings(Baseline.model_construct(settings=tuple(entries)), name)
    assert {field: getattr(merged, field) for field in expected} == expected
