"""Wildcards of tag filters: `*` matches any characters, every other character matches itself.

ECR API reference, API_ImageTagMutabilityExclusionFilter: letters, digits, `.`, `_`, `-` and `*`.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache


def matches(tag: str, filters: Iterable[str]) -> bool:
    """Whether one of *filters* matches *tag*."""
    return any(fnmatchcase(tag, each) for each in filters)


def contains(wide: Iterable[str], narrow: Iterable[str]) -> bool:
    """Whether every tag that a filter of *narrow* matches certainly matches one filter of *wide*.

    False also where only several wide filters together match them all.
    """
    held = tuple(wide)
    # As plain text, the `*` of a narrow filter only matches a `*` of the wide one.
    return all(matches(each, held) for each in narrow)


def covers_all(filters: Iterable[str]) -> bool:
    """Whether *filters* match every tag.

    That takes a filter of `*` alone: five others, which is all that ECR accepts, leave out every tag made of characters
    that none of them has.
    """
    return any(each and not each.strip("*") for each in filters)


def overlap(left: Iterable[str], right: Iterable[str]) -> bool:
    """Whether some tag matches both a filter of *left* and one of *right*."""
    others = tuple(right)
    return any(_overlap(each, other) for each in left for other in others)


@cache
def _overlap(left: str, right: str) -> bool:
    if not left or not right:
        return not (left + right).strip("*")
    if left[0] == "*":
        return _overlap(left[1:], right) or _overlap(left, right[1:])
    if right[0] == "*":
        return _overlap(left, right[1:]) or _overlap(left[1:], right)
    return left[0] == right[0] and _overlap(left[1:], right[1:])
