"""The `gaps` table, and what gaps mean for one registry."""

from __future__ import annotations

import pandas as pd

from audit.evidence import all_gaps
from audit.tables.frames import frame_of_rows
from audit.tables.known import Known
from checks.tables import GAPS


def gaps_frame(known: Known) -> pd.DataFrame:
    """One row a gap: those of no single registry first, then registry by registry."""
    rows = [
        {
            "gap": number,
            "account": gap.account,
            "region": gap.region,
            "operation": gap.operation,
            "kind": str(gap.kind),
            "code": gap.code,
            "message": gap.message,
            "tables": ",".join(gap.tables),
            "resource": gap.resource,
            "permission": gap.permission,
        }
        for number, gap in enumerate(all_gaps(known.evidence), start=1)
    ]
    return frame_of_rows(GAPS, rows)
