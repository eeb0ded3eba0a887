"""Grants: whether destinations let replication in, and let in nothing else."""

from __future__ import annotations

from checks.grants import (
    actions_narrow,
    conditions_satisfiable,
    covers_rule,
    create_repository_allowed,
    grantee_in_organization,
    not_explicitly_denied,
    not_public,
    principal_possible,
    replication_allowed,
    resource_arn_valid,
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
    grantee_in_organization.CHECK,
    not_public.CHECK,
)
"""In the order in which reports list them."""
