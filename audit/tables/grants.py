"""The `grants` table."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from audit.tables.frames import frame_of_rows
from audit.tables.known import Known
from checks.iam import judge_policy
from checks.tables import GRANTS


def grants_frame(known: Known) -> pd.DataFrame:
    """One row a statement of a registry policy that was read; number 0 for a policy that could not be parsed."""
    organization = known.evidence.organization
    grants = known.baseline.grants
    rows = [
        {"account": account, "region": region, **asdict(judgement)}
        for (account, region), part in known.parts.items()
        for judgement in judge_policy(
            part.registry.registry_policy,
            (account, region, part.registry.partition),
            known.members,
            organization.id if organization else None,
            frozenset(grants.external_accounts),
            frozenset(grants.allowed_actions),
        )
    ]
    return frame_of_rows(GRANTS, rows)
