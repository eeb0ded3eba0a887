"""Lifecycle policies compared by their effect, without images."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Self

_STANDARD, _ARCHIVE = "standard", "archive"
COUNT, PUSHED, PULLED = "imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"
EXPIRE = "expire"
_UNLISTED = "a-tag-that-no-rule-names"
_IN_PLACE_OF_WILDCARDS = ("1", "zq7")
"""The second ones are in no pattern that people write: `v1*` takes the first example of `v*` and not the second."""


@dataclass(frozen=True, slots=True)
class TagSelection:
    """The tag selection of a rule."""

    status: str
    patterns: tuple[str, ...]
    """Wildcard patterns, all of which must match; a prefix is a pattern that ends in `*`."""

    def takes(self, tags: Sequence[str]) -> bool:
        """Whether it selects an image with *tags*."""
        if self.status != "tagged":
            return self.status == "any" or not tags
        return bool(tags) and all(any(fnmatchcase(tag, one) for tag in tags) for one in self.patterns)


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule of a lifecycle policy."""

    tagging: TagSelection
    storage: str
    count_type: str
    unit: str
    number: int
    action: str
    target: str

    @classmethod
    def read(cls, rule: Mapping[str, Any]) -> Self:
        """The rule of a document; raises ValueError, KeyError or TypeError for an invalid rule."""
        selection, action = rule["selection"], rule["action"]
        prefixes = [f"{prefix}*" for prefix in selection.get("tagPrefixList") or ()]
        patterns = tuple(sorted({*prefixes, *(selection.get("tagPatternList") or ())}))
        counted = selection["countType"]
        return cls(
            tagging=TagSelection(str(selection["tagStatus"]), patterns),
            storage=str(selection.get("storageClass", _STANDARD)),
            count_type=str(counted),
            unit="" if counted == COUNT else str(selection.get("countUnit", "days")),
            number=int(selection["countNumber"]),
            action=str(action["type"]),
            target=str(action.get("targetStorageClass", "")),
        )

    @property
    def expires_nothing(self) -> bool:
        """Whether it counts the images of one tag without wildcard: a tag is on at most one image of a repository."""
        return self.count_type == COUNT and any("*" not in pattern for pattern in self.tagging.patterns)

    def in_words(self) -> str:
        """When it expires an image, as words."""
        if self.count_type == COUNT:
            return f"beyond the newest {self.number:,}"
        since = {PUSHED: "the push", PULLED: "the last pull"}.get(self.count_type, "the transition")
        unit = self.unit.removesuffix("s") if self.number == 1 else self.unit
        return f"{self.number:,} {unit} after {since}"


Rules = tuple[LifecycleRule, ...]
"""Rules of a policy in the order in which they apply."""


@dataclass(frozen=True, slots=True)
class Strictness:
    """Whether a replica's policy keeps every image that the source's keeps; None: the texts do not determine it."""

    not_stricter: bool | None
    problem: str
    """Images that expire at the destination only, or why that is unknown, as a clause."""


@lru_cache(maxsize=4_096)
def lifecycle_rules(text: str) -> Rules | None:
    """The rules of a policy text; None where it does not have the documented format."""
    try:
        rules = json.loads(text)["rules"]
        return tuple(LifecycleRule.read(rule) for rule in sorted(rules, key=lambda rule: int(rule["rulePriority"])))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def same_lifecycle(one: str, other: str) -> bool | None:
    """Whether two policy texts have the same effect, ignoring descriptions and priorities; None: cannot be parsed."""
    if one == other:
        return True
    if not one or not other:
        return False
    left, right = lifecycle_rules(one), lifecycle_rules(other)
    return None if left is None or right is None else _independent_of_order(left) == _independent_of_order(right)


def lifecycle_form(text: str) -> str:
    """A text that is equal for policy texts of the same effect; *text* itself where it cannot be parsed."""
    rules = lifecycle_rules(text) if text else None
    return text if rules is None else repr(_independent_of_order(rules))


def _independent_of_order(rules: Rules) -> Rules:
    """*rules* in an order that is equal for policies which differ only in the order of rules that share no image.

    An image has tags or none and lies in one storage class, so rules for untagged and tagged images, and rules of two
    storage classes, apply in any order with the same effect. A rule for `any` keeps its place among those of its class.
    """
    anys: Counter[str] = Counter()
    keyed: list[tuple[tuple[str, int, bool, bool], LifecycleRule]] = []
    for rule in rules:
        status = rule.tagging.status
        keyed.append(((rule.storage, anys[rule.storage], status == "any", status == "untagged"), rule))
        anys[rule.storage] += status == "any"
    return tuple(rule for _, rule in sorted(keyed, key=lambda one: one[0]))


@lru_cache(maxsize=4_096)
def rule_count(text: str) -> int | None:
    """Number of rules of a policy text; an empty text has 0; None where it cannot be parsed."""
    try:
        return len(json.loads(text)["rules"]) if text else 0
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def pull_time_priorities(text: str) -> tuple[int, ...] | None:
    """Priorities of the rules that count from the last pull; None where the text cannot be parsed."""
    if not text:
        return ()
    if lifecycle_rules(text) is None:
        return None
    rules = json.loads(text)["rules"]
    return tuple(sorted(int(one["rulePriority"]) for one in rules if one["selection"]["countType"] == PULLED))


@lru_cache(maxsize=4_096)
def strictness(source: str, replica: str) -> Strictness:
    """Whether the policy text *replica* expires an image that the policy text *source* keeps.

    Empty: no policy, which expires nothing.
    """
    same = same_lifecycle(source, replica)
    if same:
        return Strictness(True, "")
    ours, theirs = (lifecycle_rules(text) if text else () for text in (replica, source))
    if ours is None or theirs is None:
        return Strictness(None, "a lifecycle policy could not be parsed")
    problems = [_expired_here_only(tags, ours, theirs) for tags in _examples((*ours, *theirs))]
    if not theirs:
        problems += [_expired_from_archive(rule, ours) for rule in ours]
    # Images that the source never expires are a clearer message than those that it expires by another measure.
    worst = max(problems, key=lambda problem: (problem.endswith(_NEVER), bool(problem)))
    if worst:
        return Strictness(False, worst)
    if all(_harmless(at, ours, theirs) for at, rule in enumerate(ours) if rule.action == EXPIRE):
        return Strictness(True, "")
    return Strictness(None, "the two lifecycle policies select images in different ways")


def _examples(rules: Rules) -> Iterator[tuple[str, ...]]:
    """Tags of one image for each group that *rules* distinguish."""
    yield ()
    yield (_UNLISTED,)
    for tagging in dict.fromkeys(rule.tagging for rule in rules if rule.tagging.status == "tagged"):
        for characters in _IN_PLACE_OF_WILDCARDS:
            yield tuple(pattern.replace("*", characters) for pattern in tagging.patterns)


def first_rule(tags: Sequence[str], rules: Rules) -> LifecycleRule | None:
    """The rule that selects an image in the standard class with *tags*: no later one can expire it.

    ECR user guide, LifecyclePolicies.html: an image that matches the tagging requirements of a rule cannot be expired
    by a rule with a lower priority.
    """
    return next((rule for rule in rules if rule.storage == _STANDARD and rule.tagging.takes(tags)), None)


def _expired_here_only(tags: tuple[str, ...], ours: Rules, theirs: Rules) -> str:
    """Why images with such *tags* expire in the replica only; empty: they do not."""
    here, there = first_rule(tags, ours), first_rule(tags, theirs)
    if here is None or here.action != EXPIRE or here.count_type not in (COUNT, PUSHED, PULLED):
        return ""
    if here.expires_nothing:
        return ""
    if there is not None and (there.action != EXPIRE or not _sooner(here, there)):
        return ""
    what = "untagged images" if not tags else f"images {_selected(here.tagging)}"
    if not theirs and here.tagging.status == "any":
        what = "all images" if here is ours[0] else "images that no earlier rule selects"
    if there is None:
        return f"{what} expire in the replica {here.in_words()}, {_NEVER}"
    return f"{what} expire in the replica {here.in_words()}, at the source {there.in_words()}"


_NEVER = "never at the source"


def _expired_from_archive(here: LifecycleRule, ours: Rules) -> str:
    """Why images that the replica's policy archives expire from its archive, where the source has no policy."""
    archives = [rule for rule in ours if rule.action == "transition" and rule.storage == _STANDARD]
    if here.action != EXPIRE or here.storage != _ARCHIVE or here.count_type == COUNT:
        return ""
    if not any(rule.tagging == here.tagging or here.tagging.status == "any" for rule in archives):
        # Images may be archived by other means than a rule: that is not determined by the text.
        return ""
    return f"archived images expire in the replica {here.in_words()}, {_NEVER}"


def _selected(tagging: TagSelection) -> str:
    if tagging.status != "tagged":
        return "with a tag"
    return f"with tags matching {' and '.join(tagging.patterns)}"


def _sooner(here: LifecycleRule, there: LifecycleRule) -> bool:
    """Whether some image expires by *here* and not by *there*, where both select the same images.

    A replica's push time is its arrival, and it may never be pulled, so its age is at most that of the source image.
    """
    if here.unit != there.unit and COUNT not in (here.count_type, there.count_type):
        return False
    comparable = here.count_type == there.count_type or (here.count_type, there.count_type) == (PULLED, PUSHED)
    if comparable:
        return here.number < there.number
    # By count and by age: a single old image, or many new ones. By push and by pull: an old one in daily use.
    return there.count_type in (COUNT, PUSHED, PULLED)


def _harmless(at: int, ours: Rules, theirs: Rules) -> bool:
    """Whether the source certainly expires every image that rule number *at* of the replica expires."""
    here = ours[at]
    if here.expires_nothing:
        return True
    before = {(rule.tagging, rule.storage) for rule in ours[:at]}
    for position, there in enumerate(theirs):
        alike = (there.tagging, there.storage, there.count_type, there.unit, there.action) == (
            here.tagging, here.storage, here.count_type, here.unit, here.action,
        )  # fmt: skip
        if alike and here.number >= there.number:
            # Images that earlier rules expire at the source also expire here, so its rule applies to at least these
            # images.
            return {(rule.tagging, rule.storage) for rule in theirs[:position]} <= before
    return False
