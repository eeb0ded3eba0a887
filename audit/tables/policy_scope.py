"""Columns of the `registries` table about the scope of the registry policy."""

from __future__ import annotations

from typing import Any

from audit.tables.frames import compact
from audit.tables.grants import judged_statements, members_with_paths
from audit.tables.known import Known
from checks.iam.ternary import Truth, some
from checks.model import RegistryId


def scope_columns(known: Known, registry: RegistryId, *, destination: Truth) -> dict[str, Any]:
    """Whether the scope matters to *registry*, and which statements would allow others too much under V2."""
    record = known.parts[registry].registry
    has_policy = None if record.registry_policy is None else bool(record.registry_policy)
    broad: str | None = "[]"
    if record.policy_scope not in (None, "V2"):
        # Only an old scope asks what its successor would bring.
        judged = judged_statements(known, record, members_with_paths(known))
        numbers = [one.statement for one in judged if one.allows_others is not False and one.actions_narrow is not True]
        broad = None if record.registry_policy is None else compact(numbers)
    return {"policy_scope_matters": some((destination, has_policy)), "statements_too_broad": broad}
