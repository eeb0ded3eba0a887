"""Columns of the `rules` table about `deleteReplication`, and what the baseline says of it for one rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.tables.documents import Rule
from audit.tables.frames import compact
from audit.tables.known import Demand
from checks.model import Severity
from checks.requirements import shared_prefixes


def deletion_columns(rule: Rule, demands: Iterable[Demand]) -> dict[str, Any]:
    """What the baseline requires of `deleteReplication` for what *rule* replicates."""
    declared = [demand for demand in demands if demand.requirement.delete_replication is not None]
    speaking = [demand for demand in declared if _meet(rule, demand)]
    certain = [demand for demand in speaking if demand.certain]
    wanted = {demand.requirement.delete_replication for demand in certain or speaking}
    # A backup that follows deletions is lost with its source; a replica that keeps images longer only costs storage.
    follows = rule.delete_replication and False in wanted
    return {
        "delete_replication_required": True if certain else None if speaking else False,
        "expected_delete_replication": " and ".join(switch(value) for value in (True, False) if value in wanted),
        "delete_replication_severity": (
            Severity.HIGH if follows else Severity.LOW if wanted - {rule.delete_replication} else ""
        ),
        "delete_replication_required_by": compact([demand.requirement.name for demand in certain or speaking]),
    }


def switch(value: bool | None) -> str:
    """`on` or `off`."""
    return "on" if value else "off"


def _meet(rule: Rule, demand: Demand) -> bool:
    """Whether *rule* can replicate some repository to a destination of *demand*."""
    return bool(set(rule.destinations) & set(demand.destinations)) and bool(
        shared_prefixes(rule.prefixes, demand.prefixes)
    )
