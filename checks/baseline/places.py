"""Where a part of a baseline applies: accounts, names of accounts, organizational units and Regions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.model import Place

if TYPE_CHECKING:
    from checks.baseline.scopes import Scoped

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


def depth_of_unit(unit: str, organization_path: str) -> int:
    """Depth of *unit*, in which an account at *organization_path* is, below the organization: 1 for the root."""
    if is_unit_id(unit):
        return organization_path.split("/").index(unit)
    names: Iterator[str] = (name for name in unit.strip("/").split("/") if name != ROOT)
    return 1 + len(list(names))


def matches_text(pattern: str, text: str) -> bool:
    """Whether *text* matches *pattern*, in which `*` is any text and every other character is itself."""
    return _expression(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def in_account_names(patterns: Iterable[str], name: str | None) -> bool | None:
    """Whether *name* matches one of *patterns*. An account outside the organization has no name, and matches none."""
    patterns = tuple(patterns)
    if not patterns or name == "":
        return False
    return None if name is None else any(matches_text(pattern, name) for pattern in patterns)


def applies_to(scope: Scoped, place: Place) -> bool | None:
    """Whether *scope* includes *place*.

    One of `accounts`, `account_names` and `ous` is enough; all empty mean every account. None: it depends on the
    account's name or organizational unit, which is not known.
    """
    if scope.regions and place.region not in scope.regions:
        return False
    if place.account in scope.accounts or not (scope.accounts or scope.account_names or scope.ous):
        return True
    named = in_account_names(scope.account_names, place.name)
    inside = in_units(scope.ous, ou_path=place.ou_path, organization_path=place.organization_path)
    if named or inside:
        return True
    return None if named is None or inside is None else False


Rank = tuple[int, int, int]
"""How narrow a scope is at a place: kind of account scope, depth of the unit, whether it names Regions."""

_EVERYWHERE, _UNIT, _NAME, _ACCOUNT = range(4)


def rank_of(scope: Scoped, place: Place) -> Rank:
    """How narrow *scope*, which includes *place*, is there: the narrowest of what includes it counts."""
    by_region = int(bool(scope.regions))
    if place.account in scope.accounts:
        return _ACCOUNT, 0, by_region
    if in_account_names(scope.account_names, place.name):
        return _NAME, 0, by_region
    paths = {"ou_path": place.ou_path, "organization_path": place.organization_path}
    units = [unit for unit in scope.ous if in_units((unit,), **paths)]
    depths = [depth_of_unit(unit, place.organization_path or "") for unit in units]
    return (_UNIT, max(depths), by_region) if depths else (_EVERYWHERE, 0, by_region)


def highest_rank(scope: Scoped) -> Rank:
    """The narrowest that *scope* can be at a place whose account name and unit are unknown."""
    return (_NAME if scope.account_names else _UNIT, 99, int(bool(scope.regions)))
