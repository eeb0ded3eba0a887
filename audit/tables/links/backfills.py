"""Columns of the `links` table about the newest backfill to the destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from audit.tables.documents import NotUnderstoodError, read_objects
from checks.model import RegistryId

_ENDED = ("COMPLETE", "FAILED", "STOPPED")
RUNNING = ("PREPARING", "IN_PROGRESS", "STOPPING")
"""Statuses of a backfill that has not ended (ECR API reference, DescribeReplicationBackfillResults)."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """One replication backfill, as listed."""

    status: str
    started_at: float
    failed: int | None
    total: int | None
    failure_code: str
    failure_codes: tuple[str, ...]


def backfill_columns(backfills: str | None, destination: RegistryId) -> dict[str, Any]:
    """State of the newest backfill to *destination*; *backfills*: those of the source registry, JSON array."""
    newest = newest_backfills(backfills)
    if newest is None:
        return dict.fromkeys(("backfill_ended", "backfill_status", "backfill_problem"))
    found = newest.get(destination)
    if found is None:
        return {"backfill_ended": False, "backfill_status": "", "backfill_problem": ""}
    return {
        "backfill_ended": found.status in _ENDED if found.status in (*_ENDED, *RUNNING) else None,
        "backfill_status": found.status,
        "backfill_problem": _backfill_text(found),
    }


@lru_cache(maxsize=4_096)
def newest_backfills(backfills: str | None) -> Mapping[RegistryId, Backfill] | None:
    """Destination → its newest backfill; None: not read, or malformed. AWS keeps them for 90 days."""
    newest: dict[RegistryId, Backfill] = {}
    try:
        for row in read_objects(backfills):
            place = row.get("destination") or {}
            key, found = RegistryId(str(place.get("registryId")), str(place.get("region"))), _backfill(row)
            if key not in newest or found.started_at > newest[key].started_at:
                newest[key] = found
    except (NotUnderstoodError, TypeError, ValueError, AttributeError):
        return None
    return newest


def _backfill(row: Mapping[str, Any]) -> Backfill:
    progress = row.get("progress") or {}
    return Backfill(
        status=str(row.get("status")),
        started_at=float(row.get("startedAt") or 0.0),
        failed=progress.get("failedReplicationCount"),
        total=progress.get("totalReplicationCount"),
        failure_code=str(row.get("failureCode") or ""),
        failure_codes=tuple(str(code) for code in progress.get("failureCodes") or ()),
    )


def _backfill_text(found: Backfill) -> str:
    codes = dict.fromkeys(code for code in (found.failure_code, *found.failure_codes) if code)
    counted = f"{found.failed:,} of {found.total:,} replications failed" if found.failed and found.total else ""
    return "; ".join(part for part in (counted, ", ".join(codes)) if part)
