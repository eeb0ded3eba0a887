"""In which of the baseline's environments an account lies: levels of trust, least trusted first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.requirements import ROOT, in_units, is_unit_id

if TYPE_CHECKING:
    from checks.baseline import Baseline


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an account stands."""

    level: int
    """Position in the baseline's list; a higher one is trusted more."""
    name: str


def environment_of(
    baseline: Baseline, account: str, ou_path: str | None, organization_path: str | None
) -> Placement | bool | None:
    """The environment of *account*; False: it lies in none; None: only a unit could tell, and its place is not known.

    An environment that names the account itself comes before any that names a unit; of units the deepest one decides,
    so that `Workloads/Prod` may be trusted more than `Workloads`. Paths are those of `in_units`.
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
    """How far below the organization *unit* lies: 1 for the root."""
    if is_unit_id(unit):
        return organization_path.split("/").index(unit)
    names: Iterator[str] = (name for name in unit.strip("/").split("/") if name != ROOT)
    return 1 + len(list(names))
