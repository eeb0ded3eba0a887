"""The checks, in the order in which reports list them. A check that its group does not name does not exist."""

from __future__ import annotations

from fnmatch import fnmatchcase

from checks import coverage, exposure, grants, limits, organization, rules, settings, topology, waivers
from checks.model import Check
from checks.tables import WAIVERS

GROUPS = (rules, limits, grants, settings, coverage, topology, organization, exposure, waivers)
"""One package a group."""

CHECKS: tuple[Check, ...] = tuple(check for group in GROUPS for check in group.CHECKS)

EVIDENCE_CHECKS: tuple[Check, ...] = tuple(check for check in CHECKS if check.table is not WAIVERS)
"""Those that look at evidence, and so are judged first."""

WAIVER_CHECKS: tuple[Check, ...] = tuple(check for check in CHECKS if check.table is WAIVERS)
"""Those that look at what the others found."""


def find(name: str) -> tuple[Check, ...]:
    """The checks called *name*: an id, an alias (`GRT-01`), or a pattern with `*` over both; case plays no part."""
    wanted = name.lower()
    return tuple(
        check for check in CHECKS if any(fnmatchcase(known.lower(), wanted) for known in (check.id, *check.aliases))
    )
