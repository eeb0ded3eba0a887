"""Tag mutability of a destination repository: the setting, the tags that it leaves mutable, and the tags that it
freezes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.tables.frames import compact
from checks.baseline.sections import Settings
from checks.mutability import IMMUTABLE, WITH_EXCLUSION, Mutability, frozen_tags, mutability_of
from checks.wildcards import matches

VERSION_TAGS = (("v1", "v1.0.0", "v2.13.4", "v10.0.1-rc.1"), ("1.0.0", "2.13.4", "10.0.1-rc.1", "0.9.12"))
"""Families of version tags that immutability is to protect; checked against exclusion filters as a whole."""


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


def compare_mutability(
    present: bool | None,
    wanted: Settings,
    source_mode: str | None,
    source_filters: str | None,
    mode: str | None,
    filters: str | None,
) -> MutabilityAnswer:
    """Columns for the destination's *mode* and *filters* (JSON array). *present* None: unknown whether it exists."""
    source, here = mutability_of(source_mode, source_filters), mutability_of(mode, filters)
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
        exclusion_mode=here.name in WITH_EXCLUSION,
        unprotected_tags=_unprotected(here, expected),
        frozen_tags=frozen_tags(source, here) if source else None,
    )


def _wanted(wanted: Settings) -> Mutability | None:
    return Mutability(wanted.tag_mutability, wanted.mutability_exclusions) if wanted.tag_mutability else None


def _unprotected(here: Mutability, expected: Mutability | None) -> str:
    """Tags that the exclusions of *here* leave mutable although its mode or the baseline makes them immutable; empty:
    none."""
    if here.freezes_all:
        return ""
    if here.name == "MUTABLE_WITH_EXCLUSION" and expected and expected.name in IMMUTABLE:
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
