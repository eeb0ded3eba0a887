"""EC2, for DescribeRegions alone."""

from __future__ import annotations

from ecr_audit.simulator.calls import Call, Operations, Result
from ecr_audit.simulator.services.account import ENABLED_BY_DEFAULT, known_regions


def _describe_regions(call: Call) -> Result:
    """Enabled Regions only, unless AllRegions is true."""
    account = call.world.accounts[call.account]
    named = call.parameters.get("RegionNames")
    rows = []
    for region in known_regions(account, call.region):
        if (named and region not in named) or (region not in account.regions and not call.parameters.get("AllRegions")):
            continue
        if region in ENABLED_BY_DEFAULT and region in account.regions:
            status = "opt-in-not-required"
        else:
            status = "opted-in" if region in account.regions else "not-opted-in"
        rows.append({"RegionName": region, "Endpoint": f"ec2.{region}.amazonaws.com", "OptInStatus": status})
    return {"Regions": rows}


OPERATIONS: Operations = {"DescribeRegions": _describe_regions}
