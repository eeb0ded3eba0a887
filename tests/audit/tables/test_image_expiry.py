"""Which missing images the lifecycle policy of the replica repository itself expires."""

from __future__ import annotations

import json

import pytest

from tests.audit.tables.worlds import DIGESTS, HOUR, build, image, replica_of

A, B, C, D, E, _ = DIGESTS
DAY = 24 * HOUR


def policy(*rules):
    """A policy text of (tag status or pattern, count type, number, action) by priority."""
    documents = []
    for priority, (tags, by, number, *action) in enumerate(rules, start=1):
        selection = {"tagStatus": tags, "countType": by, "countNumber": number}
        if tags not in ("any", "untagged"):
            selection |= {"tagStatus": "tagged", "tagPatternList": tags.split()}
        if by != "imageCountMoreThan":
            selection["countUnit"] = "days"
        kind = action[0] if action else "expire"
        documents.append({"rulePriority": priority, "selection": selection, "action": {"type": kind}})
    return json.dumps({"rules": documents})


COUNT, PUSHED, PULLED = "imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"


@pytest.mark.parametrize(
    ("rules", "missing", "present", "expired", "perhaps"),
    [
        ([], {A: ("v1", 100)}, {}, "", 0),
        # By age: from the push at the source on.
        ([("any", PUSHED, 30)], {A: ("v1", 100), B: ("v2", 30), C: ("v3", 31)}, {}, "ac", 0),
        ([("untagged", PUSHED, 30)], {A: ("v1", 100)}, {}, "", 0),
        ([("v*", PUSHED, 30)], {A: ("v1", 100), B: ("dev", 100)}, {}, "a", 0),
        ([("v* stable", PUSHED, 30)], {A: ("v1", 100), B: ("v2 stable", 100)}, {}, "b", 0),
        # The first rule that selects an image decides, whatever it does.
        ([("v*", PUSHED, 300), ("any", PUSHED, 30)], {A: ("v1", 100), B: ("dev", 100)}, {}, "b", 0),
        ([("v*", PUSHED, 1, "transition"), ("any", PUSHED, 30)], {A: ("v1", 100), B: ("dev", 100)}, {}, "b", 0),
        # By number: enough newer ones are present.
        ([("any", COUNT, 1)], {A: ("v1", 100)}, {B: ("v2", 50)}, "a", 0),
        ([("any", COUNT, 2)], {A: ("v1", 100)}, {B: ("v2", 50)}, "", 0),
        ([("any", COUNT, 1)], {A: ("v2", 50)}, {B: ("v1", 100)}, "", 0),
        ([("any", COUNT, 1)], {A: ("v1", 100), C: ("v3", 10)}, {B: ("v2", 50)}, "a", 0),
        ([("any", COUNT, 1)], {A: ("v1", 100), C: ("v3", 10)}, {}, "", 0),
        ([("v*", COUNT, 1)], {A: ("v1", 100)}, {B: ("dev", 50)}, "", 0),
        ([("v1", COUNT, 1)], {A: ("v1", 100)}, {B: ("v2", 50)}, "", 0),
        # Images of an earlier rule count for a later one, also those that it has expired since.
        ([("dev*", PUSHED, 30), ("any", COUNT, 1)], {A: ("v1", 100)}, {B: ("dev", 10)}, "a", 0),
        ([("dev*", PUSHED, 30), ("any", COUNT, 2)], {A: ("v1", 100), C: ("dev", 50)}, {B: ("v2", 10)}, "c", 1),
        # What the texts and push times do not determine.
        ([("any", PULLED, 30)], {A: ("v1", 100), B: ("v2", 20)}, {}, "", 1),
        ([("untagged", PUSHED, 30)], {A: ("", 100), B: ("", 20)}, {}, "", 1),
        ([("any", "sinceImageTransitioned", 30)], {A: ("v1", 100)}, {}, "", 1),
    ],
)  # fmt: skip
def test_images_that_the_policy_of_the_replica_expires(rules, missing, present, expired, perhaps):
    def held(found):
        return [image(digest, *tags.split(), age=days * DAY) for digest, (tags, days) in found.items()]

    text = policy(*rules) if rules else ""
    world = replica_of(*held(missing | present), there=held(present), here={"lifecycle_policy": text})
    row = build(world).only("replicas")
    sample = json.loads(row["images_missing_expired_sample"])
    assert row["images_missing"] == len(missing)
    assert "".join(sorted(one["digest"][7] for one in sample)) == expired
    assert (row["images_missing_expired"], row["images_missing_perhaps_expired"]) == (len(expired), perhaps)
    assert bool(row["images_missing_expiry"]) is bool(expired or perhaps)


@pytest.mark.parametrize(("text", "known"), [(None, False), ("{", False), ("", True)])
def test_a_policy_that_was_not_read_explains_nothing(text, known):
    world = replica_of(image(A, "v1", age=100 * DAY), here={"lifecycle_policy": text})
    assert (build(world).only("replicas")["images_missing_expired"] == 0) is known


def test_a_replica_that_does_not_exist_has_no_policy():
    world = replica_of(image(A, "v1", age=100 * DAY), backup={"repositories": []})
    row = build(world).only("replicas")
    assert (row["images_missing"], row["images_missing_expired"], row["images_missing_expiry"]) == (1, 0, "")


def test_both_numbers_are_one_clause():
    old = [image(A, "v1", age=100 * DAY), image(B, age=100 * DAY)]
    row = build(replica_of(*old, here={"lifecycle_policy": policy(("any", PUSHED, 30))})).only("replicas")
    assert (
        row["images_missing_expiry"] == "the lifecycle policy of the replica expires 1 and may expire 1 image of them"
    )
