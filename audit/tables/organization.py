"""The `accounts`, `regions`, `gaps`, `waivers` and `unknown_rows` tables, and the evidence gaps of each registry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from audit.evidence import Evidence, Scope, all_gaps
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import frame_of_rows
from checks.baseline.waivers import WaiverScope
from checks.model import Gap, GapKind, RegistryId
from checks.tables import ACCOUNTS, GAPS, REGIONS, UNKNOWN_ROWS, WAIVERS

_USABLE = ("ENABLED", "ENABLED_BY_DEFAULT")
"""Account Management API reference, Region: in every other status requests may fail."""


def accounts_frame(index: EvidenceIndex) -> pd.DataFrame:
    """One row per account of the organization."""
    rows = [{name: getattr(record, name) for name in ACCOUNTS.names} for record in index.accounts.values()]
    return frame_of_rows(ACCOUNTS, rows)


def regions_frame(index: EvidenceIndex) -> pd.DataFrame:
    """One row per Region of an account."""
    records = sorted(index.evidence.regions, key=lambda record: (record.account, record.region))
    rows = [
        {
            "account": record.account,
            "region": record.region,
            "status": record.status,
            "enabled": None if record.status is None else record.status in _USABLE,
            "in_scope": record.in_scope,
        }
        for record in records
    ]
    return frame_of_rows(REGIONS, rows)


def gaps_frame(index: EvidenceIndex) -> pd.DataFrame:
    """One row per gap: those of no single registry first, then registry by registry."""
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
        for number, gap in enumerate(all_gaps(index.evidence), start=1)
    ]
    return frame_of_rows(GAPS, rows)


_ACCOUNT_LEVEL = ("organizations:", "account:", "ec2:")
"""Services that list accounts and Regions, not the content of a registry."""


def registry_gaps(index: EvidenceIndex) -> Mapping[RegistryId, Sequence[Gap]]:
    """For each registry its own gaps, and those of its account or Region as a whole.

    A feature that a Region does not have leaves nothing unknown: it is listed in `gaps` and not counted here.
    """
    shared: dict[RegistryId, list[Gap]] = {}
    for gap in index.evidence.gaps:
        if not gap.operation.startswith(_ACCOUNT_LEVEL):
            shared.setdefault(RegistryId(gap.account, gap.region), []).append(gap)
    return {
        key: tuple(
            gap
            for gap in (*shared.get(RegistryId(key[0], ""), ()), *shared.get(key, ()), *part.gaps)
            if gap.tables or gap.kind is not GapKind.FEATURE_DISABLED
        )
        for key, part in index.parts.items()
    }


def gaps_text(gaps: Iterable[Gap], not_understood: Iterable[str] = ()) -> str:
    """A clause that says what could not be read and why; empty where nothing is missing."""
    counted: dict[tuple[str, str], set[str]] = {}
    for gap in gaps:
        counted.setdefault((gap.operation, gap.code or str(gap.kind)), set()).add(gap.resource)
    parts = [_gap_text(operation, code, resources) for (operation, code), resources in sorted(counted.items())]
    unread = [f"could not be read: {', '.join(parts)}"] if parts else []
    return "; ".join([*unread, *not_understood])


def _gap_text(operation: str, code: str, resources: set[str]) -> str:
    if len(resources) > 1:
        return f"{operation} of {len(resources)} ({code})"
    resource = next(iter(resources))
    return f"{operation} of {resource} ({code})" if resource else f"{operation} ({code})"


def missing_permissions(gaps: Iterable[Gap]) -> str:
    """The IAM actions that would close *gaps*, comma-separated."""
    return ", ".join(sorted({gap.permission for gap in gaps if gap.permission}))


_ROWS_OF_READS = frozenset(("accounts", "rules", "grants", "templates", "repositories", "images"))
"""Tables with a row per item of an AWS list: rows are missing where the list was not read."""


def waivers_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as `checks.baseline.waivers.waiver_rows` returns them."""
    return frame_of_rows(WAIVERS, rows)


def unknown_rows_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as `audit.unknown_rows.row_records` returns them."""
    return frame_of_rows(UNKNOWN_ROWS, rows)


def waiver_scope_of(evidence: Evidence, scope: Scope, not_selected: Iterable[str] = ()) -> WaiverScope:
    """What the run of *evidence* covers; *not_selected*: ids of the checks that it leaves out."""
    narrowed = bool(scope.accounts or scope.ous)
    return WaiverScope(
        accounts=frozenset(one.account for one in evidence.accounts if one.in_scope) if narrowed else None,
        regions=frozenset(scope.regions) if scope.regions else None,
        unread=frozenset(RegistryId(gap.account, gap.region) for gap in all_gaps(evidence) if _hides_rows(gap)),
        unread_tags=frozenset(
            RegistryId(part.registry.account, part.registry.region)
            for part in evidence.registries
            if None in part.repositories["tags"]
        ),
        not_selected=frozenset(not_selected),
    )


def repository_tags(repositories: pd.DataFrame) -> dict[tuple[str, str, str], dict[str, str]]:
    """Resource tags by account, Region and name of the repository, where they were read."""
    read = repositories.loc[repositories["tags"].notna(), ["account", "region", "repository", "tags"]]
    return {
        (str(account), str(region), str(name)): json.loads(str(tags) or "{}")
        for account, region, name, tags in read.itertuples(index=False)
    }


def _hides_rows(gap: Gap) -> bool:
    """Whether rows are missing because of *gap*: an unread setting of one repository leaves a null instead."""
    if gap.kind is GapKind.FEATURE_DISABLED or not _ROWS_OF_READS & set(gap.tables):
        return False
    return not gap.resource or "images" in gap.tables
