"""Columns of the `rules` table about pull-through caches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from audit.tables.documents import Rule
from audit.tables.frames import compact
from audit.tables.known import Demand
from audit.tables.rule_filters import meeting

_ROOT = "ROOT"
"""Prefix of a cache whose repositories have no prefix at all (ECR API reference, PullThroughCacheRule)."""


def cache_columns(rule: Rule, demands: Sequence[Demand], text: str | None) -> dict[str, Any]:
    """The caches whose names *rule* matches; *text*: the pull-through cache rules, JSON, None: not read.

    Names that the baseline requires by a prefix of the cache are replicated on purpose.
    """
    caches = _prefixes(text)
    if caches is None:
        return {"replicated_caches": None, "prefixes_in_caches": None}
    concerned = meeting(rule, demands)
    wanted = {prefix for demand in concerned if demand.certain for prefix in demand.prefixes}
    perhaps = {prefix for demand in concerned for prefix in demand.prefixes}
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
