"""The `registries` table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from audit.evidence import RegistryRecord
from audit.tables.completeness import missing_permissions, registry_gaps, told_gaps
from audit.tables.documents import Rule
from audit.tables.frames import frame_of_rows
from audit.tables.known import Known
from audit.tables.policy_scope import scope_columns
from audit.tables.registry_declarations import declaration_columns
from audit.tables.registry_growth import growth_columns
from audit.tables.registry_settings import setting_columns
from audit.tables.registry_surroundings import surrounding_columns
from audit.tables.thresholds import distance
from checks.baseline import Baseline
from checks.model import Gap, RegistryId
from checks.tables import REGISTRIES

EXPRESSIBLE_RULES = 10
"""Rules that ECR took until August 2026, and that tools written before then can express."""

_AS_READ = (
    "partition", "depth", "replication_configuration", "registry_policy", "scanning_configuration", "templates",
    "policy_scope", "blob_mounting", "basic_scan_version", "signing_configuration", "pull_through_cache_rules",
    "pull_time_exclusions", "backfills", "service_linked_role_present",
)  # fmt: skip


def registries_frame(known: Known) -> pd.DataFrame:
    """One row a registry that the run set out to read."""
    gaps = registry_gaps(known)
    named = {pair for parsed in known.rules.values() for rule in parsed.value or () for pair in rule.destinations}
    demands = [demand for each in known.demands.values() for demand in each]
    required = {pair for demand in demands if demand.certain for pair in demand.destinations}
    possible = {pair for demand in demands for pair in demand.destinations}
    rows = []
    for key in known.parts:
        destination = _one_of(key, named | required, possible)
        scope = scope_columns(known, key, destination=destination)
        around = surrounding_columns(known, key, destination=destination) | declaration_columns(known, key)
        around |= setting_columns(known, key, destination=destination)
        rows.append(_row(known, key, gaps[key]) | {"is_destination": destination} | scope | around)
    return frame_of_rows(REGISTRIES, rows)


def _one_of(key: RegistryId, certain: set[RegistryId], possible: set[RegistryId]) -> bool | None:
    if key in certain:
        return True
    return None if key in possible else False


def _row(known: Known, key: RegistryId, gaps: Sequence[Gap]) -> dict[str, Any]:
    record = known.parts[key].registry
    account = known.accounts.get(key[0])
    missing = told_gaps(gaps, _not_understood(known, key))
    return {
        "account": key[0],
        "region": key[1],
        "account_name": account.name if account else None,
        "ou_path": account.ou_path if account else None,
        "evidence_complete": not missing,
        "evidence_missing": missing,
        "missing_permissions": missing_permissions(gaps),
        "repository_count": len(known.parts[key].repositories["repository"]) if record.repositories_read else None,
        **{name: getattr(record, name) for name in _AS_READ},
        **_limits(known, key, record),
    }


def _not_understood(known: Known, key: RegistryId) -> tuple[str, ...]:
    problems = (known.rules[key].problem, known.templates[key].problem)
    return tuple(problem for problem in problems if problem)


def _limits(known: Known, key: RegistryId, record: RegistryRecord) -> dict[str, Any]:
    limits = known.baseline.limits
    rules = known.rules[key].value
    rules_limit = limits.rules.maximum if record.rules_limit is None else record.rules_limit
    counted = distance(
        None if rules is None else len(rules), "rules", limits.rules, rules_limit, expressible=EXPRESSIBLE_RULES
    )
    characters = None if record.registry_policy is None else len(record.registry_policy)
    size = limits.registry_policy_characters
    written = distance(characters, "characters", size, size.maximum)
    return {
        "is_source": None if rules is None else bool(rules),
        "rule_count": None if rules is None else len(rules),
        "rules_limit": rules_limit,
        "rules_comfortable": counted.comfortable,
        "rules_grade": counted.grade,
        "rules_problem": counted.problem,
        **_destinations(known, key, record, rules),
        **growth_columns(known, key, _destinations_limit(known, record)),
        "policy_characters": characters,
        "policy_characters_limit": size.maximum,
        "policy_size_comfortable": written.comfortable,
        "policy_size_grade": written.grade,
        "limits_source": _limits_source(record, known.baseline),
    }


def _destinations(
    known: Known, key: RegistryId, record: RegistryRecord, rules: Sequence[Rule] | None
) -> Mapping[str, Any]:
    """Unique (account, Region) pairs over all rules, with those that the baseline asks for."""
    limit, maximum = known.baseline.limits.unique_destinations, _destinations_limit(known, record)
    demands = known.demands.get(key, ())
    present = {pair for rule in rules or () for pair in rule.destinations}
    least = present | {pair for demand in demands if demand.certain for pair in demand.destinations}
    most = least | {pair for demand in demands for pair in demand.destinations}
    # Unread rules can only add destinations; where even the least is too much, or the most is not, it is decided.
    most_count = None if rules is None else len(most)
    needed = len(least) if most_count == len(least) else None
    return {
        "destinations_present": None if rules is None else len(present),
        "destinations_needed": needed,
        "destinations_limit": maximum,
        "destination_headroom": None if needed is None else maximum - needed,
        "destinations_within_limit": _below(len(least), most_count, lambda count: count <= maximum),
        "destinations_below_warning": _below(
            len(least), most_count, lambda count: count * 100 < maximum * limit.warn_at_percent
        ),
    }


def _destinations_limit(known: Known, record: RegistryRecord) -> int:
    declared = known.baseline.limits.unique_destinations.maximum
    return declared if record.destinations_limit is None else record.destinations_limit


def _below(least: int, most: int | None, holds: Any) -> bool | None:
    if not holds(least):
        return False
    return True if most is not None and holds(most) else None


def _limits_source(record: RegistryRecord, baseline: Baseline) -> str:
    limits = {"destinations": record.destinations_limit, "rules": record.rules_limit, "filters": record.filters_limit}
    default = f"baseline default of {baseline.limits.as_of.isoformat()}"
    unread = [name for name, value in limits.items() if value is None]
    if not unread:
        return "Service Quotas"
    if len(unread) == len(limits):
        return default
    return f"Service Quotas; {default} for {' and '.join(unread)}"
