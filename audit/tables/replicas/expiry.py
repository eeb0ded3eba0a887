"""Missing images that the lifecycle policy of the replica repository itself expires: columns of the `replicas` table.

ECR user guide, LifecyclePolicies.html: an image belongs to the first rule by priority that matches its tags; the oldest
images by push time expire first; an image that a manifest list refers to does not expire before the list.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.categorical import Codes
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import NO, YES, integers
from audit.tables.image_index import ImageIndex
from audit.tables.images.differences import Difference, Differences, comparable
from audit.tables.replica_pairs import Pairs
from audit.tables.replicas.images import sampled_images, texts_of_pairs
from audit.tables.repository_index import RepositoryIndex
from checks.engine.text import counted
from checks.iam.three_valued import Truth
from checks.policy_comparison import COUNT, EXPIRE, PULLED, PUSHED, LifecycleRule, Rules, first_rule, lifecycle_rules

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class _Images:
    """Images of one repository on one side of a replica."""

    tags: Codes
    """Positions in `tag_lists`."""
    pushed_at: NDArray[np.float64]
    tag_lists: Sequence[tuple[str, ...]]

    def selected_by(self, rule: LifecycleRule) -> NDArray[np.bool_]:
        """Which of them *rule* selects, whatever rules come before it: those count as well."""
        return np.array([rule.tagging.takes(tags) for tags in self.tag_lists], dtype=np.bool_)[self.tags]


def expiry_columns(
    index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex, found: Differences
) -> dict[str, Any]:
    """How many of the missing images the replica's own lifecycle policy expires, and how many it may expire."""
    policy = repository_index.columns["lifecycle_policy"].take(pairs.destination_row)
    compared = comparable(pairs, images)
    # A repository that does not exist has no lifecycle policy.
    known = compared | ((pairs.matched == YES) & (pairs.present == NO))
    missing = np.flatnonzero((found.kind == Difference.MISSING) & compared[found.pair])
    expired, perhaps = np.zeros((2, len(pairs)), dtype=np.float64)
    chosen: list[Codes] = []
    for rows in _by_pair(found.pair[missing], missing):
        pair = int(found.pair[rows[0]])
        text = policy.values[policy.codes[pair]] if policy.codes[pair] >= 0 else None
        rules = None if text is None else lifecycle_rules(text) if text else ()
        if rules is None:
            known[pair] = False
        elif any(rule.action == EXPIRE for rule in rules):
            truths = _expired(index.evidence.started_at, rules, *_sides(images, pairs, found, pair, rows))
            certain = [row for row, truth in zip(rows.tolist(), truths, strict=True) if truth]
            chosen.append(np.array(certain, dtype=np.int64))
            expired[pair], perhaps[pair] = len(certain), sum(truth is None for truth in truths)
    rows = np.concatenate([np.empty(0, dtype=np.int64), *chosen])
    clauses = {
        pair: _clause(int(expired[pair]), int(perhaps[pair])) for pair in np.flatnonzero(expired + perhaps).tolist()
    }
    return {
        "images_missing_expired": integers(expired, known),
        "images_missing_perhaps_expired": integers(perhaps, known),
        "images_missing_expired_sample": sampled_images(known, images, found.pair[rows], found.source[rows]),
        "images_missing_expiry": texts_of_pairs(clauses, known, ""),
    }


def _by_pair(pair: Codes, rows: Codes) -> list[Codes]:
    """*rows* by the replica to which they belong; *pair* ascends."""
    return np.split(rows, np.flatnonzero(np.diff(pair)) + 1) if len(rows) else []


def _sides(images: ImageIndex, pairs: Pairs, found: Differences, pair: int, rows: Codes) -> tuple[_Images, _Images]:
    """The missing images of a replica as they are at the source, and the images that it has."""
    start, stop = images.offsets[pairs.destination_row[pair]], images.offsets[pairs.destination_row[pair] + 1]
    there = np.arange(start, stop, dtype=np.int64)
    there = there[images.active[there]]
    return _side(images, found.source[rows]), _side(images, there)


def _side(images: ImageIndex, positions: Codes) -> _Images:
    used, codes = np.unique(images.tags.codes[positions], return_inverse=True)
    lists = [tuple(json.loads(images.tags.values[at])) if at >= 0 else () for at in used.tolist()]
    return _Images(codes.reshape(-1).astype(np.int64), images.pushed_at[positions], lists)


def _expired(now: float, rules: Rules, missing: _Images, present: _Images) -> list[Truth]:
    """For each of the *missing* images, whether *rules* expire it beside those *present*; None: it may be.

    Ages count from the push at the source: the image arrived at the replica soon after it, or never.
    """
    rule_of = [first_rule(tags, rules) for tags in missing.tag_lists]
    truths: list[Truth] = [False] * len(missing.tags)
    for rule in dict.fromkeys(rule_of):
        if rule is None or rule.action != EXPIRE:
            continue
        mine = np.isin(missing.tags, [at for at, each in enumerate(rule_of) if each == rule])
        members = np.flatnonzero(mine)
        if rule.count_type == COUNT:
            found = _beyond_count(rule, missing, mine, present)
        else:
            found = [_past_age(now, rule, pushed_at) for pushed_at in missing.pushed_at[members].tolist()]
        for member, truth in zip(members.tolist(), found, strict=True):
            # Another image, a manifest list, may refer to an untagged one and keep it.
            untagged = not missing.tag_lists[missing.tags[member]]
            truths[member] = None if truth and untagged else truth
    return truths


def _past_age(now: float, rule: LifecycleRule, pushed_at: float) -> Truth:
    """Whether an image that was pushed then has reached the age of *rule*."""
    if np.isnan(pushed_at) or rule.count_type not in (PUSHED, PULLED) or rule.unit != "days":
        return None
    if now - pushed_at <= rule.number * _DAY:
        return False
    # A pull at the replica, of which there is no record, delays an expiry that counts from it.
    return True if rule.count_type == PUSHED else None


def _beyond_count(rule: LifecycleRule, missing: _Images, mine: NDArray[np.bool_], present: _Images) -> list[Truth]:
    """Whether enough newer images are present for *rule* to expire those of the *missing* that are *mine*.

    Images of other rules count too (ECR user guide, LifecyclePolicies.html). Where they are missing as well, they may
    have been present before those rules expired them.
    """
    moments = missing.pushed_at[mine]
    if rule.expires_nothing:
        return [False] * len(moments)
    newer = _count_after(present.pushed_at[present.selected_by(rule)], moments)
    gone = _count_after(missing.pushed_at[missing.selected_by(rule) & ~mine], moments)
    return [
        None if np.isnan(at) else True if held >= rule.number else None if held + others >= rule.number else False
        for at, held, others in zip(moments.tolist(), newer.tolist(), gone.tolist(), strict=True)
    ]


def _count_after(times: NDArray[np.float64], moments: NDArray[np.float64]) -> Codes:
    """How many of *times* are later than each of *moments*."""
    ordered = np.sort(times[~np.isnan(times)])
    return len(ordered) - np.searchsorted(ordered, moments, side="right").astype(np.int64)


def _clause(expired: int, perhaps: int) -> str:
    """What the lifecycle policy explains, as a clause."""
    whole = "the lifecycle policy of the replica"
    if not perhaps:
        return f"{whole} expires {counted(expired, 'image')} of them"
    may = f"may expire {counted(perhaps, 'image')}"
    return f"{whole} expires {expired:,} and {may} of them" if expired else f"{whole} {may} of them"
