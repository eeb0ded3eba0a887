"""Limits of AWS that a replication configuration can reach."""

from __future__ import annotations

from checks.limits import (
    destinations_below_warning,
    destinations_within_limit,
    filters_within_limit,
    growth_within_limit,
    images_within_limit,
    policy_size_within_limit,
    rules_within_limit,
)
from checks.model import Check

CHECKS: tuple[Check, ...] = (
    destinations_within_limit.CHECK,
    destinations_below_warning.CHECK,
    growth_within_limit.CHECK,
    rules_within_limit.CHECK,
    filters_within_limit.CHECK,
    policy_size_within_limit.CHECK,
    images_within_limit.CHECK,
)
"""In the order in which reports list them."""
