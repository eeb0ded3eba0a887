"""The `registries` table: settings, limits, policy scope, and the expected growth of replication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import pandas as pd

from audit.evidence import RegistryRecord
from audit.tables.documents import Rule
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact, frame_of_rows
from audit.tables.grants import evaluated_statements, members_with_paths
from audit.tables.organization import gaps_text, missing_permissions, registry_gaps
from audit.tables.registries.declarations import declaration_columns, setting_columns
from audit.tables.registries.surroundings import surrounding_columns
from audit.tables.thresholds import comparable_count, severity_of_count, warning_threshold
from checks.baseline.places import in_units
from checks.baseline.schema import Baseline
from checks.iam.three_valued import Truth, some
from checks.model import Gap, RegistryId
from checks.tables import REGISTRIES


def growth_columns(index: EvidenceIndex, key: RegistryId, maximum: int) -> dict[str, Any]:
    """Destinations of the registry *key* if every account of the allowed units received replicas; *maximum*: AWS's
    limit."""
    allowed = index.baseline.allowed_destinations
    declared = index.baseline.undeclared_replication == "forbidden" and bool(allowed.ous and allowed.regions)
    replicated, applied_requirements = index.replicates_to(key), index.applied_requirements.get(key)
    inside, perhaps = _receivers(index, allowed.ous)
    least = set(replicated or ())
    least |= {pair for applied in applied_requirements or () if applied.certain for pair in applied.destinations}
    least |= {RegistryId(account, region) for account in inside for region in allowed.regions}
    most = least | {RegistryId(account, region) for account in perhaps for region in allowed.regions}
    reached, bound = len(least - {key}), len(most - {key})
    is_bounded = replicated is not None and index.members is not None
    replicates = None if replicated is None else bool(replicated or applied_requirements)
    return {
        "growth_foreseeable": False if not declared or applied_requirements is None else replicates,
        "growth_accounts": len(inside),
        "possible_destinations": comparable_count(reached, bound if is_bounded else None, maximum),
    }


def _receivers(index: EvidenceIndex, units: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """Active accounts in one of *units*, and those that may be in one."""
    inside: set[str] = set()
    perhaps: set[str] = set()
    for account in index.accounts:
        path, ids = index.paths(account)
        belongs, state = in_units(units, ou_path=path, organization_path=ids), index.state(account)
        if belongs and state == "ACTIVE":
            inside.add(account)
        elif belongs is not False and state in ("ACTIVE", None):
            perhaps.add(account)
    return inside, perhaps


def scope_columns(index: EvidenceIndex, registry: RegistryId, *, destination: Truth) -> dict[str, Any]:
    """Whether the policy scope matters to *registry*, and which statements would allow too much under V2."""
    record = index.parts[registry].registry
    has_policy = None if record.registry_policy is None else bool(record.registry_policy)
    broad: str | None = "[]"
    if record.policy_scope not in (None, "V2"):
        # Only scope V1 needs an evaluation of what V2 would allow.
        judged = evaluated_statements(index, record, members_with_paths(index))
        numbers = [one.statement for one in judged if one.allows_others is not False and one.excess_actions != "[]"]
        broad = None if record.registry_policy is None else compact(numbers)
    return {"policy_scope_required": some((destination, has_policy)), "statements_too_broad": broad}


EXPRESSIBLE_RULES = 10
"""ECR's limit of rules until August 2026, which older tools still have."""

_AS_READ = tuple(field.name for field in fields(RegistryRecord) if field.name in REGISTRIES.names)
"""Columns as read; computed columns of the same name replace them."""


def registries_frame(index: EvidenceIndex) -> pd.DataFrame:
    """One row per registry that the run planned to read."""
    gaps = registry_gaps(index)
    named = {pair for source in index.rules for pair in index.replicates_to(source) or ()}
    applied_requirements = [applied for each in index.applied_requirements.values() for applied in each]
    required = {pair for applied in applied_requirements if applied.certain for pair in applied.destinations}
    possible = {pair for applied in applied_requirements for pair in applied.destinations}
    rows = []
    for key in index.parts:
        destination = _one_of(key, named | required, possible)
        # Rules of accounts that could not be listed may name any registry.
        destination = destination or (False if destination is False and index.accounts_listed else None)
        scope = scope_columns(index, key, destination=destination)
        around = surrounding_columns(index, key, destination=destination) | declaration_columns(index, key)
        around |= setting_columns(index, key, destination=destination)
        rows.append(_row(index, key, gaps[key]) | {"is_destination": destination} | scope | around)
    return frame_of_rows(REGISTRIES, rows)


def _one_of(key: RegistryId, certain: set[RegistryId], possible: set[RegistryId]) -> bool | None:
    if key in certain:
        return True
    return None if key in possible else False


def _row(index: EvidenceIndex, key: RegistryId, gaps: Sequence[Gap]) -> dict[str, Any]:
    record = index.parts[key].registry
    account = index.accounts.get(key[0])
    missing = gaps_text(gaps, _not_understood(index, key))
    return {
        **{name: getattr(record, name) for name in _AS_READ},
        "account_name": account.name if account else None,
        "ou_path": account.ou_path if account else None,
        "organization_path": account.organization_path if account else None,
        "evidence_complete": not missing,
        "evidence_missing": missing,
        "missing_permissions": missing_permissions(gaps),
        "repository_count": len(index.parts[key].repositories["repository"]) if record.repositories_read else None,
        **_limits(index, key, record),
    }


def _not_understood(index: EvidenceIndex, key: RegistryId) -> tuple[str, ...]:
    problems = (index.rules[key].problem, index.templates[key].problem)
    return tuple(problem for problem in problems if problem)


def _limits(index: EvidenceIndex, key: RegistryId, record: RegistryRecord) -> dict[str, Any]:
    limits = index.baseline.limits
    rules = index.rules[key].value
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
        **_destinations(index, key, record, rules),
        **growth_columns(index, key, _destinations_limit(index, record)),
        "policy_characters": characters,
        "policy_characters_limit": size.maximum,
        "policy_characters_warning_threshold": warning_threshold(size, size.maximum),
        "policy_characters_severity": severity_of_count(characters, size, size.maximum),
        "limits_source": _limits_source(record, index.baseline),
    }


def _destinations(
    index: EvidenceIndex, key: RegistryId, record: RegistryRecord, rules: Sequence[Rule] | None
) -> Mapping[str, Any]:
    """Unique (account, Region) pairs over all rules, with those that the baseline requires."""
    limit, maximum = index.baseline.limits.unique_destinations, _destinations_limit(index, record)
    applied_requirements = index.applied_requirements.get(key, ())
    present = {pair for rule in rules or () for pair in rule.destinations}
    least = present | {pair for applied in applied_requirements if applied.certain for pair in applied.destinations}
    most = least | {pair for applied in applied_requirements for pair in applied.destinations}
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


def _destinations_limit(index: EvidenceIndex, record: RegistryRecord) -> int:
    declared = index.baseline.limits.unique_destinations.maximum
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
