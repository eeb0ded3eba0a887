"""Which registry replicates to which, and how each way stands: what the pictures of a report are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from checks.model import RegistryId
from checks.rows import plain_rows

if TYPE_CHECKING:
    import pandas as pd


class Way(StrEnum):
    """How one link stands, worst first."""

    BLOCKED = "blocked"
    """A rule sends, and the destination refuses or cannot take what it sends."""
    MISSING = "missing"
    """The baseline requires it, and no rule sends."""
    PARTIAL = "partial"
    """A rule sends, and some of what is required or matched does not get through."""
    UNKNOWN = "unknown"
    """It could not be decided."""
    OPEN = "open"
    """A rule sends, and the destination takes it."""


WAY_WORDS: Mapping[Way, str] = {
    Way.BLOCKED: "blocked: a rule sends and the destination refuses",
    Way.MISSING: "missing: required, and no rule sends",
    Way.PARTIAL: "in part: some repositories do not get through",
    Way.UNKNOWN: "undecided",
    Way.OPEN: "open",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One source registry and one destination registry."""

    source: RegistryId
    destination: RegistryId
    way: Way


@dataclass(frozen=True, slots=True)
class Load:
    """How many of its allowed destinations a source registry uses."""

    place: RegistryId
    used: int | None
    """Unique destinations, those that the baseline asks for included; None: not known."""
    limit: int


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that is drawn."""

    links: tuple[Link, ...]
    """By source, then destination."""
    loads: tuple[Load, ...]
    """Of source registries, the fullest first."""
    names: Mapping[str, str]
    """Account id → name, where it is known."""

    @property
    def places(self) -> tuple[RegistryId, ...]:
        """Every registry that a link touches, in order."""
        return tuple(sorted({place for link in self.links for place in (link.source, link.destination)}))

    @property
    def counts(self) -> Mapping[Way, int]:
        """Links by how they stand, every way present."""
        counted = dict.fromkeys(Way, 0)
        for link in self.links:
            counted[link.way] += 1
        return counted


def topology_of(links: pd.DataFrame, registries: pd.DataFrame, names: Mapping[str, str]) -> Topology:
    """From the tables `links` and `registries` of a run; columns that an older run has not are not known."""
    ways = tuple(
        Link(
            RegistryId(row["source_account"], row["source_region"]),
            RegistryId(row["destination_account"], row["destination_region"]),
            _way(row),
        )
        for row in plain_rows(links)
    )  # fmt: skip
    loads = [
        Load(RegistryId(row["account"], row["region"]), row.get("destinations_needed"), row["destinations_limit"])
        for row in plain_rows(registries)
        if row.get("destinations_limit") and (row.get("is_source") or row.get("destinations_needed"))
    ]
    loads.sort(key=lambda load: (-(load.used or 0) / load.limit, load.place))
    return Topology(tuple(sorted(ways, key=lambda link: (link.source, link.destination))), tuple(loads), dict(names))


_STOPS = ("destination_region_valid", "accounts_active", "regions_enabled")
"""Columns whose falsehood means that nothing can arrive."""


def _way(row: Mapping[str, Any]) -> Way:
    if row.get("present") is None:
        return Way.UNKNOWN
    if not row["present"]:
        return Way.MISSING
    refused = row.get("cross_account") and row.get("grant_given") is False
    if refused or any(row.get(column) is False for column in _STOPS):
        return Way.BLOCKED
    cross = row.get("cross_account")
    if row.get("requirement_met") is False or (cross and row.get("grant_covers_rule") is False):
        return Way.PARTIAL
    if cross and row.get("create_covered") is False and row.get("absent_repository_count"):
        return Way.PARTIAL
    unsure = row.get("requirement_met") is None or (cross and row.get("grant_given") is None)
    return Way.UNKNOWN if unsure else Way.OPEN
