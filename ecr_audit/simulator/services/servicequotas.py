"""Service Quotas, for the three quotas of ECR replication. Values: the service quotas page of the ECR user guide."""

from __future__ import annotations

from ecr_audit.simulator.calls import Call, Operations, Result
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.service_errors import denied
from ecr_audit.simulator.wire.errors import AwsError

_QUOTAS = {
    "L-24725E9A": ("Unique destinations across all rules in a replication configuration", 25.0),
    "L-9B60BFFB": ("Rules per replication configuration", 25.0),
    "L-241DEEBA": ("Filters per rule in a replication configuration", 100.0),
}
"""Code → name and default."""


def _admit(call: Call) -> None:
    if not call.world.quotas_readable:
        raise denied(call, f"because no identity-based policy allows the {call.action} action")
    if call.parameters["ServiceCode"] != "ecr":
        raise AwsError("NoSuchResourceException", "The request failed because the specified service does not exist.")


def _quota(call: Call, code: str) -> Result:
    name, default = _QUOTAS[code]
    return {
        "ServiceCode": "ecr",
        "ServiceName": "Amazon Elastic Container Registry (Amazon ECR)",
        "QuotaArn": f"arn:{call.partition}:servicequotas:{call.region}:{call.account}:ecr/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(call.world.quotas.get(code, default)),
        "Unit": "None",
        "Adjustable": False,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _get_service_quota(call: Call) -> Result:
    _admit(call)
    code = call.parameters["QuotaCode"]
    if code not in _QUOTAS:
        raise AwsError("NoSuchResourceException", "The request failed because the specified quota does not exist.")
    return {"Quota": _quota(call, code)}


def _list_service_quotas(call: Call) -> Result:
    _admit(call)
    only = call.parameters.get("QuotaCode")
    rows = [_quota(call, code) for code in _QUOTAS if only in (None, code)]
    chosen, following = page(call, rows, size=100, spelling="NextToken")
    return {"Quotas": chosen, "NextToken": following}


OPERATIONS: Operations = {"GetServiceQuota": _get_service_quota, "ListServiceQuotas": _list_service_quotas}
