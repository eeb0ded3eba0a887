"""Registry policies: whether destinations allow replication, and nothing else."""

from __future__ import annotations

from checks.grants import (
    actions_narrow,
    conditions_satisfiable,
    covers_rule,
    create_repository_allowed,
    decidable,
    grantee_in_organization,
    in_use,
    not_explicitly_denied,
    not_public,
    policy_scope,
    principal_possible,
    replication_allowed,
    resource_arn_valid,
    tag_resource_allowed,
)
from checks.model import Check

CHECKS: tuple[Check, ...] = (
    replication_allowed.CHECK,
    not_explicitly_denied.CHECK,
    resource_arn_valid.CHECK,
    covers_rule.CHECK,
    conditions_satisfiable.CHECK,
    create_repository_allowed.CHECK,
    principal_possible.CHECK,
    actions_narrow.CHECK,
    policy_scope.CHECK,
    grantee_in_organization.CHECK,
    not_public.CHECK,
    in_use.CHECK,
    decidable.CHECK,
    tag_resource_allowed.CHECK,
)
"""In the order in which reports list them."""
