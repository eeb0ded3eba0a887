"""The organization around replication: its accounts and Regions, what it declares, and gaps in the evidence."""

from __future__ import annotations

from checks.model import Check
from checks.organization import (
    accounts_active,
    destination_known,
    evidence_complete,
    failure_events,
    member_replicates,
    region_approved,
    region_enabled,
    registry_declared,
    scan_policy_permits,
)

CHECKS: tuple[Check, ...] = (
    destination_known.CHECK,
    accounts_active.CHECK,
    region_enabled.CHECK,
    evidence_complete.CHECK,
    registry_declared.CHECK,
    region_approved.CHECK,
    member_replicates.CHECK,
    scan_policy_permits.CHECK,
    failure_events.CHECK,
)
"""In the order in which reports list them."""
