"""Replicas and differences of random small worlds, against an implementation that just tries everything."""

from __future__ import annotations

import json
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tables.documents import Rule
from audit.tables.replica_pairs import cells, segments
from checks.wildcards import contains, matches, overlap
from tests.audit.tables.worlds import (
    BACKUP,
    DIGESTS,
    HOUR,
    HUB,
    REGION,
    THIRD,
    baseline,
    build,
    evidence,
    image,
    registry,
    repository,
    requirement,
    rule,
)

ACCOUNTS = (HUB, BACKUP, THIRD)
NAMES = ("aa", "aa-x", "aa/b", "aa/bb", "ab", "ab/c", "b_a", "bb")
PREFIXES = ("aa", "aa/", "aa/b", "ab", "bb", "b_", "zz")

name_lists = st.lists(st.sampled_from(NAMES), unique=True)
prefix_lists = st.lists(st.sampled_from(PREFIXES), unique=True, max_size=3)
places = st.sampled_from([f"{account}/{REGION}" for account in ACCOUNTS] + [f"{BACKUP}/us-east-1"])
destination_lists = st.lists(places, min_size=1, max_size=3, unique=True)
rules = st.builds(
    lambda destinations, prefixes, delete: rule(*destinations, prefixes=prefixes, delete=delete),
    destination_lists,
    prefix_lists,
    st.sampled_from([None, True, False]),
)
requirements = st.builds(
    lambda destinations, accounts, prefixes: requirement(*destinations, accounts=accounts, repositories=prefixes),
    destination_lists,
    st.lists(st.sampled_from(ACCOUNTS), unique=True),
    prefix_lists,
)
images = st.lists(
    st.builds(
        lambda digest, tag, age, status: image(digest, *tag, age=age, status=status),
        st.sampled_from(DIGESTS),
        st.sampled_from([(), ("v1",), ("v1", "v2")]),
        st.sampled_from([0.5 * HOUR, 5 * HOUR]),
        st.sampled_from(["ACTIVE", "ARCHIVED"]),
    ),
    unique_by=lambda one: one["digest"],
    max_size=4,
)


@st.composite
def worlds(draw):
    """Three registries with random rules, repositories and images, and random requirements."""
    registries = []
    for account in ACCOUNTS:
        held = [repository(name, *draw(images)) for name in draw(name_lists)]
        found = draw(st.none() | st.lists(rules, max_size=2))
        registries.append(registry(account, rules=found, repositories=held, repositories_read=draw(st.booleans())))
    wanted = [
        requirement_ | {"name": f"r{at}"} for at, requirement_ in enumerate(draw(st.lists(requirements, max_size=3)))
    ]
    return evidence(*registries), wanted


def expected_replicas(world, wanted):
    """Every source repository against every place, by the definitions alone."""
    parts = {(part.registry.account, part.registry.region): part for part in world.registries}
    everywhere = [*parts, (BACKUP, "us-east-1")]
    result = {}
    for source, part in parts.items():
        text = part.registry.replication_configuration
        found = None if text is None else json.loads(text)["rules"]
        for name in part.repositories["repository"]:
            for destination in everywhere:
                if destination == source:
                    continue
                copying = [each for each in found or () if takes(each, name, destination)]
                asking = [each for each in wanted if asks(each, source, name, destination)]
                if copying or asking:
                    result[source[0], name, *destination] = (
                        None if found is None else bool(copying),
                        None if found is None else len(copying),
                        bool(asking),
                        json.dumps([each["name"] for each in asking], separators=(",", ":")),
                        None
                        if found is None
                        else any(each.get("deleteReplication", {}).get("enabled") for each in copying),
                        present(parts.get(destination), name),
                    )
    return result


def takes(rule_, name, destination):
    filters = [each["filter"] for each in rule_.get("repositoryFilters", [])] or [""]
    named = [(each["registryId"], each["region"]) for each in rule_["destinations"]]
    return destination in named and any(name.startswith(prefix) for prefix in filters)


def asks(requirement_, source, name, destination):
    sources = requirement_["sources"]
    named = [(each["account"], each["region"]) for each in requirement_["destinations"]]
    return (
        destination in named
        and source[0] in (sources["accounts"] or ACCOUNTS)
        and any(name.startswith(prefix) for prefix in sources["repositories"] or [""])
    )


def present(part, name):
    if part is None:
        return None
    if name in part.repositories["repository"]:
        return True
    return False if part.registry.repositories_read else None


def expected_differences(world, tables):
    """Digest → kind for every replica that can be compared."""
    held = {
        (part.registry.account, name): {
            digest: (tags, pushed_at, status)
            for repository_, digest, tags, pushed_at, status in zip(
                *(part.images[column] for column in ("repository", "digest", "tags", "pushed_at", "status")),
                strict=True,
            )
            if repository_ == name
        }
        for part in world.registries
        for name in part.repositories["repository"]
    }
    result = {}
    sources = sources_of_replicas(tables)
    for row in tables.rows("replicas"):
        key = (row["source_account"], row["repository"], row["destination_account"], row["destination_region"])
        if not row["images_comparable"]:
            continue
        here, there = held[key[0], key[1]], held[key[2], key[1]]
        for digest in here.keys() | there.keys():
            kind = difference(here.get(digest), there.get(digest), world.started_at - HOUR)
            if kind == "orphan" and not is_orphan(world, held, sources[key[1:]], key, digest):
                continue
            if kind:
                result[*key, digest] = kind
    return result


def sources_of_replicas(tables):
    """Replica repository → its sources, with None where rules were not read."""
    found = {}
    for row in tables.rows("replicas"):
        replica = (row["repository"], row["destination_account"], row["destination_region"])
        if row["matched"] is not False:
            found.setdefault(replica, []).append(row["source_account"] if row["matched"] else None)
    return found


def is_orphan(world, held, sources, key, digest):
    """Whether it is settled, in none of the sources, and reported with the first of them; and no other source is
    possible."""
    all_read = {
        part.registry.account: part.registry.replication_configuration is not None and part.registry.repositories_read
        for part in world.registries
    }
    _, pushed_at, _ = held[key[2], key[1]][digest]
    return (
        None not in sources
        and all_read[key[2]]  # no policy grants anything in these worlds, so that only the account itself could be more
        and key[0] == min(sources)
        and pushed_at <= world.started_at - HOUR
        and not any(digest in held[source, key[1]] for source in sources)
    )


def difference(here, there, before):
    if here is None:
        return "orphan"
    if there is None:
        return "missing-archived" if here[2] == "ARCHIVED" else "in-flight" if here[1] > before else "missing"
    if here[0] == there[0]:
        return ""
    return "untagged" if there[0] == "[]" else "tag-differs"


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_replicas_and_differences_equal_the_reference(made):
    world, wanted = made
    tables = build(world, baseline(*wanted))
    found = {
        (row["source_account"], row["repository"], row["destination_account"], row["destination_region"]): (
            row["matched"], row["matching_rules"], row["expected"], row["required_by"], row["delete_replication"],
            row["destination_present"],
        )
        for row in tables.rows("replicas")
    }  # fmt: skip
    assert found == expected_replicas(world, wanted)
    kinds = {
        (
            row["source_account"],
            row["repository"],
            row["destination_account"],
            row["destination_region"],
            row["digest"],
        ): (row["difference"])
        for row in tables.rows("images")
    }
    expected = expected_differences(world, tables)
    assert kinds == expected
    for row in tables.rows("replicas"):
        if row["images_comparable"]:
            key = (row["source_account"], row["repository"], row["destination_account"], row["destination_region"])
            mine = [kind for place, kind in expected.items() if place[:4] == key]
            counted = (row["images_missing"], row["images_missing_archived"], row["images_in_flight"])
            assert counted == tuple(mine.count(kind) for kind in ("missing", "missing-archived", "in-flight"))


@given(
    st.lists(st.text("ab/-", max_size=4), unique=True).map(sorted), st.lists(st.text("ab/-", max_size=3), max_size=4)
)
def test_names_of_a_segment_begin_with_the_same_prefixes(names, prefixes):
    cut = list(segments(names, prefixes))
    assert [name for start, stop in cut for name in names[start:stop]] == names
    for start, stop in cut:
        assert stop > start
        assert len({tuple(name.startswith(prefix) for prefix in prefixes) for name in names[start:stop]}) == 1


def test_two_rules_with_one_destination_are_one_cell():
    one = Rule(1, ((BACKUP, REGION),), ("aa",), 1, delete_replication=False)
    two = Rule(2, ((BACKUP, REGION), (HUB, REGION)), ("",), 0, delete_replication=True)
    found = cells("aa/b", (one, two), (), (HUB, REGION))
    assert list(found) == [(BACKUP, REGION)]
    assert found[BACKUP, REGION].delete_replication is True


tags = st.text("ab*", min_size=1, max_size=4)


WORDS = ["".join(letters) for size in range(8) for letters in product("ab", repeat=size)]


@given(tags, tags)
def test_filters_contain_and_overlap_as_their_tags_do(left, right):
    taken = [{word for word in WORDS if matches(word, [each])} for each in (left, right)]
    assert overlap([left], [right]) is bool(taken[0] & taken[1])
    if contains([left], [right]):
        assert taken[1] <= taken[0]
    if "*" not in right:
        assert contains([left], [right]) is (taken[1] <= taken[0])
