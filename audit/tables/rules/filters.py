"""Columns of the `rules` table about filters: compared with the baseline, and with the names that exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from audit.tables.documents import Rule
from audit.tables.evidence_index import AppliedRequirement
from audit.tables.frames import compact
from audit.tables.repository_index import RepositoryNames
from checks.baseline.requirements import is_covered, minimal_prefixes
from checks.model import RegistryId

LISTED = 10
"""Names that a row holds as examples."""
_SEPARATORS = ("/", "-", "_", ".")
"""What may stand between the words of a repository name (ECR API reference, Repository)."""


@dataclass(frozen=True, slots=True)
class Subset:
    """The filters that the baseline requires of a rule without filters."""

    required: bool | None
    """Whether it requires only a part; None where that depends on the unknown organizational unit of an account."""
    prefixes: tuple[str, ...]
    """All that it requires at the rule's destinations."""
    filters: tuple[str, ...]
    """The same, where every destination requires the same; empty: they require different prefixes, or one requires
    none."""


def required_subset(rule: Rule, applied_requirements: Sequence[AppliedRequirement], source: RegistryId) -> Subset:
    """What *applied_requirements* of the registry *source* require of *rule*; rules with filters are one already."""
    destinations = [pair for pair in rule.destinations if pair != source]
    concerned = meeting(rule, applied_requirements)
    certain = [applied for applied in concerned if applied.certain]
    prefixes = minimal_prefixes(prefix for applied in concerned for prefix in applied.prefixes)
    if rule.filter_count or not concerned or any("" in applied.prefixes for applied in certain):
        return Subset(False, prefixes, ())
    by_destination = {
        minimal_prefixes(prefix for applied in concerned if pair in applied.destinations for prefix in applied.prefixes)
        for pair in destinations
    }
    required = True if certain and "" not in prefixes else None
    alike = len(by_destination) == 1 and required
    return Subset(required, prefixes, prefixes if alike else ())


def meeting(rule: Rule, applied_requirements: Sequence[AppliedRequirement]) -> list[AppliedRequirement]:
    """The requirements that have a destination of *rule*."""
    return [applied for applied in applied_requirements if not set(applied.destinations).isdisjoint(rule.destinations)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Whether the prefixes of a rule end where words of names end."""

    bounded: bool | None
    unbounded: tuple[str, ...]
    """Prefixes that certainly do not."""
    names: tuple[str, ...]
    """Names that continue a word after one of them."""
    replacements: Mapping[str, tuple[str, ...]]
    """The replacement of such a prefix; missing where a repository has exactly this name."""


def bounds_of(rule: Rule, applied_requirements: Sequence[AppliedRequirement], names: RepositoryNames) -> Bounds:
    """Compare the prefixes of *rule* with the *names* of its registry."""
    concerned = meeting(rule, applied_requirements)
    answers = {prefix: _is_bounded(prefix, concerned, names) for prefix in rule.prefixes}
    unbounded = tuple(prefix for prefix, bounded in answers.items() if bounded is False)
    running = dict.fromkeys(name for prefix in unbounded for name in islice(names.running_on(prefix), LISTED))
    return Bounds(
        bounded=False if unbounded else None if None in answers.values() else True,
        unbounded=unbounded,
        names=tuple(running)[:LISTED],
        replacements={p: _bounded(p, concerned) for p in unbounded if names.complete and not names.has(p)},
    )


def _is_bounded(prefix: str, applied_requirements: Sequence[AppliedRequirement], names: RepositoryNames) -> bool | None:
    if (
        not prefix
        or prefix.endswith(_SEPARATORS)
        or any(prefix in d.prefixes for d in applied_requirements if d.certain)
    ):
        return True
    stops = names.has(prefix) or names.some_begin_with(f"{prefix}/")
    if stops and next(names.running_on(prefix), None) is not None:
        return None if any(prefix in applied.prefixes for applied in applied_requirements) else False
    return True if names.complete else None


def _bounded(prefix: str, applied_requirements: Sequence[AppliedRequirement]) -> tuple[str, ...]:
    """*prefix* with a trailing `/`, and the required prefixes that this does not cover."""
    closed = f"{prefix}/"
    required = [each for applied in applied_requirements for each in applied.prefixes if each.startswith(prefix)]
    return minimal_prefixes((closed, *required))


def unmatched_prefixes(
    rule: Rule, applied_requirements: Sequence[AppliedRequirement], names: RepositoryNames
) -> list[str]:
    """Prefixes of *rule* that match no known name, except those that a requirement needs."""
    required = {prefix for applied in meeting(rule, applied_requirements) for prefix in applied.prefixes}
    return [
        prefix
        for prefix in dict.fromkeys(rule.prefixes)
        if not names.some_begin_with(prefix) and not any(is_covered(each, (prefix,)) for each in required)
    ]


def name_columns(
    rule: Rule,
    applied_requirements: Sequence[AppliedRequirement],
    names: RepositoryNames,
    bounds: Bounds,
    *,
    replicates: bool,
) -> dict[str, Any]:
    """Filters compared with names: those that end within a word, and those that match nothing."""
    # Without repositories, filters cannot be compared with names; without destinations, they replicate nothing.
    has_filters = bool(rule.filter_count) and replicates
    comparable = has_filters and (True if names.names else False if names.complete else None)
    unmatched = unmatched_prefixes(rule, applied_requirements, names)
    return {
        "filters_comparable": comparable,
        "unbounded_prefixes": None if bounds.bounded is None else compact(list(bounds.unbounded)),
        "unbounded_names": compact(list(bounds.names)),
        "bounded_prefixes": compact(bounds.replacements),
        # Where the list of repositories is incomplete, an unread name may match the prefix.
        "unmatched_prefixes": compact(unmatched) if names.complete or not unmatched else None,
    }


def subset_columns(subset: Subset) -> dict[str, Any]:
    """What the baseline requires at the destinations of a rule without filters."""
    return {
        "filters_required": subset.required,
        "required_prefixes": compact(list(subset.prefixes)),
        "expected_filters": compact(list(subset.filters)) if subset.filters else "",
    }
