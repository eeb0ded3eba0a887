"""The `rules` table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from audit.tables.documents import Registry, Rule
from audit.tables.frames import compact, frame_of_rows
from audit.tables.known import Demand, Known
from audit.tables.thresholds import distance
from checks.model import Severity
from checks.requirements import is_covered
from checks.tables import RULES


def rules_frame(known: Known) -> pd.DataFrame:
    """One row a replication rule of a registry in scope."""
    rows = [_row(known, source, rule) for source in known.sources for rule in known.rules[source].value or ()]
    return frame_of_rows(RULES, rows)


def _row(known: Known, source: Registry, rule: Rule) -> dict[str, Any]:
    limit = known.baseline.limits.filters_per_rule
    record = known.parts[source].registry
    maximum = limit.maximum if record.filters_limit is None else record.filters_limit
    filters = distance(rule.filter_count, "filters", limit, maximum)
    return {
        "account": source[0],
        "region": source[1],
        "rule": rule.number,
        "destinations": compact([f"{account}/{region}" for account, region in rule.destinations]),
        "prefixes": compact(list(rule.prefixes)),
        "delete_replication": rule.delete_replication,
        "filter_count": rule.filter_count,
        "filters_limit": maximum,
        "filters_comfortable": filters.comfortable,
        "filters_grade": filters.grade,
        **_deletion(rule, known.demands[source]),
    }


def _deletion(rule: Rule, demands: Iterable[Demand]) -> dict[str, Any]:
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
        "delete_required_by": ", ".join(demand.requirement.name for demand in certain or speaking),
    }


def _meet(rule: Rule, demand: Demand) -> bool:
    """Whether some repository can be copied by *rule* to a destination that *demand* speaks of."""
    if not set(rule.destinations) & set(demand.destinations):
        return False
    return any(is_covered(ours, demand.prefixes) for ours in rule.prefixes) or any(
        is_covered(theirs, rule.prefixes) for theirs in demand.prefixes
    )
