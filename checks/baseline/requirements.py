"""Required replication, required settings of replicas, and the environment of an account, for one registry or
repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from checks.model import RegistryId

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline
    from checks.baseline.sections import Requirement, Settings, Sources

ROOT = "Root"
"""Name of the root in AWS Organizations, the first element of every name path."""

_UNIT_ID = re.compile(r"(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32})")
"""Ids of organizational units and of roots (AWS Organizations API reference, OrganizationalUnit and Root)."""


def is_unit_id(unit: str) -> bool:
    """Whether *unit* is the id of an organizational unit or of a root, rather than a path of names."""
    return _UNIT_ID.fullmatch(unit) is not None


def in_units(units: Iterable[str], *, ou_path: str | None, organization_path: str | None) -> bool | None:
    """Whether an account at these two paths is in one of *units*, or below it.

    A unit is an id (`ou-…`, `r-…`), looked up in *organization_path* (`o-a/r-b/ou-c/`), or a path of names with or
    without the leading `Root/`, looked up in *ou_path* (`Root/Workloads/Prod`). None: the path is not known.
    """
    verdict: bool | None = False
    for unit in units:
        inside = _in_unit(unit, ou_path, organization_path)
        if inside:
            return True
        if inside is None:
            verdict = None
    return verdict


def _in_unit(unit: str, ou_path: str | None, organization_path: str | None) -> bool | None:
    if is_unit_id(unit):
        return None if organization_path is None else unit in organization_path.split("/")
    if ou_path is None:
        return None
    names = unit.strip("/")
    absolute = names if names == ROOT or names.startswith(f"{ROOT}/") else f"{ROOT}/{names}"
    return f"{ou_path.rstrip('/')}/".startswith(f"{absolute}/")


def source_matches(
    sources: Sources, *, account: str, ou_path: str | None, organization_path: str | None, region: str
) -> bool | None:
    """Whether *sources* includes the registry of *account* in *region*; repository prefixes are not evaluated here.

    `accounts` and `ous` together mean either of them; both empty mean every account. None: it depends on an
    organizational unit, and the account's path is not known.
    """
    if sources.regions and region not in sources.regions:
        return False
    if account in sources.accounts or not (sources.accounts or sources.ous):
        return True
    return in_units(sources.ous, ou_path=ou_path, organization_path=organization_path)


def prefixes_of(sources: Sources) -> tuple[str, ...]:
    """The repository prefixes of *sources*, without those that a shorter one includes; `("",)` for everything."""
    return minimal_prefixes(sources.repositories) if sources.repositories else ("",)


def destinations_of(requirement: Requirement, source_account: str) -> tuple[RegistryId, ...]:
    """The required (account, Region) pairs as seen from *source_account*, each once, in the baseline's order.

    A pair can be the source registry itself (a hub inside the unit that it replicates to): ECR rejects such a
    destination, so the caller leaves it out.
    """
    pairs = (
        RegistryId(source_account if destination.account == "same" else destination.account, destination.region)
        for destination in requirement.destinations
    )
    return tuple(dict.fromkeys(pairs))


def destination_allowed(
    baseline: Baseline, account: str, region: str, ou_path: str | None, organization_path: str | None
) -> bool | None:
    """Whether `allowed_destinations` allows replication into *account* and *region*; requirements are not evaluated.

    None: it depends on an organizational unit, and the account's path is not known.
    """
    allowed = baseline.allowed_destinations
    if allowed.regions and region not in allowed.regions:
        return False
    if account in allowed.accounts:
        return True
    return in_units(allowed.ous, ou_path=ou_path, organization_path=organization_path)


def is_covered(prefix: str, by: Iterable[str]) -> bool:
    """Whether every name that begins with *prefix* also begins with one of the prefixes *by*."""
    return any(prefix.startswith(shorter) for shorter in by)


def minimal_prefixes(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The same set of names with the fewest prefixes, sorted."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        # Sorted order puts a prefix right before everything that begins with it, so comparing with the last one is
        # enough.
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return tuple(kept)


@lru_cache(maxsize=65_536)
def shared_prefixes(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    """The names that begin with one of *left* and with one of *right*, as the fewest prefixes."""
    inner = [prefix for prefix in left if is_covered(prefix, right)]
    return minimal_prefixes([*inner, *(prefix for prefix in right if is_covered(prefix, left))])


def merged_settings(baseline: Baseline, repository: str) -> Settings:
    """What the baseline requires of a destination repository called *repository*; None or empty: not required.

    Entries apply from the shortest matching prefix to the longest, the later entry last among equals. A field of an
    entry replaces that of shorter ones, `null` included; tags are merged key by key; a tag mutability comes with its
    own exclusions. Equal results are one object, so callers can cache by identity.
    """
    lengths, by_prefix = _settings_index(_Identity(baseline))
    for length in lengths:
        settings = by_prefix.get(repository[:length])
        if settings is not None:
            return settings
    return by_prefix[""]


class _Identity:
    """A baseline as cache key, by identity, since models with mappings have no hash."""

    __slots__ = ("baseline",)

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline

    def __hash__(self) -> int:
        return id(self.baseline)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.baseline is self.baseline


@lru_cache(maxsize=8)
def _settings_index(identity: _Identity) -> tuple[tuple[int, ...], dict[str, Settings]]:
    """Prefix lengths, longest first, and the merged settings for each declared prefix.

    The longest declared prefix of a name decides which entries match it: all its own prefixes match the name too.
    """
    entries = identity.baseline.settings
    by_prefix: dict[str, list[int]] = {"": []}
    for number, entry in enumerate(entries):
        for prefix in entry.repositories or ("",):
            by_prefix.setdefault(prefix, []).append(number)
    lengths = sorted({len(prefix) for prefix in by_prefix})
    merged = {}
    for prefix in by_prefix:
        rank = {number: length for length in lengths for number in by_prefix.get(prefix[:length], ())}
        merged[prefix] = _merge(tuple(entries[number] for number in sorted(rank, key=lambda one: (rank[one], one))))
    return tuple(sorted(set(lengths) - {0}, reverse=True)), merged


def _merge(entries: tuple[Settings, ...]) -> Settings:
    """The merged settings of *entries*, the one with the highest priority last."""
    from checks.baseline.sections import Settings  # here, so importing this module does not import pydantic

    fields: dict[str, Any] = {}
    tags: dict[str, str] = {}
    for entry in entries:
        written = {field: getattr(entry, field) for field in entry.model_fields_set - {"repositories", "tags"}}
        if "tag_mutability" in written:
            fields.pop("mutability_exclusions", None)
        fields |= written
        tags |= entry.tags
    return Settings.model_construct(**fields, tags=tags)


@dataclass(frozen=True, slots=True)
class Placement:
    """The environment of an account."""

    level: int
    """Position in the baseline's list; a higher one is more trusted."""
    name: str


def environment_of(
    baseline: Baseline, account: str, ou_path: str | None, organization_path: str | None
) -> Placement | bool | None:
    """The environment of *account*; False: none; None: it depends on a unit, and the account's path is not known.

    An environment that lists the account itself precedes any that lists a unit; of units the deepest one applies, so
    `Workloads/Prod` may be trusted more than `Workloads`. Paths are those of `in_units`.
    """
    environments = baseline.environments
    for level, environment in enumerate(environments):
        if account in environment.accounts:
            return Placement(level, environment.name)
    found: dict[int, Placement] = {}
    for level, environment in enumerate(environments):
        for unit in environment.ous:
            inside = in_units((unit,), ou_path=ou_path, organization_path=organization_path)
            if inside is None:
                return None
            if inside:
                found.setdefault(_depth(unit, organization_path or ""), Placement(level, environment.name))
    return found[max(found)] if found else False


def _depth(unit: str, organization_path: str) -> int:
    """Depth of *unit* below the organization: 1 for the root."""
    if is_unit_id(unit):
        return organization_path.split("/").index(unit)
    names: Iterator[str] = (name for name in unit.strip("/").split("/") if name != ROOT)
    return 1 + len(list(names))
