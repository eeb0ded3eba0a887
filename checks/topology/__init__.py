"""Checks of the ways that images take through several registries."""

from __future__ import annotations

from checks.model import Check
from checks.topology import (
    cache_not_replicated,
    chain_complete,
    environments_ordered,
    isolated_account,
    no_cycle,
    one_source,
    region_allowed,
    second_region,
)

CHECKS: tuple[Check, ...] = (
    chain_complete.CHECK,
    no_cycle.CHECK,
    one_source.CHECK,
    second_region.CHECK,
    isolated_account.CHECK,
    region_allowed.CHECK,
    environments_ordered.CHECK,
    cache_not_replicated.CHECK,
)
"""In the order in which reports list them."""
