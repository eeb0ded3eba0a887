"""The fields of a replication rule: destinations, prefixes, deleteReplication. Shapes as AWS writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from checks.model import RegistryId
from checks.remediation.merge_result import CannotApplyError

Rule = Mapping[str, Any]

_FILTER = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")
"""RepositoryFilterValue of the ECR service model."""


def destinations_of(rule: Rule) -> tuple[RegistryId, ...]:
    """Account and Region of each destination of *rule*, without repetitions."""
    return tuple(dict.fromkeys(RegistryId(item["registryId"], item["region"]) for item in rule.get("destinations", ())))


def prefixes_of(rule: Rule) -> tuple[str, ...]:
    """The prefixes that *rule* replicates; an empty prefix for a rule without filters."""
    return tuple(item["filter"] for item in rule.get("repositoryFilters") or ()) or ("",)


def deletes(rule: Rule) -> bool:
    """Whether *rule* replicates deletions; a rule without the field does not."""
    return bool((rule.get("deleteReplication") or {}).get("enabled", False))


def covers(rules: Iterable[Rule], destination: RegistryId, prefix: str) -> bool:
    """Whether every name that begins with *prefix* is replicated to *destination*."""
    return any(
        destination in destinations_of(rule) and any(prefix.startswith(start) for start in prefixes_of(rule))
        for rule in rules
    )


def shortest(prefixes: Iterable[str]) -> tuple[str, ...]:
    """*prefixes* without those that another one covers, in the order given."""
    wanted = tuple(dict.fromkeys(prefixes))
    return tuple(
        prefix for prefix in wanted if not any(prefix != other and prefix.startswith(other) for other in wanted)
    )


def as_aws(destinations: Iterable[RegistryId]) -> list[dict[str, str]]:
    """Destinations as AWS writes them."""
    return [{"region": region, "registryId": account} for account, region in destinations]


def as_filters(prefixes: Iterable[str]) -> list[dict[str, str]]:
    """Filters as AWS writes them."""
    return [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]


def refuse_filters(prefixes: Iterable[str]) -> None:
    """Raise CannotApplyError for a prefix that AWS does not accept as filter; an empty one needs none."""
    for prefix in prefixes:
        if prefix and not (2 <= len(prefix) <= 256 and _FILTER.fullmatch(prefix)):
            raise CannotApplyError(
                f"AWS does not accept the filter {prefix!r}: 2 to 256 characters of a repository name"
            )


def refuse_destinations(destinations: Iterable[RegistryId], owner: RegistryId) -> None:
    """Raise CannotApplyError for a destination that the registry *owner* cannot have."""
    for account, region in destinations:
        if (account, region) == owner:
            raise CannotApplyError(f"{account}/{region} is the registry itself, which AWS rejects as a destination")
        if not re.fullmatch(r"[0-9]{12}", account) or not re.fullmatch(r"[0-9a-z-]{2,25}", region):
            raise CannotApplyError(f"AWS does not accept the destination {account}/{region}")
