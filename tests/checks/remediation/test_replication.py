from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import AddReplication, Change
from checks.remediation import replication
from checks.remediation.merge_result import AwsLimits, CannotApplyError, Merged
from tests.checks.remediation.words import REGION, SOURCE, adding, change, removing, rule

OWNER = (SOURCE, REGION)
A, B, C = "111111111111/eu-central-1", "222222222222/eu-west-1", "333333333333/eu-west-1"
PREFIXES = ("prod/", "prod/a", "prod-", "base/", "team", "pr")


def merged(rules: Sequence[Any], *changes: Change, limits: AwsLimits | None = None) -> Merged[Any]:
    return replication.merge(rules, changes, limits or AwsLimits(), OWNER)


def copies(rules: Sequence[Any]) -> set[tuple[str, str, bool]]:
    """What rules copy, spelled out over every prefix that the tests use: destination, name, deletions too."""
    names = (*PREFIXES, "something")
    return {
        ("/".join(pair), name, replication.deletes(one))
        for one in rules
        for pair in replication.destinations_of(one)
        for name in names
        if any(name.startswith(prefix) for prefix in replication.prefixes_of(one))
    }


def places(rules: Sequence[Any]) -> set[tuple[str, str]]:
    return {(destination, name) for destination, name, _ in copies(rules)}


DESTINATIONS = st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=3, unique=True)
FILTERS = st.lists(st.sampled_from(PREFIXES), max_size=3, unique=True)
DELETE = st.sampled_from([None, True, False])
RULES = st.lists(st.builds(lambda d, f, x: rule(*d, prefixes=f, delete=x), DESTINATIONS, FILTERS, DELETE), max_size=4)
ADDITIONS = st.builds(lambda d, f, x: adding(*d, prefixes=f or [""], delete=x), DESTINATIONS, FILTERS, DELETE)
REMOVALS = st.builds(removing, st.sampled_from([A, B, C]))


@given(RULES, st.lists(ADDITIONS, max_size=4))
def test_adding_never_takes_a_copy_away_nor_changes_its_delete_replication(rules: Any, changes: Any) -> None:
    after = merged(rules, *changes).document
    assert copies(after) >= copies(rules)


@given(RULES, ADDITIONS)
def test_what_was_asked_for_is_there_and_nothing_beyond_it(rules: Any, wanted: AddReplication) -> None:
    after = merged(rules, wanted).document
    asked = [f"{one.account}/{one.region}" for one in wanted.destinations]
    only = rule(*asked, prefixes=[prefix for prefix in wanted.prefixes if prefix])
    assert places(after) == places(rules) | places([only])


@given(RULES, st.lists(st.one_of(ADDITIONS, REMOVALS), max_size=4))
def test_twice_is_once(rules: Any, changes: Any) -> None:
    once = merged(rules, *changes).document
    assert merged(rules, *changes, *changes).document == once
    assert places(merged(once, *changes).document) == places(once)


@given(RULES, st.lists(ADDITIONS, max_size=4))
def test_all_at_once_copies_what_one_by_one_does(rules: Any, changes: Any) -> None:
    by_and_by: Any = tuple(rules)
    for one in changes:
        by_and_by = merged(by_and_by, one).document
    assert places(by_and_by) == places(merged(rules, *changes).document)


@given(RULES, st.sampled_from([A, B, C]))
def test_removing_takes_that_destination_only_and_leaves_no_dead_rule(rules: Any, gone: str) -> None:
    after = merged(rules, removing(gone)).document
    assert copies(after) == {copy for copy in copies(rules) if copy[0] != gone}
    assert all(replication.destinations_of(one) for one in after)


@given(RULES)
def test_compacting_changes_no_copy(rules: Any) -> None:
    assert copies(replication.compacted(rules, AwsLimits())) == copies(rules)


def test_a_destination_joins_the_rule_with_the_same_filters() -> None:
    before = [rule(A, prefixes=["prod/"], delete=True), rule(A, prefixes=["prod/"])]
    after = merged(before, adding(B, prefixes=["prod/"])).document
    assert list(after) == [before[0], rule(A, B, prefixes=["prod/"])]


def test_a_prefix_joins_the_rule_with_the_same_destinations() -> None:
    after = merged([rule(A, B, prefixes=["base/"])], adding(A, B, prefixes=["prod/"])).document
    assert list(after) == [rule(A, B, prefixes=["base/", "prod/"])]


def test_no_opinion_about_deletions_joins_no_rule_that_replicates_them() -> None:
    after = merged([rule(A, prefixes=["prod/"], delete=True)], adding(B, prefixes=["prod/"])).document
    assert after[1] == rule(B, prefixes=["prod/"])


def test_elements_that_nobody_knows_are_kept_and_joined_with_nothing() -> None:
    strange = {**rule(A, prefixes=["prod/"]), "futureElement": {"x": 1}}
    assert merged([strange], adding(B, prefixes=["prod/"])).document == (strange, rule(B, prefixes=["prod/"]))


def test_set_delete_counts_in_the_document_as_seen() -> None:
    before = [rule(A), rule(B), rule(C, prefixes=["prod/"])]
    after = merged(before, removing(A), change("replication.set-delete", rule=3, enabled=True)).document
    assert list(after) == [rule(B), rule(C, prefixes=["prod/"], delete=True)]


def test_filters_beyond_a_hundred_make_a_second_rule() -> None:
    names = [f"team-{number:03}/" for number in range(130)]
    after = merged([], adding(A, prefixes=names)).document
    assert [len(replication.prefixes_of(one)) for one in after] == [100, 30]


def test_the_twenty_sixth_destination_is_refused_with_the_split_and_the_rest_is_done() -> None:
    before = [rule(*(f"4000000000{number:02}/eu-west-1" for number in range(24)))]
    result = merged(before, adding(B), adding(C), adding("400000000001/eu-west-1", prefixes=["prod/"]))
    assert len({pair for one in result.document for pair in replication.destinations_of(one)}) == 25
    (refusal,) = result.refused
    assert refusal.change == adding(C)
    assert "26 unique destinations" in refusal.reason
    assert "second source registry" in refusal.reason


def test_a_removal_makes_room_for_an_addition_whatever_their_order() -> None:
    before = [rule(*(f"4000000000{number:02}/eu-west-1" for number in range(25)))]
    result = merged(before, adding(B), removing("400000000000/eu-west-1"))
    assert not result.refused
    assert B in {"/".join(pair) for pair in replication.destinations_of(result.document[0])}


def test_rules_beyond_the_limit_are_joined_where_they_say_the_same_else_refused() -> None:
    doubles = [rule(A, prefixes=[f"a{number:02}/"]) for number in range(25)]
    joined = merged(doubles, adding(B, prefixes=["zz/"]))
    assert not joined.refused
    assert len(joined.document) == 2
    singles = [rule(f"4000000000{number % 24:02}/eu-west-1", prefixes=[f"a{number:02}/"]) for number in range(25)]
    unlike = [{**one, "futureElement": number} for number, one in enumerate(singles)]
    assert "26 rules" in merged(unlike, adding(B, prefixes=["zz/"])).refused[0].reason


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (adding(f"{SOURCE}/{REGION}"), "registry itself"),
        (adding(A, prefixes=["x"]), "2 to 256 characters"),
        (adding(A, prefixes=["prod/*"]), "2 to 256 characters"),
        (adding("12/eu-west-1"), "does not accept the destination"),
        (change("replication.set-delete", rule=2, enabled=False), "no rule 2"),
    ],
)
def test_what_aws_refuses_is_not_printed(wanted: Change, why: str) -> None:
    result = merged([rule(A)], wanted)
    assert result.document == (rule(A),)
    assert why in result.refused[0].reason


@pytest.mark.parametrize("text", [None, "[]", "not json"])
def test_a_configuration_that_was_not_read_is_never_replaced(text: str | None) -> None:
    with pytest.raises(CannotApplyError):
        replication.parse(text)


def test_an_empty_configuration_is_known() -> None:
    assert replication.parse(json.dumps({"rules": []})) == ()
