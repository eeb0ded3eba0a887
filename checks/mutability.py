"""Tag mutability of repositories: which tags a setting lets move, and which ones a replica freezes.

ECR user guide, image-tag-mutability.html: in a mode with exclusions, tags that match one of the wildcard filters behave
opposite to the mode's name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from checks.wildcards import contains, covers_all, matches, overlap

WITH_EXCLUSION = ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
IMMUTABLE = ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")

MOVING_TAGS = ("latest", "main", "dev", "stable", "edge")
"""Tags that move as a rule; `latest` first, the default tag of clients."""


@dataclass(frozen=True, slots=True)
class Mutability:
    """Tag mutability of one repository."""

    name: str
    filters: tuple[str, ...] = ()

    @property
    def setting(self) -> str:
        """Mode and sorted filters as text, equal for equal settings: the order of filters has no meaning."""
        return f"{self.name} ({', '.join(sorted(set(self.filters)))})" if self.filters else self.name

    @property
    def freezes_all(self) -> bool:
        """Whether no tag can move: also where the exclusions of a mutable mode match every tag."""
        return self.name == "IMMUTABLE" or (self.name == "MUTABLE_WITH_EXCLUSION" and covers_all(self.filters))

    @property
    def moves_all(self) -> bool:
        """Whether every tag can move: also where the exclusions of an immutable mode match every tag."""
        return self.name == "MUTABLE" or (self.name == "IMMUTABLE_WITH_EXCLUSION" and covers_all(self.filters))

    @property
    def listed_move(self) -> bool:
        """Whether only tags that match the filters can move."""
        return self.name == "IMMUTABLE_WITH_EXCLUSION"

    @property
    def frozen(self) -> tuple[str, ...]:
        """In a mode in which tags can move: the filters of those that cannot."""
        return self.filters if self.name == "MUTABLE_WITH_EXCLUSION" else ()


def mutability_of(name: str | None, filters: str | None) -> Mutability | None:
    """The mutability of mode *name* with *filters* (JSON array); None: a part of it that matters was not read."""
    if name is None or (filters is None and name in WITH_EXCLUSION):
        return None
    return Mutability(name, tuple(json.loads(filters or "[]")) if name in WITH_EXCLUSION else ())


def frozen_tags(source: Mutability, here: Mutability) -> str:
    """Tags that can move at *source* and cannot move *here*, in words; empty: none.

    ECR user guide, replication.html: an image whose tag an immutable destination already has arrives without that tag.
    Where the source lets more move than the tags that it lists, one tag that does represents them.
    """
    if source.freezes_all or here.moves_all:
        return ""
    if source.listed_move and not source.moves_all:
        listed = f"tags that match {', '.join(source.filters)}"
        if here.freezes_all:
            return listed
        free = contains(here.filters, source.filters) if here.listed_move else not overlap(here.frozen, source.filters)
        return "" if free else listed
    if here.freezes_all:
        return f"all tags except those that match {', '.join(source.frozen)}" if source.frozen else "all tags"
    tag = next((tag for tag in MOVING_TAGS if not matches(tag, source.frozen)), None)
    if tag is None:
        # The source protects all of these: it is then compared by its filters alone.
        free = not here.listed_move and contains(source.frozen, here.frozen)
        return "" if free else f"tags that do not match {', '.join(source.frozen)}"
    if here.listed_move:
        return "" if matches(tag, here.filters) else f"tags such as {tag}"
    free = contains(source.frozen, here.frozen) or not matches(tag, here.frozen)
    return "" if free else f"tags such as {tag}"
