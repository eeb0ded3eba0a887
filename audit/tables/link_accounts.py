"""Columns of the `links` table about the accounts and Regions at both ends."""

from __future__ import annotations

from typing import Any

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
    if found == partition:
        return {"destination_region_valid": True, "destination_region_problem": ""}
    if found is None:
        problem = f"{destination[1]} is no Region in which the AWS SDK knows ECR"
    else:
        problem = f"{destination[1]} belongs to the partition {found}, and the source to {partition}"
    return {"destination_region_valid": False, "destination_region_problem": problem}


def enabled_columns(known: Known, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
    """Whether both Regions are enabled in the accounts at their ends.

    ECR user guide, replication.html: replication into or out of a Region needs it enabled in the account. Account
    Management API reference, Region: in a Region that is being enabled or disabled, requests may fail.
    """
    statuses = {pair: known.region_statuses.get(pair) for pair in (source, destination)}
    problems = [
        f"{region} is {status} in account {account}"
        for (account, region), status in statuses.items()
        if status not in (None, *_USABLE)
    ]
    unknown = [pair for pair, status in statuses.items() if status is None]
    return {
        "regions_enabled": False if problems else None if unknown else True,
        "regions_problem": " and ".join(problems),
    }


def account_columns(known: Known, source: str, destination: str) -> dict[str, Any]:
    """Whether the destination account belongs to the organization, is known, and whether both accounts are ACTIVE."""
    inside = True if source == destination else known.is_member(destination)
    partner = destination in known.baseline.grants.external_accounts
    active, problem = _active(known, source, destination)
    return {
        "destination_in_organization": inside,
        "destination_known": True if inside or partner else inside,
        "accounts_active": active,
        "account_problem": problem,
        "cross_account": source != destination,
    }


def _active(known: Known, source: str, destination: str) -> tuple[bool | None, str]:
    accounts = {account: known.state(account) for account in (source, destination)}
    problems = [f"account {account} is {state}" for account, state in accounts.items() if state not in (None, "ACTIVE")]
    if problems:
        return False, " and ".join(problems)
    unknown = [account for account, state in accounts.items() if state is None]
    if unknown:
        return None, f"the state of account {' and '.join(unknown)} is not known"
    return True, ""
