"""The `registries` table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
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
from audit.tables.thresholds import comparable_count, severity_of_count, warning_threshold
from checks.baseline import Baseline
from checks.model import Gap, RegistryId
from checks.tables import REGISTRIES

EXPRESSIBLE_RULES = 10
"""Rules that ECR took until August 2026, and that tools written before then can express."""

_AS_READ = tuple(field.name for field in fields(RegistryRecord) if field.name in REGISTRIES.names)
"""What the table holds as it was read; columns of the same name that are worked out replace it."""


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
        **{name: getattr(record, name) for name in _AS_READ},
        "account_name": account.name if account else None,
        "ou_path": account.ou_path if account else None,
        "evidence_complete": not missing,
        "evidence_missing": missing,
        "missing_permissions": missing_permissions(gaps),
        "repository_count": len(known.parts[key].repositories["repository"]) if record.repositories_read else None,
        **_limits(known, key, record),
    }


def _not_understood(known: Known, key: RegistryId) -> tuple[str, ...]:
    problems = (known.rules[key].problem, known.templates[key].problem)
    return tuple(problem for problem in problems if problem)


def _limits(known: Known, key: RegistryId, record: RegistryRecord) -> dict[str, Any]:
    limits = known.baseline.limits
    rules = known.rules[key].value
    rules_limit = limits.rules.maximum if record.rules_limit is None else record.rules_limit
    count = None if rules is None else len(rules)
    characters = None if record.registry_policy is None else len(record.registry_policy)
    size = limits.registry_policy_characters
    return {
        "is_source": None if rules is None else bool(rules),
        "rule_count": count,
        "rules_limit": rules_limit,
        "rules_warning_threshold": min(warning_threshold(limits.rules, rules_limit), EXPRESSIBLE_RULES + 1),
        "rules_severity": severity_of_count(count, limits.rules, rules_limit, expressible=EXPRESSIBLE_RULES),
        **_destinations(known, key, record, rules),
        **growth_columns(known, key, _destinations_limit(known, record)),
        "policy_characters": characters,
        "policy_characters_limit": size.maximum,
        "policy_characters_warning_threshold": warning_threshold(size, size.maximum),
        "policy_characters_severity": severity_of_count(characters, size, size.maximum),
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
    # Unread rules can only add destinations.
    most_count = None if rules is None else len(most)
    unique, warning = comparable_count(len(least), most_count, maximum), warning_threshold(limit, maximum)
    needed = len(least) if most_count == len(least) else None
    return {
        "destinations_present": None if rules is None else len(present),
        "destinations_needed": needed,
        "destinations_limit": maximum,
        "destination_headroom": None if needed is None else maximum - needed,
        "unique_destinations": unique,
        "destinations_warning_threshold": warning,
        "unique_destinations_for_warning": comparable_count(len(least), most_count, warning - 1),
        "destination_warning_applies": None if unique is None else unique <= maximum,
    }


def _destinations_limit(known: Known, record: RegistryRecord) -> int:
    declared = known.baseline.limits.unique_destinations.maximum
    return declared if record.destinations_limit is None else record.destinations_limit


def _limits_source(record: RegistryRecord, baseline: Baseline) -> str:
    limits = {"destinations": record.destinations_limit, "rules": record.rules_limit, "filters": record.filters_limit}
    default = f"baseline default of {baseline.limits.as_of.isoformat()}"
    unread = [name for name, value in limits.items() if value is None]
    if not unread:
        return "Service Quotas"
    if len(unread) == len(limits):
        return default
    return f"Service Quotas; {default} for {' and '.join(unread)}"
