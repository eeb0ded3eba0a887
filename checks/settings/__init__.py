"""Settings of what replication creates or fills: replication copies images, and no setting."""

from __future__ import annotations

from checks.model import Check
from checks.settings import (
    encryption,
    immutability_effective,
    key_usable,
    lifecycle_policy_present,
    moving_tags,
    repository_policy,
    scanned,
    tag_mutability,
    template_covers_rule,
    template_key_usable,
    template_role_valid,
)

CHECKS: tuple[Check, ...] = (
    tag_mutability.CHECK,
    immutability_effective.CHECK,
    scanned.CHECK,
    encryption.CHECK,
    repository_policy.CHECK,
    lifecycle_policy_present.CHECK,
    moving_tags.CHECK,
    template_covers_rule.CHECK,
    template_role_valid.CHECK,
    template_key_usable.CHECK,
    key_usable.CHECK,
)
"""In the order in which reports list them."""
