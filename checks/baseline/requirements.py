"""Required replication, and the environment of an account, for one registry or repository."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.baseline.places import depth_of_unit, in_units
from checks.model import RegistryId

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline
    from checks.baseline.sections import Requirement, Sources


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
                found.setdefault(depth_of_unit(unit, organization_path or ""), Placement(level, environment.name))
    return found[max(found)] if found else False
