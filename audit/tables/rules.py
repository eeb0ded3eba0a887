"""The `rules` table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from audit.tables.documents import Rule
from audit.tables.frames import compact, frame_of_rows
from audit.tables.known import Known
from audit.tables.repository_names import RepositoryNames
from audit.tables.rule_caches import cache_columns
from audit.tables.rule_deletion import deletion_columns
from audit.tables.rule_filters import Bounds, Subset, bounds_of, name_columns, subset_columns, wanted_subset
from audit.tables.rule_redundancy import duplicate_columns, redundancy_columns, redundancy_of
from audit.tables.thresholds import distance
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
            **subset_columns(rule, subsets[rule.number]),
            **name_columns(rule, demands, names, bounds[rule.number]),
            **redundancy_columns(rule, redundancy),
            **cache_columns(rule, demands, caches),
        }


def _replacements(
    rules: Sequence[Rule], subsets: dict[int, Subset], bounds: dict[int, Bounds]
) -> dict[tuple[int, str], tuple[str, ...] | None]:
    """What the prefixes of *rules* will be once other checks are content; None where a person has to say."""
    found: dict[tuple[int, str], tuple[str, ...] | None] = {
        (rule.number, ""): subsets[rule.number].filters or None for rule in rules if subsets[rule.number].declared
    }
    for rule in rules:
        found |= {(rule.number, p): bounds[rule.number].replacements.get(p) for p in bounds[rule.number].unbounded}
    return found


def _as_read(known: Known, source: RegistryId, rule: Rule) -> dict[str, Any]:
    limit = known.baseline.limits.filters_per_rule
    record = known.parts[source].registry
    maximum = limit.maximum if record.filters_limit is None else record.filters_limit
    filters = distance(rule.filter_count, "filters", limit, maximum)
    return {
        "account": source[0],
        "region": source[1],
        "rule": rule.number,
        "destinations": compact([f"{account}/{region}" for account, region in rule.destinations]),
        "prefixes": compact(list(rule.prefixes)),
        "delete_replication": rule.delete_replication,
        "filter_count": rule.filter_count,
        "filters_limit": maximum,
        "filters_comfortable": filters.comfortable,
        "filters_grade": filters.grade,
        "destinations_named": bool(rule.destinations),
        "destinations_elsewhere": source not in rule.destinations,
    }
