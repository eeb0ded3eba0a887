"""Tag mutability at a destination: against the baseline, in its effect, and against the source.

ECR user guide, image-tag-mutability.html: in a mode with exclusions, tags that match one of the wildcard filters behave
the other way round than the mode's name says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from audit.tables.frames import compact
from audit.tables.wildcards import contains, matches, overlap
from checks.baseline import Settings

_WITH_EXCLUSION = ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
_IMMUTABLE = ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")

_VERSION_TAGS = (("v1", "v1.0.0", "v2.13.4", "v10.0.1-rc.1"), ("1.0.0", "2.13.4", "10.0.1-rc.1", "0.9.12"))
"""Families of tags that immutability is there to protect; filters that free a whole family leave nothing of it."""

_MOVING_TAG = "latest"
"""The tag that moves wherever any tag moves: the one that clients use when none is named."""


@dataclass(frozen=True, slots=True)
class MutabilityAnswer:
    """Columns of `replicas` about tag mutability, by the columns' names."""

    expected_tag_mutability: str | None = None
    expected_exclusions: str | None = None
    mutability_declared: bool | None = None
    mutability_as_declared: bool | None = None
    immutability_claimed: bool | None = None
    immutability_effective: bool | None = None
    immutability_problem: str | None = None
    moving_tags_safe: bool | None = None
    moving_tags_problem: str | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """Tag mutability of one repository."""

    name: str
    filters: tuple[str, ...]

    @property
    def freezes_all(self) -> bool:
        """Whether no tag can move."""
        return self.name == "IMMUTABLE"

    @property
    def listed_move(self) -> bool:
        """Whether only tags that match the filters can move."""
        return self.name == "IMMUTABLE_WITH_EXCLUSION"

    @property
    def frozen(self) -> tuple[str, ...]:
        """In a mode in which tags can move: the filters of those that cannot."""
        return self.filters if self.name == "MUTABLE_WITH_EXCLUSION" else ()


def judge_mutability(
    present: bool | None,
    wanted: Settings,
    source_mode: str | None,
    source_filters: str | None,
    mode: str | None,
    filters: str | None,
) -> MutabilityAnswer:
    """Judge the destination's *mode* and *filters* (JSON array). *present* None: not known whether it exists."""
    source, here = _mode(source_mode, source_filters), _mode(mode, filters)
    expected = source if wanted.tag_mutability == "same-as-source" else _wanted(wanted)
    asked = wanted.tag_mutability is not None
    answer = MutabilityAnswer(
        expected_tag_mutability=expected.name if expected else None if asked else "",
        expected_exclusions=compact(list(expected.filters)) if expected else None if asked else "[]",
        mutability_declared=(present if asked else False),
        immutability_claimed=False if present is False else None,
        # Nothing is frozen where nothing has arrived, nor where nothing moves.
        moving_tags_safe=True if present is False or (source and source.freezes_all) else None,
    )
    if not present or here is None:
        return answer
    effective, problem = _effective(here, expected)
    safe, moving = _moving(source, here) if source else (None, None)
    return replace(
        answer,
        mutability_as_declared=_equal(here, expected) if expected else None,
        immutability_claimed=here.name in _WITH_EXCLUSION,
        immutability_effective=effective,
        immutability_problem=problem,
        moving_tags_safe=safe,
        moving_tags_problem=moving,
    )


def _mode(name: str | None, filters: str | None) -> Mode | None:
    if name is None or (filters is None and name in _WITH_EXCLUSION):
        return None
    return Mode(name, tuple(json.loads(filters or "[]")) if name in _WITH_EXCLUSION else ())


def _wanted(wanted: Settings) -> Mode | None:
    return Mode(wanted.tag_mutability, wanted.mutability_exclusions) if wanted.tag_mutability else None


def _equal(here: Mode, expected: Mode) -> bool:
    return here.name == expected.name and set(here.filters) == set(expected.filters)


def _effective(here: Mode, expected: Mode | None) -> tuple[bool, str]:
    """Whether the exclusions of *here* leave in force the immutability that its mode or the baseline promises."""
    if here.name == "MUTABLE_WITH_EXCLUSION" and expected and expected.name in _IMMUTABLE:
        return False, f"only tags that match {_told(here.filters)} are immutable; all others can be overwritten"
    if not here.listed_move:
        return True, ""
    # What the baseline itself lists is its own decision.
    allowed = expected.filters if expected and expected.listed_move else ()
    undeclared = tuple(each for each in here.filters if each not in allowed)
    for family in _VERSION_TAGS:
        if all(matches(tag, undeclared) for tag in family):
            return False, f"the exclusions {_told(undeclared)} free version tags such as {family[1]}"
    return True, ""


def _moving(source: Mode, here: Mode) -> tuple[bool, str]:
    """Whether tags that can move at the source can move here too.

    ECR user guide, replication.html: an image whose tag an immutable destination already has arrives without that tag.
    Where the source lets every tag move, those that do are not listed anywhere: `latest` stands for them.
    """
    if source.freezes_all or here.name == "MUTABLE":
        return True, ""
    if here.freezes_all:
        what = f"tags that match {_told(source.filters)}" if source.listed_move else "tags"
        return False, f"{what} can move at the source, and no tag can move at the destination"
    if source.listed_move and here.listed_move:
        safe, what = contains(here.filters, source.filters), f"tags that match {_told(source.filters)}"
    elif source.listed_move:
        safe, what = not overlap(here.frozen, source.filters), f"tags that match {_told(source.filters)}"
    elif here.listed_move:
        safe, what = matches(_MOVING_TAG, here.filters), f"tags such as {_MOVING_TAG}"
    else:
        safe = contains(source.frozen, here.frozen) or not matches(_MOVING_TAG, here.frozen)
        what = f"tags such as {_MOVING_TAG}"
    if safe:
        return True, ""
    limit = "only tags that match" if here.listed_move else "all but tags that match"
    return False, f"{what} can move at the source, and at the destination {limit} {_told(here.filters)} can"


def _told(filters: tuple[str, ...]) -> str:
    return ", ".join(filters)
