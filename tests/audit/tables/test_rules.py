"""The `rules` table: what is there twice, what matches nothing or too much, what should be narrowed, caches."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tables.evidence_index import index_evidence
from audit.tables.repository_index import repository_names
from audit.tables.rules.frame import rules_frame
from tests.audit.tables.worlds import (
    BACKUP,
    HUB,
    REGION,
    THIRD,
    Tables,
    baseline,
    evidence,
    member,
    registry,
    repository,
    requirement,
    rule,
)

TO_BACKUP, TO_THIRD = f"{BACKUP}/{REGION}", f"{THIRD}/{REGION}"
ITSELF = f"{HUB}/{REGION}"


def rules_of(*rules, names=("prod/api",), wanted=None, accounts=None, **record):
    hub = registry(HUB, rules=rules, repositories=[repository(name) for name in names], **record)
    world = evidence(hub, registry(BACKUP), **({} if accounts is None else {"accounts": accounts}))
    index = index_evidence(world, wanted or baseline())
    return Tables({"rules": rules_frame(index, repository_names(index))}).rows("rules")


def only(*rules, **fields):
    (row,) = rules_of(*rules, **fields)
    return row


def test_the_registry_itself_and_nowhere_as_destination():
    own, none, usual = rules_of(rule(ITSELF, TO_BACKUP), rule(), rule(TO_BACKUP))
    assert [json.loads(row["self_destinations"]) for row in (own, none, usual)] == [[ITSELF], [], []]
    assert [row["destination_count"] for row in (own, none, usual)] == [2, 0, 1]


def test_the_same_account_in_another_region_is_elsewhere():
    assert only(rule(f"{HUB}/eu-central-1"))["self_destinations"] == "[]"


def test_duplicates_within_a_rule():
    row = only(rule(TO_BACKUP, TO_BACKUP, TO_THIRD, prefixes=["prod/", "base/", "prod/"]))
    assert json.loads(row["duplicates"]) == [TO_BACKUP, "prod/"]
    assert (row["same_as_rule"], row["destination_count"]) == ("", 2)


def test_a_rule_is_the_same_in_whatever_order_it_is_written():
    first = rule(TO_BACKUP, TO_THIRD, prefixes=["a/", "b/"])
    again = rule(TO_THIRD, TO_BACKUP, prefixes=["b/", "a/"], delete=False)
    follows = rule(TO_BACKUP, TO_THIRD, prefixes=["a/", "b/"], delete=True)
    rows = rules_of(first, again, follows, again)
    assert [row["same_as_rule"] for row in rows] == ["", "1", "", "1"]
    assert [row["rule_distinct"] for row in rows] == [True, False, True, False]
    assert [json.loads(row["duplicates"]) for row in rows] == [[], ["rule 1"], [], ["rule 1"]]


def test_rules_without_destination_repeat_nothing():
    assert [row["duplicates"] for row in rules_of(rule(), rule())] == ["[]", "[]"]


def declared(prefixes, *destinations, name="backup", accounts=(HUB,)):
    return requirement(*destinations, name=name, accounts=list(accounts), repositories=list(prefixes))


@pytest.mark.parametrize(
    ("requirements", "expected", "filters"),
    [
        ([], False, ""),
        ([declared([], TO_BACKUP)], False, ""),
        ([declared(["prod/"], TO_THIRD)], False, ""),
        ([declared(["prod/", "base/"], TO_BACKUP)], True, '["base/","prod/"]'),
        ([declared(["prod/"], TO_BACKUP), declared([], TO_BACKUP, name="all")], False, ""),
        ([declared(["prod/"], TO_BACKUP), declared(["base/"], TO_BACKUP, name="b")], True, '["base/","prod/"]'),
    ],
)
def test_a_rule_without_filter_where_a_subset_is_declared(requirements, expected, filters):
    row = only(rule(TO_BACKUP), wanted=baseline(*requirements))
    assert (row["filters_required"], row["filter_count"], row["expected_filters"]) == (expected, 0, filters)


@pytest.mark.parametrize("other", [[], [declared(["base/"], TO_THIRD, name="other")]], ids=["undeclared", "another"])
def test_destinations_that_want_different_parts_are_left_to_a_person(other):
    row = only(rule(TO_BACKUP, TO_THIRD), wanted=baseline(declared(["prod/"], TO_BACKUP), *other))
    assert (row["filters_required"], row["expected_filters"]) == (True, "")


def test_the_registry_itself_as_destination_does_not_count_as_one_that_wants_nothing():
    row = only(rule(TO_BACKUP, ITSELF), wanted=baseline(declared(["prod/"], TO_BACKUP)))
    assert row["expected_filters"] == '["prod/"]'


def test_a_subset_by_unit_is_unknown_where_the_account_lies_nowhere_known():
    accounts = (member(HUB, ou_path=None), member(BACKUP))
    by_unit = baseline(requirement(TO_BACKUP, ous=["Work"], repositories=["prod/"]))
    assert only(rule(TO_BACKUP), wanted=by_unit, accounts=accounts)["filters_required"] is None
    assert only(rule(TO_BACKUP, prefixes=["x/"]), wanted=by_unit, accounts=accounts)["filters_required"] is False


@pytest.mark.parametrize(
    ("prefix", "names", "unbounded"),
    [
        ("prod", ("prod/api", "production/api"), ["prod"]),
        ("prod", ("prod", "prod2"), ["prod"]),
        ("prod", ("prod/api", "prod-x", "prod_y", "prod.z"), []),
        ("prod", ("production/api", "products"), []),
        ("prod", ("prod/api", "prod"), []),
        ("prod/", ("prod/api", "production/api"), []),
        ("prod-", ("prod-/x", "prod-1"), []),
    ],
)
def test_a_prefix_is_unbounded_where_names_both_stop_and_run_on(prefix, names, unbounded):
    row = only(rule(TO_BACKUP, prefixes=[prefix]), names=names)
    assert (row["filters_comparable"], json.loads(row["unbounded_prefixes"])) == (True, unbounded)


def test_an_unbounded_prefix_is_closed_and_what_is_required_beside_it_kept():
    wanted = baseline(declared(["products/", "prod/api"], TO_BACKUP), declared(["production/"], TO_THIRD, name="other"))
    names = ("prod/api", "production/api", "products/web")
    row = only(rule(TO_BACKUP, prefixes=["prod"]), names=names, wanted=wanted)
    assert json.loads(row["bounded_prefixes"]) == {"prod": ["prod/", "products/"]}
    assert json.loads(row["unbounded_names"]) == ["production/api", "products/web"]


def test_a_prefix_that_is_a_repository_cannot_be_closed():
    row = only(rule(TO_BACKUP, prefixes=["prod"]), names=("prod", "production"))
    assert (row["unbounded_prefixes"], row["bounded_prefixes"]) == ('["prod"]', "{}")


def test_a_prefix_that_the_baseline_writes_so_is_meant():
    wanted = baseline(declared(["prod"], TO_BACKUP))
    row = only(rule(TO_BACKUP, prefixes=["prod"]), names=("prod/a", "prod2"), wanted=wanted)
    assert row["unbounded_prefixes"] == "[]"
    elsewhere = baseline(declared(["prod"], TO_THIRD))
    row = only(rule(TO_BACKUP, prefixes=["prod"]), names=("prod/a", "prod2"), wanted=elsewhere)
    assert row["unbounded_prefixes"] == '["prod"]'


@pytest.mark.parametrize(
    ("names", "comparable", "unbounded", "unmatched"),
    [((), None, None, None), (("prod/a", "prod2"), True, '["prod"]', "[]"), (("web",), True, None, None)],
)
def test_names_that_were_not_all_listed(names, comparable, unbounded, unmatched):
    row = only(rule(TO_BACKUP, prefixes=["prod"]), names=names, repositories_read=False)
    assert (row["filters_comparable"], row["unbounded_prefixes"]) == (comparable, unbounded)
    assert (row["bounded_prefixes"], row["unmatched_prefixes"]) == ("{}", unmatched)


def test_an_empty_registry_or_a_rule_without_filter_has_nothing_to_compare():
    assert only(rule(TO_BACKUP, prefixes=["prod"]), names=())["filters_comparable"] is False
    assert only(rule(TO_BACKUP))["filters_comparable"] is False


def test_filters_that_match_nothing_but_are_required():
    wanted = baseline(declared(["web/", "prod/"], TO_BACKUP))
    filters = ["prod/", "web/", "we", "web/old", "prdo/"]
    row = only(rule(TO_BACKUP, prefixes=filters), wanted=wanted)
    assert json.loads(row["unmatched_prefixes"]) == ["web/old", "prdo/"]


def unneeded(*rules, **fields):
    return [json.loads(row["redundant_prefixes"]) for row in rules_of(*rules, **fields)]


def test_prefixes_within_others():
    assert unneeded(rule(TO_BACKUP, prefixes=["a/b", "a/", "c"])) == [["a/b"]]
    assert unneeded(rule(TO_BACKUP, prefixes=["a/b", "c"]), rule(TO_BACKUP, TO_THIRD, prefixes=["a/"])) == [["a/b"], []]
    assert unneeded(rule(TO_BACKUP, TO_THIRD, prefixes=["a/b"]), rule(TO_BACKUP, prefixes=["a/"])) == [[], []]
    assert unneeded(rule(TO_BACKUP, prefixes=["a/b"], delete=True), rule(TO_BACKUP, prefixes=["a/"])) == [[], []]
    assert unneeded(rule(TO_BACKUP), rule(TO_BACKUP, TO_THIRD)) == [[""], []]


def test_what_was_kept_for_a_prefix_that_is_to_be_closed_is_needed():
    names = ("prod/api", "production/api")
    assert unneeded(rule(TO_BACKUP, prefixes=["prod", "production/", "prod/api"]), names=names) == [["prod/api"]]
    assert unneeded(rule(TO_BACKUP, prefixes=["prod", "production/"]), names=("prod/api",)) == [["production/"]]


def test_what_was_kept_for_a_rule_that_is_to_be_narrowed_is_needed():
    wanted = baseline(declared(["prod/"], TO_BACKUP))
    rules = (rule(TO_BACKUP), rule(TO_BACKUP, prefixes=["prod/api", "web/"]))
    assert unneeded(*rules, wanted=wanted) == [[], ["prod/api"]]


NAMES = ("aa", "aa/b", "aab", "ab/c", "b", "bb/a")
prefixes = st.lists(st.sampled_from(["a", "aa", "aa/", "aa/b", "ab", "b", "bb/"]), max_size=3)
documents = st.builds(
    lambda destinations, filters, delete: rule(*destinations, prefixes=filters, delete=delete),
    st.lists(st.sampled_from([TO_BACKUP, TO_THIRD]), max_size=2),
    prefixes,
    st.sampled_from([None, True]),
)


def replicated(rules):
    """Everything that rules, as (destinations, prefixes, delete), replicate."""
    return {
        (name, destination, delete)
        for destinations, filters, delete in rules
        for destination in destinations
        for name in NAMES
        if name.startswith(tuple(filters))
    }


@settings(deadline=None)
@given(st.lists(documents, max_size=4), st.lists(st.sampled_from(NAMES), unique=True), st.booleans())
def test_removing_what_is_unneeded_removes_no_replication(rules, names, narrowed):
    """Neither now, nor together with what other checks would put in the place of prefixes."""
    wanted = baseline(declared(["aa/", "bb"], TO_BACKUP, TO_THIRD)) if narrowed else None
    before, after, now, left = [], [], [], []
    for row in rules_of(*rules, names=names, wanted=wanted):
        destinations, filters = json.loads(row["destinations"]), json.loads(row["prefixes"])
        gone = filters if row["same_as_rule"] else json.loads(row["redundant_prefixes"])
        closed = json.loads(row["bounded_prefixes"])
        if row["filters_required"] and row["expected_filters"]:
            closed[""] = json.loads(row["expected_filters"])
        kept = [each for each in filters if each not in gone]
        for found, chosen in ((now, filters), (left, kept)):
            found.append((destinations, chosen, row["delete_replication"]))
        for found, chosen in ((before, filters), (after, kept)):
            found.append((destinations, [n for p in chosen for n in closed.get(p, [p])], row["delete_replication"]))
    assert replicated(now) == replicated(left)
    assert replicated(before) == replicated(after)


def cached(*prefixes):
    return json.dumps([{"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "example.org"} for prefix in prefixes])


@pytest.mark.parametrize(
    ("caches", "filters", "replicated", "inside"),
    [
        ((), [], [], []),
        (("docker-hub",), [], ["docker-hub"], []),
        (("docker-hub",), ["docker"], ["docker-hub"], []),
        (("docker-hub",), ["docker-hub"], ["docker-hub"], []),
        (("docker-hub",), ["docker-hub/library/"], ["docker-hub"], ["docker-hub/library/"]),
        (("docker-hub/",), ["docker-hub/"], ["docker-hub"], ["docker-hub/"]),
        (("docker-hub",), ["docker-hub-mirror/", "prod/"], [], []),
        (("ROOT",), [], ["ROOT"], []),
        (("ROOT",), ["prod/"], None, []),
        (("ROOT", "quay"), ["quay/"], ["quay"], ["quay/"]),
    ],
)
def test_caches_inside_what_is_replicated(caches, filters, replicated, inside):
    row = only(rule(TO_BACKUP, prefixes=filters), pull_through_cache_rules=cached(*caches))
    assert json.loads(row["replicated_caches"] or "null") == replicated
    assert json.loads(row["prefixes_in_caches"]) == inside


@pytest.mark.parametrize("destinations", [[], [f"{HUB}/{REGION}"]], ids=["none", "its own registry"])
def test_a_rule_without_another_registry_replicates_nothing(destinations):
    void = rule(*destinations, prefixes=["docker"])
    row = only(void, names=["dockery", "docker/a"], pull_through_cache_rules=cached("docker-hub"))
    assert (row["replicated_caches"], row["prefixes_in_caches"], row["filters_comparable"]) == ("[]", "[]", False)
    assert only(void, pull_through_cache_rules=None)["replicated_caches"] == "[]"


def test_what_the_baseline_requires_of_a_cache_is_copied_on_purpose():
    cache = cached("quay")
    asked = baseline(declared(["quay/team/"], TO_BACKUP))
    row = only(rule(TO_BACKUP, prefixes=["quay/team/"]), wanted=asked, pull_through_cache_rules=cache)
    assert row["replicated_caches"] == "[]"
    row = only(rule(TO_BACKUP, prefixes=["quay/"]), wanted=asked, pull_through_cache_rules=cache)
    assert row["replicated_caches"] == '["quay"]'
    accounts = (member(HUB, ou_path=None), member(BACKUP))
    perhaps = baseline(requirement(TO_BACKUP, ous=["Work"], repositories=["quay/"]))
    row = only(rule(TO_BACKUP), wanted=perhaps, accounts=accounts, pull_through_cache_rules=cache)
    assert row["replicated_caches"] is None


@pytest.mark.parametrize("text", [None, "{", '[{"upstreamRegistryUrl":"x"}]'])
def test_caches_that_were_not_read_or_make_no_sense(text):
    assert only(rule(TO_BACKUP), pull_through_cache_rules=text)["replicated_caches"] is None
