"""Which registry replicates to which, and how each way stands: what the pictures of a report are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from checks.engine.rows import plain_rows
from checks.model import RegistryId

if TYPE_CHECKING:
    import pandas as pd


class LinkState(StrEnum):
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


LINK_STATE_WORDS: Mapping[LinkState, str] = {
    LinkState.BLOCKED: "blocked: a rule sends and the destination refuses",
    LinkState.MISSING: "missing: required, and no rule sends",
    LinkState.PARTIAL: "in part: some repositories do not get through",
    LinkState.UNKNOWN: "unknown",
    LinkState.OPEN: "open",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One source registry and one destination registry."""

    source: RegistryId
    destination: RegistryId
    way: LinkState


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
    def counts(self) -> Mapping[LinkState, int]:
        """Links by how they stand, every way present."""
        counted = dict.fromkeys(LinkState, 0)
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


_STOPS = ("inactive_accounts", "regions_not_enabled")
"""Lists, JSON arrays; one that is not empty means that nothing can arrive."""


def _way(row: Mapping[str, Any]) -> LinkState:
    if row.get("present") is None:
        return LinkState.UNKNOWN
    if not row["present"]:
        return LinkState.MISSING
    refused = row.get("cross_account") and row.get("grant_given") is False
    stopped = any(row.get(column) not in (None, "[]") for column in _STOPS)
    if refused or stopped or row.get("destination_region_valid") is False:
        return LinkState.BLOCKED
    cross = row.get("cross_account")
    missing = row.get("missing_prefixes")
    if missing not in (None, "[]") or (cross and row.get("uncovered_prefixes") not in (None, "[]")):
        return LinkState.PARTIAL
    if cross and row.get("uncreatable_repository_count"):
        return LinkState.PARTIAL
    unsure = missing is None or (cross and row.get("grant_given") is None)
    return LinkState.UNKNOWN if unsure else LinkState.OPEN
