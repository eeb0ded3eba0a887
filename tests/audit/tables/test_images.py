"""Facts about single images and replicas: statuses, tags, referrers, orphans."""

from __future__ import annotations

import json

import pytest

from audit.evidence import RegionRecord
from tests.audit.tables.worlds import (
    BACKUP,
    DIGESTS,
    HOUR,
    HUB,
    REGION,
    STRANGER,
    THIRD,
    build,
    evidence,
    grant,
    image,
    member,
    registry,
    replica_of,
    repository,
    rule,
)

TO_BACKUP = f"{BACKUP}/{REGION}"
A, B, C, D, E, F = DIGESTS


def status(digest, value, failure="", name="prod/api"):
    return {
        "repository": name, "digest": digest, "destination_account": BACKUP, "destination_region": REGION,
        "status": value, "failure_code": failure,
    }  # fmt: skip


def images(world):
    return {row["digest"][7]: row for row in build(world).rows("images")}


@pytest.mark.parametrize(
    ("answer", "asked", "said", "progressing"),
    [
        (None, False, None, False),
        (status(A, None), True, None, None),
        (status(A, "FAILED", "DESTINATION_REGISTRY_ACCESS_DENIED"), True, "FAILED", False),
        (status(A, "IN_PROGRESS"), True, "IN_PROGRESS", True),
        (status(A, "NEVER_ATTEMPTED"), True, "NEVER_ATTEMPTED", False),
        (status(A, "COMPLETE"), True, "COMPLETE", False),
    ],
    ids=["not asked", "refused", "failed", "in progress", "never", "complete"],
)
def test_the_status_is_known_where_it_was_asked_for(answer, asked, said, progressing):
    row = images(replica_of(image(A), hub={"statuses": [answer] if answer else []}))["a"]
    assert (row["status_asked"], row["replication_status"], row["replication_in_progress"]) == (
        asked,
        said,
        progressing,
    )
    assert ("does not allow replication from the source account" in (row["failure_meaning"] or "")) is (
        said == "FAILED"
    )


@pytest.mark.parametrize(
    ("answers", "asked", "failed", "refused", "codes"),
    [
        ([], None, None, None, None),
        ([status(A, "COMPLETE"), status(B, "NEVER_ATTEMPTED"), status(C, "COMPLETE")], True, 0, 0, []),
        ([status(A, "COMPLETE"), status(B, "NEVER_ATTEMPTED")], True, None, 0, []),
        ([status(A, "COMPLETE"), status(B, "COMPLETE"), status(C, None)], True, None, 1, []),
        ([status(A, "FAILED", "X"), status(B, None)], True, 1, 1, ["X"]),
        ([status(A, "FAILED", "X"), status(B, "FAILED", "Y"), status(C, "FAILED", "Y")], True, 3, 0, ["Y", "X"]),
        ([status(A, "FAILED")], True, 1, 0, [""]),
    ],
    ids=[
        "not asked",
        "none failed",
        "one left out",
        "one refused",
        "failed beside refused",
        "two codes",
        "without a code",
    ],
)
def test_failures_are_counted_for_each_replica(answers, asked, failed, refused, codes):
    world = replica_of(
        image(A, age=3 * HOUR), image(B, age=4 * HOUR), image(C, age=5 * HOUR), hub={"statuses": answers}
    )
    row = build(world).only("replicas")
    assert (row["statuses_asked"], row["replications_failed"], row["statuses_refused"]) == (asked, failed, refused)
    assert (None if row["failure_codes"] is None else json.loads(row["failure_codes"])) == codes
    sample = json.loads(row["replications_failed_sample"] or "[]")
    assert "".join(one["digest"][7] for one in sample) == {None: "", 0: "", 1: "a", 3: "cba"}[failed]


@pytest.mark.parametrize(
    ("answers", "asked", "failed"),
    [
        ([], None, None),
        ([status(A, "NEVER_ATTEMPTED")], True, None),
        ([status(A, "FAILED", "X")], True, 1),
        ([status(A, "COMPLETE"), status(B, "COMPLETE")], True, 0),
    ],
    ids=["all left out", "one left out", "one failed", "both read"],
)
def test_images_left_out_of_a_missing_repository_are_not_passed(answers, asked, failed):
    world = replica_of(image(A), image(B), hub={"statuses": answers}, backup={"repositories": []})
    row = build(world).only("replicas")
    assert (row["destination_present"], row["statuses_asked"], row["replications_failed"]) == (False, asked, failed)


def test_several_codes_are_counted():
    answers = [status(A, "FAILED", "X"), status(B, "FAILED", "DESTINATION_REGISTRY_ACCESS_DENIED"), status(C, "FAILED")]
    row = build(replica_of(image(A), image(B), image(C), hub={"statuses": answers})).only("replicas")
    assert row["failure_meaning"] == (
        "no code for 1 image; DESTINATION_REGISTRY_ACCESS_DENIED for 1 image, the destination's registry policy does "
        "not allow replication from the source account; X for 1 image, AWS does not document what this code means"
    )


@pytest.mark.parametrize(("age", "minutes"), [(2 * HOUR, 120), (59.99 * 60, 59), (-30.0, -1), (float("nan"), None)])
def test_the_age_is_given_in_whole_minutes_beside_the_baseline_s_delay(age, minutes):
    row = images(replica_of(image(A, age=age), hub={"statuses": [status(A, "IN_PROGRESS")]}))["a"]
    assert (row["minutes_since_push"], row["replication_delay_minutes"]) == (minutes, 60)


@pytest.mark.parametrize(("held", "progressing"), [("IN_PROGRESS", False), ("COMPLETE", True), (None, None)])
def test_a_backfill_explains_what_is_in_progress(held, progressing):
    place = {"registryId": BACKUP, "region": REGION}
    backfills = None if held is None else json.dumps([{"destination": place, "status": held, "startedAt": 1.0}])
    row = images(replica_of(image(A), hub={"statuses": [status(A, "IN_PROGRESS")], "backfills": backfills}))["a"]
    assert row["replication_in_progress"] is progressing


def test_images_that_were_asked_about_are_listed_even_where_the_replica_does_not_exist():
    asked = [status(A, "FAILED", "DENIED"), status(B, "NEVER_ATTEMPTED")]
    world = replica_of(image(A), image(B), image(C), hub={"statuses": asked}, backup={"repositories": []})
    found = {digest: (row["difference"], row["replication_status"]) for digest, row in images(world).items()}
    assert found == {"a": ("missing", "FAILED"), "b": ("missing", "NEVER_ATTEMPTED")}
    row = build(world).only("replicas")
    assert (row["images_missing"], row["images_missing_sample"], row["oldest_missing_pushed_at"]) == (3, None, None)


def to_set(row):
    return {one["tag"]: (one["seen"][7:8], one["settable"]) for one in json.loads(row["tags_to_set"] or "[]")}


@pytest.mark.parametrize(
    ("mode", "exclusions", "settable"),
    [
        ("MUTABLE", "[]", True),
        ("IMMUTABLE", "[]", False),
        ("IMMUTABLE_WITH_EXCLUSION", '["lat*"]', True),
        ("IMMUTABLE_WITH_EXCLUSION", '["dev-*"]', False),
        ("MUTABLE_WITH_EXCLUSION", '["lat*"]', False),
        ("NOVEL", "[]", None),
        (None, None, None),
    ],
)
def test_a_moved_tag_can_be_set_where_tags_may_move(mode, exclusions, settable):
    source = [image(A, "1.0"), image(B, "2.0", "latest")]
    there = [image(A, "1.0", "latest"), image(B, "2.0")]
    here = {"tag_mutability": mode, "mutability_exclusions": exclusions}
    found = images(replica_of(*source, there=there, here=here))
    assert {digest: (row["tags_differ"], row["tags_missing"]) for digest, row in found.items()} == {
        "a": (True, "[]"), "b": (True, '["latest"]'),
    }  # fmt: skip
    assert (to_set(found["a"]), to_set(found["b"])) == ({}, {"latest": ("a", settable)})


def test_an_untagged_replica_lacks_free_tags_and_taken_ones():
    world = replica_of(
        image(A, "1.0", "latest"), image(B),
        there=[image(A), image(B, "latest")], here={"tag_mutability": "IMMUTABLE"},
    )  # fmt: skip
    row = images(world)["a"]
    assert (row["difference"], row["untagged_at_destination"]) == ("untagged", True)
    assert json.loads(row["tags_missing"]) == ["1.0", "latest"]
    assert to_set(row) == {"1.0": ("", True), "latest": ("b", False)}


@pytest.mark.parametrize(
    "more", [{"age": 60.0}, {"status": "ARCHIVED"}, {"status": "ACTIVATING"}], ids=["young", "archived", "restoring"]
)
def test_tags_are_compared_of_active_images_that_had_time(more):
    row = images(replica_of(image(A, "1.0", **more), there=[image(A)]))["a"]
    assert (row["untagged_at_destination"], row["tags_missing"]) == (False, None)


def test_referrers_are_missing_where_what_they_refer_to_arrived():
    source = [image(A), image(B, subject=A), image(C), image(D, subject=C), image(E, subject=A, age=60)]
    row = build(replica_of(*source, there=[image(A)])).only("replicas")
    assert (row["referrers_missing"], row["images_missing"]) == (1, 3)
    assert build(replica_of(*source, there=source)).only("replicas")["referrers_missing"] == 0
    assert build(replica_of(*source, here={"image_count": None})).only("replicas")["referrers_missing"] is None


def orphans(world):
    rows = build(world).rows("replicas")
    return [(row["source_account"], row["orphans_counted"], row["orphans"]) for row in rows]


def test_orphans_are_in_none_of_the_sources_and_reported_once():
    def part(account, *held):
        return registry(account, rules=[rule(TO_BACKUP)], repositories=[repository("aa", *map(image, held))])

    there = registry(BACKUP, registry_policy=grant(HUB, THIRD), repositories=[repository("aa", *map(image, (A, B, C)))])
    world = evidence(part(HUB, A), part(THIRD, B), there)
    assert orphans(world) == [(HUB, True, 1), (THIRD, False, 0)]
    tables = build(world)
    listed = [
        (row["source_account"], row["digest"][7]) for row in tables.rows("images") if row["difference"] == "orphan"
    ]
    assert listed == [(HUB, "c")]
    assert {row["sources"] for row in tables.rows("images")} == {2}
    sample = json.loads(tables.row("replicas", source_account=HUB)["orphans_sample"])
    assert sample == [{"digest": C, "tags": []}]


@pytest.mark.parametrize(
    ("policy", "index"),
    [
        (grant(HUB), True),
        ("", True),
        (None, False),
        ("{", False),
        (grant(HUB, THIRD), False),
        (grant(HUB, STRANGER), False),
        (grant("*"), False),
        (grant(HUB, THIRD, actions=["ecr:BatchGetImage"]), True),
    ],
    ids=["source", "no account", "unread", "broken", "unread member", "stranger", "everyone", "not to replicate"],
)
def test_orphans_are_known_where_every_possible_source_was_read(policy, index):
    hub, backup = replica_of(image(A), there=[image(B)], backup={"registry_policy": policy}).registries
    unread = registry(THIRD, rules=None)
    assert orphans(evidence(hub, backup, unread)) == [(HUB, True, 1 if index else None)]


def test_images_of_other_sources_are_no_orphans():
    hub, backup = replica_of(image(A), there=[image(A)], backup={"registry_policy": None}).registries
    assert orphans(evidence(hub, backup)) == [(HUB, True, 0)]
    unread = repository("prod/api", image(A), image_count=None)
    assert orphans(
        replica_of(image(A), there=[image(A)], hub={"rules": [rule(TO_BACKUP)], "repositories": [unread]})
    ) == [(HUB, True, None)]


def test_other_regions_of_the_destination_account_may_be_sources():
    world = replica_of(image(A), there=[image(B)])
    regions = (RegionRecord(BACKUP, REGION, "ENABLED"), RegionRecord(HUB, REGION, "ENABLED"))
    more = RegionRecord(BACKUP, "us-east-1", "ENABLED")
    off = RegionRecord(BACKUP, "us-east-1", "DISABLED")
    assert orphans(evidence(*world.registries, regions=(*regions, off)))[0][2] == 1
    assert orphans(evidence(*world.registries, regions=(*regions, more)))[0][2] is None


def test_registries_out_of_scope_may_be_sources_and_suspended_accounts_are_none():
    hub, backup = replica_of(image(A), there=[image(B)], backup={"registry_policy": grant(HUB, THIRD)}).registries
    other = registry(THIRD, rules=[rule(TO_BACKUP)])
    accounts = (member(HUB), member(BACKUP), member(THIRD, in_scope=False))
    assert orphans(evidence(hub, backup, other, accounts=accounts))[0][2] is None
    closed = (member(HUB), member(BACKUP), member(THIRD, state="SUSPENDED"))
    assert orphans(evidence(hub, backup, accounts=closed))[0][2] == 1


def test_what_arrives_while_the_sides_are_read_is_no_orphan():
    assert orphans(replica_of(image(A), there=[image(A), image(B, age=60.0)])) == [(HUB, True, 0)]
