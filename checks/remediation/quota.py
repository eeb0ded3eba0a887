"""Whether a registry has room for one more destination, as far as the audit read it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from checks.model import RegistryId, RemediationContext, Row


def has_destination(registry: Row, destination: RegistryId) -> bool | None:
    """Whether a rule of *registry* names *destination* already; None: its rules were not read."""
    text = registry.get("replication_configuration")
    if text is None:
        return None
    rules = (json.loads(text) if text else {}).get("rules", [])
    return any(
        (named.get("registryId"), named.get("region")) == destination
        for rule in rules
        for named in rule.get("destinations", [])
    )


def is_full_for(context: RemediationContext, source: RegistryId, destination: RegistryId) -> bool:
    """Whether AWS would reject *destination* as an additional one of *source*. Missing evidence does not count as
    full.
    """
    registry = context.registries.get(source)
    if registry is None or has_destination(registry, destination):
        return False
    present, limit = registry.get("destinations_present"), registry.get("destinations_limit")
    return present is not None and limit is not None and present >= limit


def takes(context: RemediationContext, source: RegistryId, destinations: Iterable[RegistryId]) -> bool:
    """Whether AWS would accept all of *destinations* as additional ones of *source*. Missing evidence counts as
    room.
    """
    registry = context.registries.get(source)
    if registry is None:
        return True
    new = {place for place in destinations if has_destination(registry, place) is False}
    present, limit = registry.get("destinations_present"), registry.get("destinations_limit")
    return present is None or limit is None or not new or int(present) + len(new) <= int(limit)


def splitting(source: RegistryId, limit: object) -> tuple[str, ...]:
    """Manual steps for a registry that needs more destinations than one registry may have."""
    account, region = source
    return (
        f"Decide which {limit} destinations (account and Region pairs) the registry {account}/{region} keeps; "
        "a destination in several rules counts once.",
        "Replicate to the others from a second source registry, another account or Region to which the images are also "
        "pushed: replicated images are not replicated again, so a destination cannot be the source of another one.",
        "Update the baseline's requirements to match, then run the audit again.",
    )
