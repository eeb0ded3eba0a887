"""Columns of the `links` table about borders that images should not cross: Regions and environments."""

from __future__ import annotations

from typing import Any

from audit.tables.frames import compact
from audit.tables.known import Known
from audit.tables.pairs import is_expected
from checks.environments import Placement, environment_of
from checks.model import RegistryId
from checks.requirements import destination_allowed


def bound_columns(known: Known, source: RegistryId, destination: RegistryId, *, present: bool | None) -> dict[str, Any]:
    """Whether copies may lie in the destination's Region, and whether they stay within or below their environment."""
    here, there = (_placement(known, registry) for registry in (source, destination))
    judged = False if here is False or there is False else None if here is None or there is None else True
    return {
        "region_restricted": present if known.baseline.allowed_regions else False,
        "region_allowed": _region_allowed(known, destination),
        "allowed_regions": compact(list(known.baseline.allowed_regions)),
        "environments_apply": _both(present, judged),
        "environments_ordered": _ordered(here, there),
        "source_environment": _name(here),
        "destination_environment": _name(there),
    }


def may_copy(known: Known, source: RegistryId, destination: RegistryId) -> bool | None:
    """Whether the baseline has nothing against a link from *source* to *destination*; None: not known."""
    verdicts = (
        _declared(known, source, destination),
        _region_allowed(known, destination),
        _ordered(*(_placement(known, registry) for registry in (source, destination))),
    )
    return False if False in verdicts else None if None in verdicts else True


def _declared(known: Known, source: RegistryId, destination: RegistryId) -> bool | None:
    if known.baseline.undeclared_replication == "allowed":
        return True
    asking = [demand for demand in known.demands.get(source, ()) if destination in demand.destinations]
    verdicts = is_expected(asking), destination_allowed(known.baseline, *destination, *known.paths(destination[0]))
    return True if True in verdicts else None if None in verdicts else False


def _region_allowed(known: Known, destination: RegistryId) -> bool:
    return not known.baseline.allowed_regions or destination[1] in known.baseline.allowed_regions


def _placement(known: Known, registry: RegistryId) -> Placement | bool | None:
    return environment_of(known.baseline, registry[0], *known.paths(registry[0]))


def _ordered(here: Placement | bool | None, there: Placement | bool | None) -> bool | None:
    """Whether images go from a level to the same or a lower one; an account in no environment is not judged."""
    if here is False or there is False:
        return True
    if not isinstance(here, Placement) or not isinstance(there, Placement):
        return None
    return here.level >= there.level


def _both(left: bool | None, right: bool | None) -> bool | None:
    return False if False in (left, right) else None if None in (left, right) else True


def _name(placement: Placement | bool | None) -> str | None:
    if isinstance(placement, Placement):
        return placement.name
    return None if placement is None else ""
