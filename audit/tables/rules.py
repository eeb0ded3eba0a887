"""The `rules` table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from audit.tables.documents import Rule
from audit.tables.frames import compact, frame_of_rows
from audit.tables.known import Known
from audit.tables.repository_names import RepositoryNames
from audit.tables.rule_caches import cache_columns
from audit.tables.rule_deletion import deletion_columns, switch
from audit.tables.rule_filters import Bounds, Subset, bounds_of, name_columns, subset_columns, wanted_subset
from audit.tables.rule_redundancy import duplicate_columns, redundancy_columns, redundancy_of
from audit.tables.thresholds import severity_of_count, warning_threshold
from checks.model import RegistryId
from checks.tables import RULES


def rules_frame(known: Known, names: Mapping[RegistryId, RepositoryNames]) -> pd.DataFrame:
    """One row a replication rule of a registry in scope; *names* are those of every registry that was read."""
    return frame_of_rows(RULES, [row for source in known.sources for row in _rows(known, source, names[source])])


def _rows(known: Known, source: RegistryId, names: RepositoryNames) -> Iterator[dict[str, Any]]:
    rules, demands = known.rules[source].value or (), known.demands[source]
    subsets = {rule.number: wanted_subset(rule, demands, source) for rule in rules}
    bounds = {rule.number: bounds_of(rule, demands, names) for rule in rules}
    redundancy = redundancy_of(rules, _replacements(rules, subsets, bounds))
    caches = known.parts[source].registry.pull_through_cache_rules
    for rule in rules:
        yield {
            **_as_read(known, source, rule),
            **deletion_columns(rule, demands),
            **duplicate_columns(rule, redundancy),
            **subset_columns(subsets[rule.number]),
            **name_columns(rule, demands, names, bounds[rule.number]),
            **redundancy_columns(rule, redundancy),
            **cache_columns(rule, demands, caches),
        }


def _replacements(
    rules: Sequence[Rule], subsets: dict[int, Subset], bounds: dict[int, Bounds]
) -> dict[tuple[int, str], tuple[str, ...] | None]:
    """What the prefixes of *rules* will be once other checks pass; None where a person has to decide."""
    found: dict[tuple[int, str], tuple[str, ...] | None] = {
        (rule.number, ""): subsets[rule.number].filters or None for rule in rules if subsets[rule.number].required
    }
    for rule in rules:
        found |= {(rule.number, p): bounds[rule.number].replacements.get(p) for p in bounds[rule.number].unbounded}
    return found


def _as_read(known: Known, source: RegistryId, rule: Rule) -> dict[str, Any]:
    limit = known.baseline.limits.filters_per_rule
    record = known.parts[source].registry
    maximum = limit.maximum if record.filters_limit is None else record.filters_limit
    itself = [pair for pair in rule.destinations if pair == source]
    return {
        "account": source[0],
        "region": source[1],
        "rule": rule.number,
        "destinations": _places(rule.destinations),
        "destination_count": len(rule.destinations),
        "self_destinations": _places(itself),
        "prefixes": compact(list(rule.prefixes)),
        "delete_replication": switch(rule.delete_replication),
        "filter_count": rule.filter_count,
        "filters_limit": maximum,
        "filters_warning_threshold": warning_threshold(limit, maximum),
        "filters_severity": severity_of_count(rule.filter_count, limit, maximum),
    }


def _places(registries: Iterable[RegistryId]) -> str:
    return compact(["/".join(registry) for registry in registries])
