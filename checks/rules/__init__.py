"""Replication rules: what is copied where, against what the baseline requires."""

from __future__ import annotations

from checks.model import Check
from checks.rules import (
    delete_replication_as_declared,
    destination_region_valid,
    link_declared,
    required_link_present,
    required_repository_matched,
    service_linked_role_present,
)

CHECKS: tuple[Check, ...] = (
    required_link_present.CHECK,
    link_declared.CHECK,
    destination_region_valid.CHECK,
    required_repository_matched.CHECK,
    delete_replication_as_declared.CHECK,
    service_linked_role_present.CHECK,
)
"""In the order in which reports list them."""
