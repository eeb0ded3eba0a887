"""The organization around replication: who is in it, who is active, and what could be looked at."""

from __future__ import annotations

from checks.model import Check
from checks.organization import (
    accounts_active,
    destination_known,
    evidence_complete,
)

CHECKS: tuple[Check, ...] = (
    destination_known.CHECK,
    accounts_active.CHECK,
    evidence_complete.CHECK,
)
"""In the order in which reports list them."""
