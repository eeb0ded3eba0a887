"""Lifecycle policies compared by what they expire."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.policy_comparison import lifecycle_form, pull_time_priorities, same_lifecycle, strictness


def rule(number, *, status="any", patterns=(), prefixes=(), by="imageCountMoreThan", action="expire", **selection):
    chosen = {"tagStatus": status, "countType": by, "countNumber": number, **selection}
    if patterns:
        chosen["tagPatternList"] = list(patterns)
    if prefixes:
        chosen["tagPrefixList"] = list(prefixes)
    if by != "imageCountMoreThan":
        chosen["countUnit"] = "days"
    return {"selection": chosen, "action": {"type": action}}


def policy(*rules, start=1, **others):
    """A policy text; without rules: none."""
    if not rules:
        return ""
    return json.dumps({"rules": [{"rulePriority": start + at, **others, **one} for at, one in enumerate(rules)]})


PUSHED, PULLED = {"by": "sinceImagePushed"}, {"by": "sinceImagePulled"}
UNTAGGED = {"status": "untagged", **PUSHED}
RELEASES = {"status": "tagged", "patterns": ("v*",)}
LATEST = {"status": "tagged", "patterns": ("latest",)}
FROM_ARCHIVE = {"by": "sinceImageTransitioned", "storageClass": "archive"}


@pytest.mark.parametrize(
    ("source", "copy", "not_stricter"),
    [
        ([rule(50)], [rule(50)], True),
        ([rule(50)], [rule(100)], True),
        ([rule(50)], [rule(10)], False),
        ([rule(14, **UNTAGGED), rule(50)], [rule(14, **UNTAGGED), rule(60)], True),
        ([rule(14, **UNTAGGED)], [rule(14, **UNTAGGED), rule(50)], False),
        ([rule(14, **UNTAGGED), rule(50)], [rule(14, **UNTAGGED)], True),
        ([rule(50)], [rule(365, **PUSHED)], False),
        ([rule(365, **PUSHED)], [rule(50)], False),
        ([rule(30, **PULLED)], [rule(300, **PUSHED)], False),
        ([rule(30, **PUSHED)], [rule(20, **PULLED)], False),
        ([rule(30, **RELEASES)], [rule(20, **RELEASES)], False),
        ([rule(30, **RELEASES), rule(50)], [rule(30, **RELEASES), rule(50, status="untagged")], None),
        ([rule(99, **RELEASES), rule(50)], [rule(50)], False),
        # All tags of this rule must be met, and one of them names a single image.
        ([rule(1, **RELEASES)], [rule(1, status="tagged", patterns=("latest", "v*"))], True),
        ([rule(1, **RELEASES)], [rule(1, **LATEST)], True),
        # A hundred with and a hundred without tag are too many for the copy only.
        ([rule(1, status="untagged"), rule(50)], [rule(50)], None),
        ([rule(50)], [rule(10, action="transition", **PUSHED)], True),
        ([rule(10, action="transition", **PUSHED)], [rule(50)], None),
        ([rule(10, **PUSHED)], [rule(90, **FROM_ARCHIVE)], None),
        # Every tag that begins with v but not with v1 expires in the copy only.
        ([rule(5, status="tagged", prefixes=("v1",))], [rule(5, **RELEASES)], False),
        # A side without a policy expires nothing.
        ([], [rule(10)], False),
        ([], [rule(90, **PUSHED)], False),
        ([], [rule(1, **UNTAGGED)], False),
        ([], [rule(10, **PULLED)], False),
        ([], [rule(5, action="transition", **PUSHED)], True),
        ([], [rule(5, action="transition", **PUSHED), rule(90, **FROM_ARCHIVE)], False),
        ([], [rule(90, **FROM_ARCHIVE)], None),
        ([], [rule(1, **LATEST)], True),
        ([rule(10)], [], True),
    ],
)  # fmt: skip
def test_what_expires_in_the_copy_only(source, copy, not_stricter):
    found = strictness(policy(*source), policy(*copy))
    assert found.not_stricter is not_stricter
    assert bool(found.problem) is (not_stricter is not True)


def test_the_problem_says_which_images_and_when():
    found = strictness(policy(rule(99, **RELEASES)), policy(rule(20, **RELEASES)))
    assert found.problem == (
        "images with tags matching v* expire in the replica beyond the newest 20, at the source beyond the newest 99"
    )
    assert (
        strictness(policy(rule(99, **RELEASES)), policy(rule(7, **UNTAGGED))).problem
    ) == "untagged images expire in the replica 7 days after the push, never at the source"


RULES = st.lists(
    st.builds(
        rule,
        st.integers(1, 5),
        status=st.sampled_from(["any", "untagged"]),
        by=st.sampled_from(["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"]),
        action=st.sampled_from(["expire", "transition"]),
    )
    | st.builds(rule, st.integers(1, 5), status=st.just("tagged"), prefixes=st.sampled_from([("a",), ("b", "a")])),
    min_size=1,
    max_size=4,
)


@given(rules=RULES)
def test_a_policy_is_not_stricter_than_itself(rules):
    assert strictness(policy(*rules), policy(*rules, start=7, description="x")).not_stricter is True


@given(source=RULES, copy=RULES, more=st.integers(1, 9))
def test_keeping_more_never_turns_a_pass_into_a_failure(source, copy, more):
    before = strictness(policy(*source), policy(*copy)).not_stricter
    later = [
        {**one, "selection": {**one["selection"], "countNumber": one["selection"]["countNumber"] + more}}
        for one in copy
    ]
    after = strictness(policy(*source), policy(*later)).not_stricter
    assert not (before is True and after is False)


@pytest.mark.parametrize("text", ["{", "[]", '{"rules": [1]}', '{"rules": [{"rulePriority": 1}]}', "3"])
def test_what_cannot_be_understood_is_not_decided(text):
    assert strictness(policy(rule(1)), text).not_stricter is None
    assert same_lifecycle(policy(rule(1)), text) is None
    assert pull_time_priorities(text) is None


def test_descriptions_and_the_numbers_of_priorities_do_not_count():
    assert same_lifecycle(policy(rule(1)), policy(rule(1), start=40, description="one")) is True
    assert same_lifecycle(policy(rule(1)), policy(rule(2))) is False
    assert same_lifecycle("", policy(rule(2))) is False


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([rule(7, **UNTAGGED), rule(9, **RELEASES)], [rule(9, **RELEASES), rule(7, **UNTAGGED)], True),
        (
            [rule(7, **UNTAGGED), rule(9, **RELEASES), rule(5)],
            [rule(9, **RELEASES), rule(7, **UNTAGGED), rule(5)],
            True,
        ),
        ([rule(90, **FROM_ARCHIVE), rule(50)], [rule(50), rule(90, **FROM_ARCHIVE)], True),
        # An image can have both tags, and the first rule decides about it.
        ([rule(1, **RELEASES), rule(9, **LATEST)], [rule(9, **LATEST), rule(1, **RELEASES)], False),
        ([rule(50), rule(7, **UNTAGGED)], [rule(7, **UNTAGGED), rule(50)], False),
    ],
)  # fmt: skip
def test_the_order_of_rules_counts_where_they_can_select_the_same_image(one, other, same):
    assert same_lifecycle(policy(*one), policy(*other)) is same
    assert (lifecycle_form(policy(*one)) == lifecycle_form(policy(*other))) is same


def test_rules_that_count_from_the_last_pull():
    assert pull_time_priorities(policy(rule(3, **UNTAGGED), rule(9, **PULLED))) == (2,)
    assert pull_time_priorities("") == ()
