"""Columns of the `links` table about the accounts and Regions at both ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.tables.frames import compact
from audit.tables.known import Known
from audit.tables.partitions import ecr_regions
from checks.model import RegistryId

_USABLE = ("ENABLED", "ENABLED_BY_DEFAULT")


def region_columns(known: Known, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
    """Whether the destination's Region exists in the source's partition.

    ECR user guide, replication.html: replication does not cross partitions. A Region that is newer than the SDK is
    valid when AWS itself listed it for some account of this run.
    """
    partition = known.parts[source].registry.partition
    found = ecr_regions().get(destination[1])
    if found is None and any(record.region == destination[1] for record in known.evidence.regions):
        found = partition
    problem = ""
    if found is None:
        problem = f"{destination[1]} is not a Region in which the AWS SDK knows ECR"
    elif found != partition:
        problem = f"{destination[1]} belongs to the partition {found}, and the source to {partition}"
    return {
        "destination_region_valid": not problem,
        "destination_partition": found or "",
        "destination_region_problem": problem,
    }


def enabled_columns(known: Known, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
    """The Regions at both ends that are not enabled in their accounts.

    ECR user guide, replication.html: replication into or out of a Region needs it enabled in the account. Account
    Management API reference, Region: in a Region that is being enabled or disabled, requests may fail.
    """
    statuses = {pair: known.region_statuses.get(pair) for pair in (source, destination)}
    unusable = {
        f"{account}/{region}": status
        for (account, region), status in statuses.items()
        if status not in (None, *_USABLE)
    }
    return {"regions_not_enabled": _listed(unusable, complete=None not in statuses.values())}


def account_columns(known: Known, source: str, destination: str) -> dict[str, Any]:
    """States of both accounts, and whether the destination account is of the organization, a partner or an outsider."""
    states = {account: known.state(account) for account in (source, destination)}
    inactive = {account: state for account, state in states.items() if state not in (None, "ACTIVE")}
    return {
        "destination_membership": _membership(known, source, destination),
        "source_account_state": states[source],
        "destination_account_state": states[destination],
        "inactive_accounts": _listed(inactive, complete=None not in states.values()),
        "cross_account": source != destination,
    }


def _membership(known: Known, source: str, destination: str) -> str | None:
    inside = True if source == destination else known.is_member(destination)
    if inside:
        return "organization"
    if destination in known.baseline.grants.external_accounts:
        return "partner"
    return None if inside is None else "outside"


def _listed(found: Mapping[str, str | None], *, complete: bool) -> str | None:
    """`name (STATE)` of each, JSON array; None where nothing was found, and not everything could be read."""
    return compact([f"{name} ({state})" for name, state in found.items()]) if found or complete else None
