"""Which settings of the baseline apply to a repository: prefixes, accounts, names of accounts, units and Regions."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.baseline.merged_settings import merged_settings, merged_source_settings
from checks.baseline.places import applies_to, rank_of
from checks.baseline.schema import Baseline
from checks.baseline.sections import Scanning, Settings
from checks.baseline.source_settings import SourceSettings
from checks.model import Place

A, B = "111111111111", "222222222222"
WEST, EAST = "eu-west-1", "us-east-1"
HERE = Place(A, WEST, "payments-prod", "Root/Workloads/Prod", "o-1/r-abcd/ou-abcd-11111111/ou-abcd-22222222/")
UNKNOWN = Place(A, WEST)
OUTSIDER = Place(B, WEST, "", "", "")


def at(baseline: Baseline, name: str, place: Place = HERE) -> Settings:
    return merged_settings(baseline, name, place)


def mode(*entries: dict[str, object], name: str = "prod/api", place: Place = HERE) -> str | None:
    return at(Baseline.model_validate({"settings": entries}), name, place).tag_mutability


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
    everywhere = at(baseline, "misc")
    assert (everywhere.tag_mutability, everywhere.mutability_exclusions) == ("IMMUTABLE_WITH_EXCLUSION", ("latest",))
    assert at(baseline, "prod/api").lifecycle_policy is None
    assert at(baseline, "prod/api").tag_mutability == "IMMUTABLE_WITH_EXCLUSION"
    payments = at(baseline, "prod/payments")
    assert (payments.tag_mutability, payments.mutability_exclusions) == ("IMMUTABLE", ())
    assert payments.scanning == Scanning()
    assert payments.tags == {"owner": "platform", "tier": "1"}
    assert at(baseline, "prod").lifecycle_policy == "required"


def test_equal_answers_are_one_object() -> None:
    baseline = Baseline(settings=(Settings(repositories=("prod/",), lifecycle_policy="required"),))
    assert at(baseline, "prod/a") is at(baseline, "prod/b")
    assert at(baseline, "a") is at(baseline, "b")


def test_no_settings_asks_nothing() -> None:
    nothing = at(Baseline(), "anything")
    assert nothing == Settings(tags={})


IMMUTABLE, MUTABLE = {"tag_mutability": "IMMUTABLE"}, {"tag_mutability": "MUTABLE"}


@pytest.mark.parametrize(
    "scope",
    [
        {"accounts": [A]},
        {"account_names": ["*-prod"]},
        {"ous": ["Workloads"]},
        {"ous": ["ou-abcd-22222222"]},
        {"regions": [WEST]},
        {"accounts": [B], "ous": ["Root"]},
    ],
)
def test_an_entry_applies_at_its_places_only(scope: dict[str, object]):
    assert mode(IMMUTABLE | scope) == "IMMUTABLE"
    assert mode(IMMUTABLE | scope, place=Place(B, EAST, "x-dev", "Root2", "o-1/r-zzzz/")) in (None, "IMMUTABLE")
    assert mode(MUTABLE, IMMUTABLE | scope) == "IMMUTABLE", "narrower than everywhere"
    assert mode(IMMUTABLE | scope, MUTABLE) == "IMMUTABLE", "whatever the order"


NARROWING = (
    {},
    {"regions": [WEST]},
    {"ous": ["Root"]},
    {"ous": ["Workloads"]},
    {"ous": ["Workloads"], "regions": [WEST]},
    {"ous": ["Workloads/Prod"]},
    {"account_names": ["*-prod"]},
    {"account_names": ["*-prod"], "regions": [WEST]},
    {"accounts": [A]},
    {"accounts": [A], "regions": [WEST]},
)


@pytest.mark.parametrize(("wide", "narrow"), list(pairwise(NARROWING)))
def test_the_narrower_place_applies(wide: dict[str, object], narrow: dict[str, object]):
    assert mode(MUTABLE | wide, IMMUTABLE | narrow) == "IMMUTABLE"
    assert mode(IMMUTABLE | narrow, MUTABLE | wide) == "IMMUTABLE"


def test_the_longer_prefix_precedes_the_narrower_place():
    assert mode(MUTABLE | {"accounts": [A]}, IMMUTABLE | {"repositories": ["prod/"]}) == "IMMUTABLE"


def test_the_later_of_two_name_patterns_applies():
    assert mode(MUTABLE | {"account_names": ["*-prod"]}, IMMUTABLE | {"account_names": ["pay*"]}) == "IMMUTABLE"


def test_what_an_unknown_unit_or_name_would_change_is_undetermined():
    for scope in ({"ous": ["Workloads"]}, {"account_names": ["*-prod"]}):
        baseline = Baseline.model_validate({"settings": [MUTABLE, IMMUTABLE | {"tags": {"a": "b"}} | scope]})
        assert at(baseline, "x", UNKNOWN).undetermined == {"tag_mutability", "tags"}
        assert at(baseline, "x", OUTSIDER).undetermined == frozenset()
        assert at(baseline, "x", OUTSIDER).tag_mutability == "MUTABLE"
        assert at(baseline, "x").tag_mutability == "IMMUTABLE"


def test_what_it_would_not_change_is_determined():
    certain = (IMMUTABLE | {"accounts": [A]}, IMMUTABLE | {"repositories": ["prod/"]}, MUTABLE)
    for entry in certain:
        baseline = Baseline.model_validate({"settings": [entry, MUTABLE | {"ous": ["Workloads"]}]})
        assert at(baseline, "prod/api", UNKNOWN).undetermined == frozenset()


def test_sources_have_settings_of_their_own():
    baseline = Baseline.model_validate({"settings": [MUTABLE], "source_settings": [IMMUTABLE | {"regions": [WEST]}]})
    assert merged_source_settings(baseline, "x", HERE).tag_mutability == "IMMUTABLE"
    assert merged_source_settings(baseline, "x", Place(A, EAST)).tag_mutability is None
    assert at(baseline, "x").tag_mutability == "MUTABLE"
    assert isinstance(baseline.source_settings[0], SourceSettings)


PREFIX = st.text("ab/", max_size=4)
NAME = st.text("ab/", max_size=7)
FIELDS = {
    "lifecycle_policy": st.sampled_from(["required", "not-required", None]),
    "repository_policy": st.sampled_from(["none", None]),
}
UNITS, NAMES = ("Root", "W", "W/P", "S"), ("a*", "*b", "ab")
SCOPES = {
    "accounts": st.sampled_from([(), (A,), (B,)]),
    "account_names": st.lists(st.sampled_from(NAMES), max_size=1).map(tuple),
    "ous": st.lists(st.sampled_from(UNITS), max_size=2).map(tuple),
    "regions": st.sampled_from([(), (WEST,), (EAST,)]),
}
ENTRY = st.builds(
    lambda prefixes, scope, fields: Settings.model_construct(repositories=tuple(prefixes), **scope, **fields),
    st.lists(PREFIX.filter(bool), max_size=3),
    st.fixed_dictionaries({}, optional=SCOPES),
    st.fixed_dictionaries({}, optional=FIELDS),
)
KNOWN = tuple(
    Place(A, WEST, name, path, "".join(f"{part}/" for part in ("o-1", *path.split("/"))))
    for name, path in product(("ab", "ac", "c"), ("Root", "Root/W", "Root/W/P", "Root/S"))
)


def plain(entries: list[Settings], name: str, place: Place) -> dict[str, object]:
    """The rule of precedence, restated: sort the entries that match, the last one decides."""
    found: dict[str, object] = {"lifecycle_policy": None, "repository_policy": None}
    order = []
    for number, entry in enumerate(entries):
        lengths = [len(prefix) for prefix in entry.repositories or ("",) if name.startswith(prefix)]
        if lengths and applies_to(entry, place):
            order.append((max(lengths), rank_of(entry, place), number))
    for *_, number in sorted(order):
        found |= {field: getattr(entries[number], field) for field in entries[number].model_fields_set & FIELDS.keys()}
    return found


@given(st.lists(ENTRY, max_size=5), NAME, st.sampled_from(KNOWN))
def test_merged_settings_equals_the_plain_definition(entries: list[Settings], name: str, place: Place) -> None:
    merged = merged_settings(Baseline.model_construct(settings=tuple(entries)), name, place)
    expected = plain(entries, name, place)
    assert {field: getattr(merged, field) for field in expected} == expected
    assert merged.undetermined == frozenset()


@given(st.lists(ENTRY, max_size=4), NAME)
def test_what_is_determined_holds_wherever_the_account_is(entries: list[Settings], name: str) -> None:
    merged = merged_settings(Baseline.model_construct(settings=tuple(entries)), name, UNKNOWN)
    for place in KNOWN:
        expected = plain(entries, name, place)
        for field in expected.keys() - merged.undetermined:
            assert getattr(merged, field) == expected[field]
