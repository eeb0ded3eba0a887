"""Tag mutability of a destination repository: the setting, the tags that it leaves mutable, and the tags that it
freezes.

ECR user guide, image-tag-mutability.html: in a mode with exclusions, tags that match one of the wildcard filters behave
opposite to the mode's name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from audit.tables.frames import compact
from audit.tables.wildcards import contains, matches, overlap
from checks.baseline.sections import Settings

_WITH_EXCLUSION = ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
_IMMUTABLE = ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")

VERSION_TAGS = (("v1", "v1.0.0", "v2.13.4", "v10.0.1-rc.1"), ("1.0.0", "2.13.4", "10.0.1-rc.1", "0.9.12"))
"""Families of version tags that immutability is to protect; checked against exclusion filters as a whole."""

_MOVING_TAG = "latest"
"""The default tag of clients: representative of tags that move."""

_EVERY_TAG = ("*",)


@dataclass(frozen=True, slots=True)
class MutabilityAnswer:
    """Columns of `replicas` about tag mutability, by the columns' names."""

    expected_tag_mutability: str | None = None
    expected_exclusions: str | None = None
    tag_mutability_required: bool | None = None
    tag_mutability_setting: str | None = None
    expected_tag_mutability_setting: str | None = None
    exclusion_mode: bool | None = None
    unprotected_tags: str | None = None
    frozen_tags: str | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """Tag mutability of one repository."""

    name: str
    filters: tuple[str, ...]

    @property
    def setting(self) -> str:
        """Mode and sorted filters as text, equal for equal settings: the order of filters has no meaning."""
        return f"{self.name} ({', '.join(sorted(set(self.filters)))})" if self.filters else self.name

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


def compare_mutability(
    present: bool | None,
    wanted: Settings,
    source_mode: str | None,
    source_filters: str | None,
    mode: str | None,
    filters: str | None,
) -> MutabilityAnswer:
    """Columns for the destination's *mode* and *filters* (JSON array). *present* None: unknown whether it exists."""
    source, here = _mode(source_mode, source_filters), _mode(mode, filters)
    expected = source if wanted.tag_mutability == "same-as-source" else _wanted(wanted)
    required = wanted.tag_mutability is not None
    answer = MutabilityAnswer(
        expected_tag_mutability=expected.name if expected else None if required else "",
        expected_exclusions=compact(list(expected.filters)) if expected else None if required else "[]",
        tag_mutability_required=(present if required else False),
        expected_tag_mutability_setting=expected.setting if expected else None if required else "",
        exclusion_mode=False if present is False else None,
        # No tag is frozen where the repository does not exist, or where no tag can move at the source.
        frozen_tags="" if present is False or (source and source.freezes_all) else None,
    )
    if not present or here is None:
        return answer
    return replace(
        answer,
        tag_mutability_setting=here.setting,
        exclusion_mode=here.name in _WITH_EXCLUSION,
        unprotected_tags=_unprotected(here, expected),
        frozen_tags=_frozen(source, here) if source else None,
    )


def _mode(name: str | None, filters: str | None) -> Mode | None:
    if name is None or (filters is None and name in _WITH_EXCLUSION):
        return None
    return Mode(name, tuple(json.loads(filters or "[]")) if name in _WITH_EXCLUSION else ())


def _wanted(wanted: Settings) -> Mode | None:
    return Mode(wanted.tag_mutability, wanted.mutability_exclusions) if wanted.tag_mutability else None


def _unprotected(here: Mode, expected: Mode | None) -> str:
    """Tags that the exclusions of *here* leave mutable although its mode or the baseline makes them immutable; empty:
    none."""
    if here.name == "MUTABLE_WITH_EXCLUSION" and expected and expected.name in _IMMUTABLE:
        return f"all tags except those that match {', '.join(here.filters)}"
    if not here.listed_move:
        return ""
    # Exclusions that the baseline lists are intended.
    allowed = expected.filters if expected and expected.listed_move else ()
    undeclared = tuple(each for each in here.filters if each not in allowed)
    for family in VERSION_TAGS:
        if all(matches(tag, undeclared) for tag in family):
            return f"version tags such as {family[1]} (exclusion filters {', '.join(undeclared)})"
    return ""


def _frozen(source: Mode, here: Mode) -> str:
    """Tags that can move at the source and cannot move here; empty: none.

    ECR user guide, replication.html: an image whose tag an immutable destination already has arrives without that tag.
    Where `latest` is one of the tags that can move at a mutable source, it represents them: which others move in fact
    is not known.
    """
    if source.freezes_all or here.name == "MUTABLE":
        return ""
    listed = f"tags that match {', '.join(source.filters)}"
    if here.freezes_all:
        protected = f" except those that match {', '.join(source.frozen)}" if source.frozen else ""
        return listed if source.listed_move else f"all tags{protected}"
    if source.listed_move:
        free = contains(here.filters, source.filters) if here.listed_move else not overlap(here.frozen, source.filters)
        return "" if free else listed
    if matches(_MOVING_TAG, source.frozen):
        # `latest` itself cannot move at the source: what can is every tag that the filters leave.
        free = contains(here.filters, _EVERY_TAG) if here.listed_move else contains(source.frozen, here.frozen)
        return "" if free or contains(source.frozen, _EVERY_TAG) else f"tags other than {', '.join(source.frozen)}"
    if here.listed_move:
        free = matches(_MOVING_TAG, here.filters)
    else:
        free = contains(source.frozen, here.frozen) or not matches(_MOVING_TAG, here.frozen)
    return "" if free else f"tags such as {_MOVING_TAG}"
