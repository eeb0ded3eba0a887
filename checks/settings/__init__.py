"""Settings of replica repositories and of the templates that create them: replication carries over no setting."""

from __future__ import annotations

from checks.model import Check
from checks.settings import (
    blob_mounting,
    encryption,
    immutability_effective,
    key_usable,
    lifecycle_not_stricter,
    lifecycle_policy_present,
    lifecycle_without_pull_time,
    matches_template,
    moving_tags,
    pull_time_exclusions,
    repository_policy,
    scan_type,
    scanned,
    signing_as_source,
    tag_mutability,
    tags_present,
    template_as_declared,
    template_covers_rule,
    template_key_usable,
    template_role_valid,
)

CHECKS: tuple[Check, ...] = (
    tag_mutability.CHECK,
    immutability_effective.CHECK,
    scanned.CHECK,
    scan_type.CHECK,
    encryption.CHECK,
    repository_policy.CHECK,
    lifecycle_policy_present.CHECK,
    moving_tags.CHECK,
    template_covers_rule.CHECK,
    template_as_declared.CHECK,
    template_role_valid.CHECK,
    template_key_usable.CHECK,
    key_usable.CHECK,
    matches_template.CHECK,
    tags_present.CHECK,
    lifecycle_not_stricter.CHECK,
    lifecycle_without_pull_time.CHECK,
    pull_time_exclusions.CHECK,
    blob_mounting.CHECK,
    signing_as_source.CHECK,
)
"""In the order in which reports list them."""
