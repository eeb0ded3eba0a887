from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import Change, RemoveDestination
from checks.remediation.merge_result import AwsLimits
from checks.remediation.replication_rules import covers, destinations_of, prefixes_of
from tests.checks.remediation.test_replication import ADDITIONS, REMOVALS, RULES, A, B, C, copies, merged
from tests.checks.remediation.words import adding, change, removing, rule

NUMBERS = st.integers(1, 4)
SOME = st.sampled_from(["", "prod/", "prod/a", "prod-", "base/", "team", "pr"])
NUMBERED = st.one_of(
    st.builds(lambda n: change("replication.remove-rule", rule=n), NUMBERS),
    st.builds(lambda n: change("replication.remove-duplicates", rule=n), NUMBERS),
    st.builds(lambda n, on: change("replication.set-delete", rule=n, enabled=on), NUMBERS, st.booleans()),
    st.builds(
        lambda n, old, new: change("replication.replace-prefix", rule=n, prefix=old, replacements=new),
        NUMBERS,
        SOME,
        st.lists(SOME, max_size=3),
    ),
)
CHANGES = st.lists(st.one_of(NUMBERED, ADDITIONS, REMOVALS), max_size=6)
SMALL = AwsLimits(destinations=2, rules=2, filters=2)


def replacing(number: int, prefix: str, *replacements: str) -> Change:
    return change("replication.replace-prefix", rule=number, prefix=prefix, replacements=list(replacements))


def dropping(number: int) -> Change:
    return change("replication.remove-rule", rule=number)


@given(RULES, CHANGES, st.randoms(use_true_random=False))
def test_whatever_is_asked_fits_or_is_refused_in_whatever_order(rules: Any, changes: Any, random: Any) -> None:
    result = merged(rules, *changes, limits=SMALL)
    assert {id(one.change) for one in result.refused} | {id(one) for one in result.applied} <= {
        id(one) for one in changes
    }
    if result.applied:
        assert len(result.document) <= 2
        assert len({pair for one in result.document for pair in destinations_of(one)}) <= 2
        for one in result.document:
            assert destinations_of(one)
            assert 1 <= len(one.get("repositoryFilters", [1])) <= 2
    else:
        assert result.document == tuple(rules)
    shuffled = list(changes)
    random.shuffle(shuffled)
    assert merged(rules, *shuffled, limits=SMALL) == result


@given(RULES, st.lists(NUMBERED, max_size=5))
def test_a_rule_that_nothing_is_said_of_stays_as_it_is(rules: Any, changes: Any) -> None:
    after = merged(rules, *changes).document
    named = {one.rule for one in changes}
    untouched = [one for number, one in enumerate(rules, 1) if number not in named]
    assert [one for one in after if any(one is same for same in untouched)] == untouched


@given(RULES, st.lists(NUMBERED, max_size=5))
def test_a_rule_without_filter_comes_only_from_one_or_from_an_empty_replacement(rules: Any, changes: Any) -> None:
    wanted = any("" in one.arguments.get("replacements", ()) for one in changes)
    before = any(prefixes_of(one) == ("",) for one in rules)
    after = any(prefixes_of(one) == ("",) for one in merged(rules, *changes).document)
    assert not after or before or wanted


@given(RULES, st.lists(st.one_of(NUMBERED, REMOVALS), max_size=6))
def test_what_was_redundant_is_not_lost_by_dropping_it_and_its_twin(rules: Any, changes: Any) -> None:
    result = merged(rules, *changes)
    gone = {(one.destination_account, one.destination_region) for one in changes if isinstance(one, RemoveDestination)}
    for one in result.applied:
        if one.kind == "replication.remove-rule":
            others = [rule for number, rule in enumerate(rules, 1) if number != one.rule]
            for pair in set(destinations_of(rules[one.rule - 1])) - gone:
                for prefix in prefixes_of(rules[one.rule - 1]):
                    assert covers(result.document, pair, prefix) or not covers(others, pair, prefix)


def test_several_edits_of_one_rule_compose_and_numbers_keep_their_meaning() -> None:
    before = [rule(A, prefixes=["gone/"]), rule(A, A, prefixes=["prod", "dead/", "dead/"]), rule(B)]
    changes = [
        dropping(1),
        replacing(2, "prod", "prod/"),
        replacing(2, "dead/"),
        change("replication.remove-duplicates", rule=2),
        change("replication.set-delete", rule=3, enabled=True),
        removing(C),
    ]
    result = merged(before, *changes)
    assert not result.refused
    assert list(result.document) == [rule(A, prefixes=["prod/"]), rule(B, delete=True)]


def test_a_rule_that_loses_its_last_filter_goes_instead_of_copying_everything() -> None:
    assert merged([rule(A, prefixes=["dead/"]), rule(B)], replacing(1, "dead/")).document == (rule(B),)


def test_a_rule_for_everything_gets_filters() -> None:
    assert merged([rule(A, delete=True)], replacing(1, "", "prod/", "base/")).document == (
        rule(A, prefixes=["prod/", "base/"], delete=True),
    )


def test_two_that_narrow_one_filter_leave_what_both_leave() -> None:
    after = merged([rule(A)], replacing(1, "", "prod/", "base/"), replacing(1, "", "prod/a", "team/")).document
    assert list(after) == [rule(A, prefixes=["prod/a"])]


@pytest.mark.parametrize(
    "changes",
    [
        (replacing(1, "prdo/", "prod/"), replacing(1, "prdo/", "base/")),
        (
            change("replication.set-delete", rule=1, enabled=True),
            change("replication.set-delete", rule=1, enabled=False),
        ),
    ],
)
def test_contradictions_are_refused_on_both_sides(changes: tuple[Change, ...]) -> None:
    result = merged([rule(A, prefixes=["prdo/"])], *changes)
    assert result.document == (rule(A, prefixes=["prdo/"]),)
    assert {id(one.change) for one in result.refused} == {id(one) for one in changes}


def test_dropping_a_rule_and_the_one_that_covered_it_is_refused() -> None:
    twins = [rule(A, prefixes=["prod/"]), rule(A, prefixes=["prod/"])]
    result = merged(twins, dropping(1), dropping(2))
    assert result.document == tuple(twins)
    assert "other fixes narrow the rule that also replicates prod/*" in result.refused[0].reason
    covered = [rule(A, prefixes=["prod", "production/x"])]
    kept = merged(covered, replacing(1, "prod", "prod/"), replacing(1, "production/x"))
    assert list(kept.document) == [rule(A, prefixes=["prod/", "production/x"])]
    assert [one.change.prefix for one in kept.refused] == ["production/x"]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (replacing(1, "team/", "t/"), "no filter 'team/'"),
        (replacing(1, "prod", "x"), "2 to 256 characters"),
        (replacing(1, "prod", "Prod/*"), "does not accept the filter 'Prod/*'"),
        (dropping(2), "there is no rule 2"),
        (change("replication.remove-duplicates", rule=9), "there is no rule 9"),
    ],
)
def test_what_cannot_be_is_refused(wanted: Change, why: str) -> None:
    result = merged([rule(A, prefixes=["prod"])], wanted)
    assert result.document == (rule(A, prefixes=["prod"]),)
    assert why in result.refused[0].reason


def test_a_hundred_and_one_filters_become_two_rules() -> None:
    names = [f"team-{number:03}/" for number in range(101)]
    after = merged([rule(A, delete=True)], replacing(1, "", *names)).document
    assert [len(prefixes_of(one)) for one in after] == [100, 1]
    assert all(one["deleteReplication"] == {"enabled": True} for one in after)


def test_a_registry_that_names_itself_is_not_put_again_until_that_is_gone() -> None:
    own = rule("111111111111/eu-west-1", B)
    result = merged([own], adding(C))
    assert result.document == (own,)
    assert "the existing rules prevent it" in result.refused[0].reason
    assert not merged([own], adding(C), removing("111111111111/eu-west-1")).refused


def test_the_split_names_who_stays_who_moves_and_who_has_room() -> None:
    before = [rule(*(f"4000000000{number:02}/eu-west-1" for number in range(24)))]
    from checks.remediation import replication

    room = {("111111111111", "us-east-1"): 20, ("999999999999", "eu-west-1"): 25, ("111111111111", "eu-west-1"): 25}
    changes = [adding(A), adding(B, prefixes=["prod/"]), adding(C), adding(C, prefixes=["base/"])]
    result = replication.merge(before, changes, AwsLimits(), ("111111111111", "eu-west-1"), lambda: room)
    reasons = {one.reason for one in result.refused}
    (reason,) = reasons
    assert len(result.refused) == 3
    assert "27 unique destinations, AWS allows 25" in reason
    assert "keep 25 here (eu-central-1: 111111111111; eu-west-1: 400000000000" in reason
    assert "for example 111111111111/us-east-1, which can have 20 more" in reason
    assert "222222222222/eu-west-1 (prod/*), 333333333333/eu-west-1 (everything, base/*)" in reason


def test_too_many_rules_are_told_which_two_could_be_one() -> None:
    full = [rule(f"4000000000{number:02}/eu-west-1", prefixes=[f"a{number:02}/"]) for number in range(24)]
    full.append(rule("400000000000/eu-west-1", "400000000001/eu-west-1", prefixes=["b/x"], delete=True))
    result = merged(full, adding("400000000000/eu-west-1", "400000000002/eu-west-1", prefixes=["zz/"]))
    (refusal,) = result.refused
    assert "26 rules, AWS allows 25" in refusal.reason
    assert "into one, which would also replicate" in refusal.reason


@given(RULES, CHANGES)
def test_without_additions_nothing_is_copied_that_was_not(rules: Any, changes: Any) -> None:
    narrowing = [
        one
        for one in changes
        if one.kind != "replication.add"
        and all(name.startswith(one.arguments.get("prefix", "")) for name in one.arguments.get("replacements", ()))
    ]
    after = merged(rules, *narrowing).document
    assert {copy[:2] for copy in copies(after)} <= {copy[:2] for copy in copies(rules)}
