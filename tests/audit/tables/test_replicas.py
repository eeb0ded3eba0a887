"""The `replicas` and `images` tables: what must be copied, what has arrived."""

from __future__ import annotations

import json

import pytest

from tests.audit.tables.worlds import (
    BACKUP,
    DIGESTS,
    HOUR,
    HUB,
    NOW,
    REGION,
    THIRD,
    baseline,
    build,
    evidence,
    image,
    registry,
    replica_of,
    repository,
    requirement,
    rule,
)

TO_BACKUP = f"{BACKUP}/{REGION}"
A, B, C, D, E, F = DIGESTS


def status(digest, value, failure=""):
    return {
        "repository": "prod/api", "digest": digest, "destination_account": BACKUP, "destination_region": REGION,
        "status": value, "failure_code": failure,
    }  # fmt: skip


def differences(world):
    return {row["digest"][7]: row["difference"] for row in build(world).rows("images")}


def test_a_replica_for_each_name_that_a_prefix_begins():
    names = ["prod", "prod-x", "prod/api", "stage/api", "production/web"]
    hub = registry(HUB, rules=[rule(TO_BACKUP, prefixes=["prod"])], repositories=[repository(name) for name in names])
    rows = build(evidence(hub, registry(BACKUP))).rows("replicas")
    assert [row["repository"] for row in rows] == ["prod", "prod-x", "prod/api", "production/web"]


def test_what_aws_lists_twice_is_there_once():
    hub = {"repositories": [repository("prod/api", image(A), image(A)), repository("prod/api", image(A))]}
    tables = build(replica_of(hub=hub | {"rules": [rule(TO_BACKUP)]}))
    assert len(tables.rows("repositories")) == 2
    assert tables.only("replicas")["repository"] == "prod/api"


def test_required_names_that_no_rule_matches_are_there_too():
    hub = registry(
        HUB, rules=[rule(TO_BACKUP, prefixes=["aa/"])], repositories=[repository("aa/1"), repository("bb/1")]
    )
    wanted = baseline(requirement(TO_BACKUP, accounts=[HUB], repositories=["bb/"]))
    rows = build(evidence(hub, registry(BACKUP)), wanted).rows("replicas")
    assert [(row["repository"], row["matched"], row["expected"]) for row in rows] == [
        ("aa/1", True, False), ("bb/1", False, True),
    ]  # fmt: skip


def test_unread_rules_leave_the_match_unknown():
    hub = registry(HUB, rules=None, repositories=[repository("api", image(A))])
    row = build(evidence(hub, registry(BACKUP)), baseline(requirement(TO_BACKUP))).only("replicas")
    assert (row["matched"], row["expected"], row["delete_replication"]) == (None, True, None)
    assert (row["replication_due"], row["images_comparable"], row["destination_present"]) == (None, False, False)


def test_rules_that_disagree_on_deletions_count_as_replicating_them():
    rules = [rule(TO_BACKUP, delete=False), rule(TO_BACKUP, prefixes=["prod/"], delete=True)]
    row = build(replica_of(hub={"rules": rules})).only("replicas")
    assert row["delete_replication"] is True


def test_presence_is_unknown_where_the_list_is_not_complete():
    assert build(replica_of(image(A), backup={"repositories": []})).only("replicas")["destination_present"] is False
    partly = {"repositories": [], "repositories_read": False}
    row = build(replica_of(image(A), backup=partly)).only("replicas")
    assert (row["destination_present"], row["images_comparable"], row["images_missing"]) == (None, None, None)
    seen = build(replica_of(image(A), backup={"repositories_read": False})).only("replicas")
    assert seen["destination_present"] is True


def test_presence_is_unknown_at_a_destination_that_was_not_read():
    hub = registry(HUB, rules=[rule(TO_BACKUP)], repositories=[repository("api", image(A))])
    assert build(evidence(hub)).only("replicas")["destination_present"] is None


@pytest.mark.parametrize(
    ("images", "due"),
    [
        ([image(A, age=2 * HOUR)], True),
        ([image(A, age=0.5 * HOUR)], False),
        ([image(A, age=2 * HOUR, status="ARCHIVED")], False),
        ([], False),
    ],
    ids=["old", "young", "archived", "none"],
)
def test_replication_is_due_when_an_active_image_is_older_than_the_delay(images, due):
    assert build(replica_of(*images)).only("replicas")["replication_due"] is due


def test_the_delay_is_the_baseline_s():
    row = build(replica_of(image(A, age=2 * HOUR)), baseline(replication_delay_minutes=180)).only("replicas")
    assert row["replication_due"] is False


def test_images_that_were_not_read_make_nothing_due_and_nothing_missing():
    row = build(replica_of(image(A), source={"image_count": None})).only("replicas")
    assert (row["replication_due"], row["source_has_images"], row["source_images"]) == (None, None, None)
    assert (row["images_comparable"], row["images_missing"]) == (True, None)
    row = build(replica_of(image(A), here={"image_count": None})).only("replicas")
    assert (row["replication_due"], row["images_comparable"], row["images_missing"]) == (True, True, None)


def test_a_list_of_images_that_was_cut_short_counts_as_not_read():
    assert build(replica_of(image(A), source={"image_count": 2})).only("replicas")["images_missing"] is None
    assert build(replica_of(image(A), here={"image_count": 2})).only("replicas")["images_missing"] is None


def test_equal_sides_have_no_differences():
    both = [image(A, "1.0", "latest"), image(B), image(C, status="ARCHIVED")]
    tables = build(replica_of(*both, there=both))
    row = tables.only("replicas")
    assert (row["images_missing"], row["images_missing_archived"], row["images_in_flight"]) == (0, 0, 0)
    assert (row["images_missing_sample"], row["oldest_missing_pushed_at"]) == ("[]", None)
    assert tables.rows("images") == []


def test_every_kind_of_difference():
    source = [
        image(A, "1.0"),
        image(B, "2.0", age=60),
        image(C, status="ARCHIVED"),
        image(D, "4.0", "latest"),
        image(E, "5.0"),
    ]
    there = [image(D, "4.0"), image(E), image(F, "old")]
    tables = build(replica_of(*source, there=there))
    assert differences(replica_of(*source, there=there)) == {
        "a": "missing", "b": "in-flight", "c": "missing-archived", "d": "tag-differs", "e": "untagged", "f": "orphan",
    }  # fmt: skip
    row = tables.only("replicas")
    assert (row["images_missing"], row["images_missing_archived"], row["images_in_flight"]) == (1, 1, 1)
    tags = {row["digest"][7]: (row["source_tags"], row["destination_tags"]) for row in tables.rows("images")}
    assert tags["a"] == ('["1.0"]', None)
    assert tags["d"] == ('["4.0", "latest"]', '["4.0"]')
    assert tags["f"] == (None, '["old"]')


def test_what_aws_says_of_an_image_does_not_make_it_present():
    world = replica_of(image(A), image(B), hub={"statuses": [status(A, "IN_PROGRESS"), status(B, "FAILED", "DENIED")]})
    assert differences(world) == {"a": "missing", "b": "missing"}
    assert build(world).only("replicas")["images_missing"] == 2


def test_statuses_are_joined_to_the_differences():
    asked = [status(A, "FAILED", "DESTINATION_REGISTRY_ACCESS_DENIED"), status(B, "NEVER_ATTEMPTED")]
    world = replica_of(image(A), image(B), image(C), hub={"statuses": asked})
    found = {row["digest"][7]: (row["replication_status"], row["failure_code"]) for row in build(world).rows("images")}
    assert found == {
        "a": ("FAILED", "DESTINATION_REGISTRY_ACCESS_DENIED"), "b": ("NEVER_ATTEMPTED", ""), "c": (None, None),
    }  # fmt: skip


def test_a_status_of_another_destination_says_nothing():
    other = status(A, "IN_PROGRESS") | {"destination_account": THIRD}
    assert differences(replica_of(image(A), hub={"statuses": [other]})) == {"a": "missing"}


def test_the_sample_names_the_oldest_missing_images():
    digests = [f"sha256:{at:064d}" for at in range(15)]
    images = [image(digest, f"t{at}", age=(100 - at) * HOUR) for at, digest in enumerate(digests)]
    row = build(replica_of(*images)).only("replicas")
    sample = json.loads(row["images_missing_sample"])
    assert row["images_missing"] == 15
    assert sample == [{"digest": digest, "tags": [f"t{at}"]} for at, digest in enumerate(digests[:10])]
    assert row["oldest_missing_pushed_at"].timestamp() == NOW - 100 * HOUR


def test_at_an_absent_repository_everything_is_missing_and_counted():
    images = [image(A), image(B, age=60), image(C, status="ARCHIVED")]
    tables = build(replica_of(*images, backup={"repositories": []}))
    row = tables.only("replicas")
    assert (row["images_missing"], row["images_in_flight"], row["images_missing_archived"]) == (1, 1, 1)
    assert (row["images_comparable"], row["images_missing_sample"]) == (False, None)
    assert tables.rows("images") == []


def test_an_endpoint_without_image_statuses_lists_active_images():
    row = build(replica_of(image(A, status=""), there=[image(B, status="")])).only("replicas")
    assert (row["replication_due"], row["images_missing"], row["source_images"]) == (True, 1, 1)


def test_images_are_compared_replica_by_replica():
    hub = registry(HUB, rules=[rule(TO_BACKUP, f"{THIRD}/{REGION}")], repositories=[
        repository("aa", image(A), image(B)), repository("bb", image(C)),
    ])  # fmt: skip
    backup = registry(BACKUP, repositories=[repository("aa", image(A)), repository("bb", image(C))])
    third = registry(THIRD, repositories=[repository("aa", image(A), image(B)), repository("bb")])
    tables = build(evidence(hub, backup, third))
    assert [row["images_missing"] for row in tables.rows("replicas")] == [1, 0, 0, 1]
    found = [(row["repository"], row["destination_account"], row["digest"][7]) for row in tables.rows("images")]
    assert found == [("aa", BACKUP, "b"), ("bb", THIRD, "c")]


def test_required_but_unmatched_replicas_are_not_compared():
    world = replica_of(image(A), hub={"rules": []})
    row = build(world, baseline(requirement(TO_BACKUP))).only("replicas")
    assert (row["matched"], row["replication_due"], row["images_comparable"], row["images_missing"]) == (
        False, False, False, None,
    )  # fmt: skip
