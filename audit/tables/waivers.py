"""The `waivers` table, and what a run looked at, which decides whether a waiver can be said to cover nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from audit.evidence import Evidence, Scope, all_gaps
from audit.tables.frames import frame_of_rows
from checks.model import Gap, GapKind, RegistryId
from checks.tables import WAIVERS
from checks.waiving import Sight

_ROWS_OF_READS = frozenset(("accounts", "rules", "grants", "templates", "repositories", "images"))
"""Tables that have a row for each thing that AWS listed: an unread list leaves rows out."""


def waivers_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as `checks.waiving.waiver_rows` gives them."""
    return frame_of_rows(WAIVERS, rows)


def sight_of(evidence: Evidence, scope: Scope) -> Sight:
    """What the run behind *evidence* looked at."""
    narrowed = bool(scope.accounts or scope.ous)
    return Sight(
        accounts=frozenset(one.account for one in evidence.accounts if one.in_scope) if narrowed else None,
        regions=frozenset(scope.regions) if scope.regions else None,
        unread=frozenset(RegistryId(gap.account, gap.region) for gap in all_gaps(evidence) if _hides_rows(gap)),
    )


def _hides_rows(gap: Gap) -> bool:
    """Whether rows are missing because of *gap*: the unread setting of one repository leaves a null, not a hole."""
    if gap.kind is GapKind.FEATURE_DISABLED or not _ROWS_OF_READS & set(gap.tables):
        return False
    return not gap.resource or "images" in gap.tables
