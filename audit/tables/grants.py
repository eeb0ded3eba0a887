"""The `grants` table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from audit.evidence import RegistryRecord
from audit.tables.frames import frame_of_rows
from audit.tables.grant_use import GrantUse
from audit.tables.known import Known
from checks.iam import Policy, StatementJudgement, judge_policy, parse_policy
from checks.model import RegistryId
from checks.tables import GRANTS


def grants_frame(known: Known) -> pd.DataFrame:
    """One row a statement of a registry policy that was read; number 0 for a policy that could not be parsed."""
    members, use = members_with_paths(known), GrantUse(known)
    records = (part.registry for part in known.parts.values())
    return frame_of_rows(GRANTS, (row for record in records for row in _rows(known, record, members, use)))


def _rows(
    known: Known, record: RegistryRecord, members: Mapping[str, str | None] | None, use: GrantUse
) -> Iterator[dict[str, Any]]:
    place = RegistryId(record.account, record.region)
    policy = parse_policy(record.registry_policy or "")
    statements = policy.statements if isinstance(policy, Policy) else (None,)
    for judgement, statement in zip(judged_statements(known, record, members), statements, strict=False):
        used = use.columns(statement, place, record.partition, judgement.concerns_replication)
        yield {"account": place[0], "region": place[1], **asdict(judgement), **used}


def members_with_paths(known: Known) -> Mapping[str, str | None] | None:
    """Accounts of the organization with the paths under which conditions know them; None: they were not read."""
    return None if known.members is None else {account: known.paths(account)[1] for account in known.members}


def judged_statements(
    known: Known, record: RegistryRecord, members: Mapping[str, str | None] | None
) -> tuple[StatementJudgement, ...]:
    """The statements of one registry policy, each judged by itself; nothing for a policy that was not read."""
    organization, grants = known.evidence.organization, known.baseline.grants
    return judge_policy(
        record.registry_policy,
        (record.account, record.region, record.partition),
        members,
        organization.id if organization else None,
        frozenset(grants.external_accounts),
        frozenset(grants.allowed_actions),
    )
