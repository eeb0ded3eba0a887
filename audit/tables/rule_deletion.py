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
    """What the baseline says about `deleteReplication` of what *rule* copies, and whether it is so."""
    declared = [demand for demand in demands if demand.requirement.delete_replication is not None]
    speaking = [demand for demand in declared if _meet(rule, demand)]
    certain = [demand for demand in speaking if demand.certain]
    wanted = {demand.requirement.delete_replication for demand in certain or speaking}
    # A backup that would follow deletions is lost with its source; a copy that lags behind only costs storage.
    follows = rule.delete_replication and False in wanted
    return {
        "delete_declared": True if certain else None if speaking else False,
        "delete_as_declared": wanted == {rule.delete_replication} if certain else None,
        "delete_expected": " and ".join(word for word, value in (("on", True), ("off", False)) if value in wanted),
        "delete_grade": Severity.HIGH if follows else Severity.LOW if wanted - {rule.delete_replication} else "",
        "delete_required_by": compact([demand.requirement.name for demand in certain or speaking]),
    }


def _meet(rule: Rule, demand: Demand) -> bool:
    """Whether some repository can be copied by *rule* to a destination that *demand* speaks of."""
    return bool(set(rule.destinations) & set(demand.destinations)) and bool(
        shared_prefixes(rule.prefixes, demand.prefixes)
    )
