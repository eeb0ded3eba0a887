"""What is missing from the evidence about one registry, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from audit.tables.known import Known
from checks.model import Gap, GapKind, RegistryId

_NOT_OF_A_REGISTRY = ("organizations:", "account:", "ec2:")
"""Services whose answers say which accounts and Regions there are, not what a registry holds."""


def registry_gaps(known: Known) -> Mapping[RegistryId, Sequence[Gap]]:
    """For each registry its own gaps, and those of its account or Region as a whole.

    A feature that a Region does not have leaves nothing unknown, so it is listed among the gaps and not counted here.
    """
    shared: dict[RegistryId, list[Gap]] = {}
    for gap in known.evidence.gaps:
        if not gap.operation.startswith(_NOT_OF_A_REGISTRY):
            shared.setdefault(RegistryId(gap.account, gap.region), []).append(gap)
    return {
        key: tuple(
            gap
            for gap in (*shared.get(RegistryId(key[0], ""), ()), *shared.get(key, ()), *part.gaps)
            if gap.tables or gap.kind is not GapKind.FEATURE_DISABLED
        )
        for key, part in known.parts.items()
    }


def told_gaps(gaps: Iterable[Gap], not_understood: Iterable[str] = ()) -> str:
    """One sentence without full stop that says what could not be read and why; empty where nothing is missing."""
    counted: dict[tuple[str, str], set[str]] = {}
    for gap in gaps:
        counted.setdefault((gap.operation, gap.code or str(gap.kind)), set()).add(gap.resource)
    parts = [_told(operation, code, resources) for (operation, code), resources in sorted(counted.items())]
    unread = [f"could not be read: {', '.join(parts)}"] if parts else []
    return "; ".join([*unread, *not_understood])


def _told(operation: str, code: str, resources: set[str]) -> str:
    if len(resources) > 1:
        return f"{operation} of {len(resources)} ({code})"
    resource = next(iter(resources))
    return f"{operation} of {resource} ({code})" if resource else f"{operation} ({code})"


def missing_permissions(gaps: Iterable[Gap]) -> str:
    """The IAM actions that would close *gaps*, comma-separated."""
    return ", ".join(sorted({gap.permission for gap in gaps if gap.permission}))
