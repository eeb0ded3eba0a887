"""Replication rules: what is replicated where, compared with what the baseline requires."""

from __future__ import annotations

from checks.model import Check
from checks.rules import (
    delete_replication_as_declared,
    delete_replication_consistent,
    destination_elsewhere,
    destination_region_valid,
    destinations_present,
    filters_as_declared,
    filters_match,
    filters_needed,
    link_declared,
    prefixes_bounded,
    required_link_present,
    required_repository_matched,
    service_linked_role_present,
    without_duplicates,
)

CHECKS: tuple[Check, ...] = (
    required_link_present.CHECK,
    link_declared.CHECK,
    destination_elsewhere.CHECK,
    destinations_present.CHECK,
    without_duplicates.CHECK,
    filters_as_declared.CHECK,
    prefixes_bounded.CHECK,
    filters_match.CHECK,
    filters_needed.CHECK,
    destination_region_valid.CHECK,
    required_repository_matched.CHECK,
    delete_replication_as_declared.CHECK,
    delete_replication_consistent.CHECK,
    service_linked_role_present.CHECK,
)
"""In the order in which reports list them."""
