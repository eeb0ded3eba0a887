"""The checks, in the order in which reports list them. A check that is not named here does not exist."""

from __future__ import annotations

from fnmatch import fnmatchcase

from checks.coverage import (
    images_present,
    repository_present,
)
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
from checks.limits import (
    destinations_below_warning,
    destinations_within_limit,
    filters_within_limit,
    policy_size_within_limit,
    rules_within_limit,
)
from checks.model import Check
from checks.organization import (
    accounts_active,
    destination_known,
    evidence_complete,
)
from checks.rules import (
    delete_replication_as_declared,
    destination_region_valid,
    link_declared,
    required_link_present,
    required_repository_matched,
    service_linked_role_present,
)
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
    required_link_present.CHECK,
    link_declared.CHECK,
    destination_region_valid.CHECK,
    required_repository_matched.CHECK,
    delete_replication_as_declared.CHECK,
    service_linked_role_present.CHECK,
    destinations_within_limit.CHECK,
    destinations_below_warning.CHECK,
    rules_within_limit.CHECK,
    filters_within_limit.CHECK,
    policy_size_within_limit.CHECK,
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
    repository_present.CHECK,
    images_present.CHECK,
    destination_known.CHECK,
    accounts_active.CHECK,
    evidence_complete.CHECK,
)


def find(name: str) -> tuple[Check, ...]:
    """The checks called *name*: an id, an alias (`GRT-01`), or a pattern with `*` over both; case plays no part."""
    wanted = name.lower()
    return tuple(
        check for check in CHECKS if any(fnmatchcase(known.lower(), wanted) for known in (check.id, *check.aliases))
    )
