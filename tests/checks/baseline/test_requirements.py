"""Matching of sources, destinations, prefixes and settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.baseline.places import applies_to, in_units
from checks.baseline.requirements import (
    destination_allowed,
    destinations_of,
    is_covered,
    minimal_prefixes,
    prefixes_of,
)
from checks.baseline.schema import Baseline
from checks.baseline.sections import AllowedDestinations, Destination, Requirement, Sources
from checks.model import Place

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
        (Sources(account_names=("*-prod",)), PROD, True),
        (Sources(account_names=("payments-prod",)), PROD, True),
        (Sources(account_names=("*-Prod", "pay?ents*")), PROD, False),
        (Sources(account_names=("*-prod",), regions=("us-east-1",)), PROD, False),
        (Sources(account_names=("*-prod",)), UNKNOWN, None),
        (Sources(accounts=(A,), account_names=("*-dev",)), UNKNOWN, True),
        (Sources(account_names=("*-dev",), ous=("Workloads",)), PROD, True),
    ],
)
def test_sources_apply_to_a_place(sources: Sources, place: dict[str, str | None], expected: bool | None) -> None:
    assert applies_to(sources, Place(A, "eu-west-1", "payments-prod" if place is PROD else None, **place)) is expected


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
