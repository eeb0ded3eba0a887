"""Account Management: which Regions an account has enabled."""

from __future__ import annotations

from ecr_audit.simulator.calls import Call, Operations, Result
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.state import Account
from ecr_audit.simulator.wire.errors import AwsError
from ecr_audit.simulator.wire.models import partition_of, partition_regions

ENABLED_BY_DEFAULT = frozenset(
    [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ]
)
"""Regions that AWS enables without asking. A simulated world may leave them out all the same, to stay small."""


def _target(call: Call) -> Account:
    """The account that the call names.

    The management account must not name itself (service model of Account Management, `AccountId`).
    """
    named = call.parameters.get("AccountId")
    if named is None:
        return call.world.accounts[call.account]
    if named == call.account or not call.world.reads_organization(call.account):
        raise AwsError("AccessDeniedException", f"You don't have permissions to access the account {named}.", 403)
    target = call.world.accounts.get(named)
    if target is None or not target.member:
        raise AwsError("AccessDeniedException", f"You don't have permissions to access the account {named}.", 403)
    return target


def region_status(account: Account, region: str) -> str:
    """ENABLED_BY_DEFAULT, ENABLED or DISABLED."""
    if region not in account.regions:
        return "DISABLED"
    return "ENABLED_BY_DEFAULT" if region in ENABLED_BY_DEFAULT else "ENABLED"


def known_regions(account: Account, region: str) -> list[str]:
    """Every Region of the partition of *account*, which is the partition of its first Region, else of *region*."""
    partition = partition_of(account.regions[0] if account.regions else region)
    return sorted({*partition_regions(partition), *account.regions})


def _list_regions(call: Call) -> Result:
    target = _target(call)
    wanted = call.parameters.get("RegionOptStatusContains")
    rows = [
        {"RegionName": region, "RegionOptStatus": region_status(target, region)}
        for region in known_regions(target, call.region)
    ]
    rows = [row for row in rows if not wanted or row["RegionOptStatus"] in wanted]
    chosen, following = page(call, rows, size=20, spelling="NextToken")
    return {"Regions": chosen, "NextToken": following}


def _get_region_opt_status(call: Call) -> Result:
    region = call.parameters["RegionName"]
    return {"RegionName": region, "RegionOptStatus": region_status(_target(call), region)}


def _enable_region(call: Call) -> Result:
    """At once; AWS takes minutes to hours."""
    target, region = _target(call), call.parameters["RegionName"]
    if region not in known_regions(target, call.region):
        raise AwsError("ValidationException", f"{region} is not a Region of this partition.")
    if region not in target.regions:
        target.regions.append(region)
    return {}


OPERATIONS: Operations = {
    "ListRegions": _list_regions,
    "GetRegionOptStatus": _get_region_opt_status,
    "EnableRegion": _enable_region,
}
