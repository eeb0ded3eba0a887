"""Columns of the `registries` table about the baseline: who may hold repositories, and who must replicate them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from audit.tables.frames import compact
from audit.tables.known import Demand, Known
from checks.baseline import Requirement
from checks.iam.ternary import Truth, every, some
from checks.model import RegistryId
from checks.requirements import destinations_of, in_units, source_matches


def declaration_columns(known: Known, key: RegistryId) -> dict[str, Any]:
    """Whether the baseline allows repositories here at all, and what an account must replicate because of its unit."""
    part = known.parts[key]
    names: Sequence[str] = part.repositories["repository"]
    holds: Truth = True if names else False if part.registry.repositories_read else None
    in_scope = key in known.in_scope
    baseline = known.baseline
    forbidden = baseline.undeclared_registries == "forbidden"
    demands = [demand for demand in known.demands.get(key, ()) if _by_unit(known, demand, key[0]) is not False]
    return {
        "declaration_required": every((in_scope and forbidden, holds)),
        **_declaring(known, key),
        "region_restricted": every((in_scope and bool(baseline.allowed_regions), holds)),
        "disallowed_region": key[1] if baseline.allowed_regions and key[1] not in baseline.allowed_regions else "",
        "allowed_regions": compact(list(baseline.allowed_regions)),
        "member_replication_required": some(
            every((_by_unit(known, demand, key[0]), _any_begins(names, demand, holds))) for demand in demands
        ),
        "member_required_by": compact(list(dict.fromkeys(demand.requirement.name for demand in demands))),
        "member_flows": compact([_flow(demand, pair) for demand in demands for pair in demand.destinations]),
    }


def _declaring(known: Known, key: RegistryId) -> dict[str, Any]:
    """The requirements that name the registry; their count is null where none does for certain, and one may."""
    found = {one.name: _names_registry(known, one, key) for one in known.baseline.replication}
    names = [name for name, is_named in found.items() if is_named]
    return {
        "declaring_requirements": compact(names),
        "declaring_requirement_count": None if not names and None in found.values() else len(names),
    }


def _names_registry(known: Known, requirement: Requirement, key: RegistryId) -> Truth:
    """Whether *requirement* has the registry as source, or as destination of any source but itself."""
    account, region = key
    if key in {(one.account, one.region) for one in requirement.destinations}:
        return True
    leads_away = any(pair != key for pair in destinations_of(requirement, account))
    as_source = _is_source(known, requirement, account, region) if leads_away else False
    same = any((one.account, one.region) == ("same", region) for one in requirement.destinations)
    # A Region of the account besides this one, which replicates to this one; none named: every one.
    other = next((one for one in requirement.sources.regions if one != region), "")
    if not same or (requirement.sources.regions and not other):
        return as_source
    return some((as_source, _is_source(known, requirement, account, other)))


def _is_source(known: Known, requirement: Requirement, account: str, region: str) -> Truth:
    ou_path, organization_path = known.paths(account)
    return source_matches(
        requirement.sources, account=account, ou_path=ou_path, organization_path=organization_path, region=region
    )


def _by_unit(known: Known, demand: Demand, account: str) -> Truth:
    """Whether the demand falls on *account* because of the organizational unit in which it lies."""
    sources = demand.requirement.sources
    if not sources.ous or account in sources.accounts:
        return False
    ou_path, organization_path = known.paths(account)
    return in_units(sources.ous, ou_path=ou_path, organization_path=organization_path)


def _any_begins(names: Iterable[str], demand: Demand, holds: Truth) -> Truth:
    if any(name.startswith(demand.prefixes) for name in names):
        return True
    return None if holds is None else False


def _flow(demand: Demand, destination: RegistryId) -> dict[str, Any]:
    return {
        "account": destination[0],
        "region": destination[1],
        "prefixes": list(demand.prefixes),
        "delete_replication": demand.requirement.delete_replication,
    }
