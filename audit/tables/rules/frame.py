"""The `rules` table, and its columns about pull-through caches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from audit.tables.documents import Rule
from audit.tables.evidence_index import AppliedRequirement, EvidenceIndex
from audit.tables.frames import compact, frame_of_rows
from audit.tables.repository_index import RepositoryNames
from audit.tables.rules.deletion import deletion_columns, switch
from audit.tables.rules.filters import Bounds, Subset, bounds_of, meeting, name_columns, required_subset, subset_columns
from audit.tables.rules.redundancy import duplicate_columns, redundancy_columns, redundancy_of
from audit.tables.thresholds import severity_of_count, warning_threshold
from checks.model import RegistryId
from checks.tables import RULES

_ROOT = "ROOT"
"""Prefix of a cache whose repositories have no prefix (ECR API reference, PullThroughCacheRule)."""


def cache_columns(
    rule: Rule, applied_requirements: Sequence[AppliedRequirement], text: str | None, *, replicates: bool
) -> dict[str, Any]:
    """The pull-through caches that *rule* replicates; *text*: the pull-through cache rules, JSON, None: not read.

    *replicates*: whether it has a destination other than its own registry; otherwise it replicates nothing.
    Names that the baseline requires by a prefix of the cache are replicated intentionally.
    """
    if not replicates:
        return {"replicated_caches": "[]", "prefixes_in_caches": "[]"}
    caches = _prefixes(text)
    if caches is None:
        return {"replicated_caches": None, "prefixes_in_caches": None}
    concerned = meeting(rule, applied_requirements)
    wanted = {prefix for applied in concerned if applied.certain for prefix in applied.prefixes}
    perhaps = {prefix for applied in concerned for prefix in applied.prefixes}
    taken = [cache for cache in caches if _takes(rule, cache, wanted)]
    certain = [cache for cache in caches if _takes(rule, cache, perhaps)]
    # The API does not show which repositories a cache without prefix has created.
    unknown = len(taken) > len(certain) or (_ROOT in caches and "" not in rule.prefixes)
    inside = [
        prefix
        for prefix in dict.fromkeys(rule.prefixes)
        if any(cache != _ROOT and prefix.startswith(f"{cache}/") for cache in certain)
    ]
    return {
        "replicated_caches": compact(certain) if certain or not unknown else None,
        "prefixes_in_caches": compact(inside),
    }


def _prefixes(text: str | None) -> list[str] | None:
    if text is None:
        return None
    try:
        rules = json.loads(text or "[]")
    except ValueError:
        return None
    found = [rule.get("ecrRepositoryPrefix") if isinstance(rule, dict) else None for rule in rules]
    return None if None in found else list(dict.fromkeys(str(prefix).rstrip("/") for prefix in found))


def _takes(rule: Rule, cache: str, wanted: set[str]) -> bool:
    """Whether *rule* matches names of *cache* other than by one of the *wanted* prefixes."""
    if cache == _ROOT:
        return "" in rule.prefixes and "" not in wanted
    names = f"{cache}/"
    if cache in wanted or names in wanted:
        return False
    inside = tuple(prefix for prefix in wanted if prefix.startswith(names))
    return any(
        names.startswith(prefix) or (prefix.startswith(names) and not prefix.startswith(inside))
        for prefix in rule.prefixes
    )


def rules_frame(index: EvidenceIndex, names: Mapping[RegistryId, RepositoryNames]) -> pd.DataFrame:
    """One row per replication rule of a registry in scope; *names* are those of every registry that was read."""
    return frame_of_rows(RULES, [row for source in index.sources for row in _rows(index, source, names[source])])


def _rows(index: EvidenceIndex, source: RegistryId, names: RepositoryNames) -> Iterator[dict[str, Any]]:
    rules, applied_requirements = index.rules[source].value or (), index.applied_requirements[source]
    subsets = {rule.number: required_subset(rule, applied_requirements, source) for rule in rules}
    bounds = {rule.number: bounds_of(rule, applied_requirements, names) for rule in rules}
    redundancy = redundancy_of(rules, _replacements(rules, subsets, bounds))
    caches = index.parts[source].registry.pull_through_cache_rules
    for rule in rules:
        replicates = bool(set(rule.destinations) - {source})
        yield {
            **_as_read(index, source, rule),
            **deletion_columns(rule, applied_requirements),
            **duplicate_columns(rule, redundancy),
            **subset_columns(subsets[rule.number]),
            **name_columns(rule, applied_requirements, names, bounds[rule.number], replicates=replicates),
            **redundancy_columns(rule, redundancy),
            **cache_columns(rule, applied_requirements, caches, replicates=replicates),
        }


def _replacements(
    rules: Sequence[Rule], subsets: dict[int, Subset], bounds: dict[int, Bounds]
) -> dict[tuple[int, str], tuple[str, ...] | None]:
    """The prefixes of *rules* after the fixes of other checks; None where a manual decision is needed."""
    found: dict[tuple[int, str], tuple[str, ...] | None] = {
        (rule.number, ""): subsets[rule.number].filters or None for rule in rules if subsets[rule.number].required
    }
    for rule in rules:
        found |= {(rule.number, p): bounds[rule.number].replacements.get(p) for p in bounds[rule.number].unbounded}
    return found


def _as_read(index: EvidenceIndex, source: RegistryId, rule: Rule) -> dict[str, Any]:
    limit = index.baseline.limits.filters_per_rule
    record = index.parts[source].registry
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
