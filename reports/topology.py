"""Which registry replicates to which, and the state of each link: the data of the charts in a report."""

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
    """State of one link, worst first."""

    BLOCKED = "blocked"
    """A rule replicates, and the destination refuses or cannot receive."""
    MISSING = "missing"
    """The baseline requires it, and no rule replicates."""
    PARTIAL = "partial"
    """A rule replicates, but not all required or matched repositories arrive."""
    UNKNOWN = "unknown"
    """It could not be evaluated."""
    OPEN = "open"
    """A rule replicates, and the destination receives."""


LINK_STATE_WORDS: Mapping[LinkState, str] = {
    LinkState.BLOCKED: "blocked: a rule replicates and the destination refuses",
    LinkState.MISSING: "missing: required, but no rule replicates",
    LinkState.PARTIAL: "partial: some repositories are not replicated",
    LinkState.UNKNOWN: "unknown",
    LinkState.OPEN: "open",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One source registry and one destination registry."""

    source: RegistryId
    destination: RegistryId
    state: LinkState


@dataclass(frozen=True, slots=True)
class Load:
    """How many of its allowed destinations a source registry uses."""

    place: RegistryId
    used: int | None
    """Unique destinations, required ones included; None: unknown."""
    limit: int


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that the charts show."""

    links: tuple[Link, ...]
    """By source, then destination."""
    loads: tuple[Load, ...]
    """Of source registries, the fullest first."""
    names: Mapping[str, str]
    """Account id → name, where known."""

    @property
    def places(self) -> tuple[RegistryId, ...]:
        """Every registry that a link touches, in order."""
        return tuple(sorted({place for link in self.links for place in (link.source, link.destination)}))

    @property
    def counts(self) -> Mapping[LinkState, int]:
        """Links by state, every state present."""
        counted = dict.fromkeys(LinkState, 0)
        for link in self.links:
            counted[link.state] += 1
        return counted


def topology_of(links: pd.DataFrame, registries: pd.DataFrame, names: Mapping[str, str]) -> Topology:
    """From the tables `links` and `registries` of a run; columns that a stored run lacks are unknown."""
    found = tuple(
        Link(
            RegistryId(row["source_account"], row["source_region"]),
            RegistryId(row["destination_account"], row["destination_region"]),
            _state(row),
        )
        for row in plain_rows(links)
    )  # fmt: skip
    loads = [
        Load(RegistryId(row["account"], row["region"]), row.get("destinations_needed"), row["destinations_limit"])
        for row in plain_rows(registries)
        if row.get("destinations_limit") and (row.get("is_source") or row.get("destinations_needed"))
    ]
    loads.sort(key=lambda load: (-(load.used or 0) / load.limit, load.place))
    return Topology(tuple(sorted(found, key=lambda link: (link.source, link.destination))), tuple(loads), dict(names))


_STOPS = ("inactive_accounts", "regions_not_enabled")
"""Lists, JSON arrays; one that is not empty means that nothing can be replicated."""


def _state(row: Mapping[str, Any]) -> LinkState:
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
    unknown = missing is None or (cross and row.get("grant_given") is None)
    return LinkState.UNKNOWN if unknown else LinkState.OPEN
