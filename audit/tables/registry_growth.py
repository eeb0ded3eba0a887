"""Columns of the `registries` table about where replication may grow to."""

from __future__ import annotations

from typing import Any

from audit.tables.known import Known
from checks.model import RegistryId
from checks.requirements import in_units


def growth_columns(known: Known, key: RegistryId, maximum: int) -> dict[str, Any]:
    """Destinations of the registry *key*, of AWS's *maximum*, if every account that may receive by its unit did."""
    allowed = known.baseline.allowed_destinations
    declared = known.baseline.undeclared_replication == "forbidden" and bool(allowed.ous and allowed.regions)
    rules, demands = known.rules[key].value, known.demands.get(key)
    inside, perhaps = _receivers(known, allowed.ous)
    least = {pair for rule in rules or () for pair in rule.destinations}
    least |= {pair for demand in demands or () if demand.certain for pair in demand.destinations}
    least |= {RegistryId(account, region) for account in inside for region in allowed.regions}
    most = least | {RegistryId(account, region) for account in perhaps for region in allowed.regions}
    reached, bound = len(least - {key}), len(most - {key})
    known_bound = rules is not None and known.members is not None
    within = False if reached > maximum else True if known_bound and bound <= maximum else None
    replicates = None if rules is None else bool(rules or demands)
    return {
        "growth_declared": False if not declared or demands is None else replicates,
        "growth_accounts": len(inside),
        "destinations_possible": reached,
        "growth_within_limit": within,
    }


def _receivers(known: Known, units: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """Active accounts in one of *units*, and those that may be."""
    inside: set[str] = set()
    perhaps: set[str] = set()
    for account in known.accounts:
        path, ids = known.paths(account)
        belongs, state = in_units(units, ou_path=path, organization_path=ids), known.state(account)
        if belongs and state == "ACTIVE":
            inside.add(account)
        elif belongs is not False and state in ("ACTIVE", None):
            perhaps.add(account)
    return inside, perhaps
