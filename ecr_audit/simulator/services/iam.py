"""IAM, for roles and the service-linked role of ECR replication."""

from __future__ import annotations

import json
from urllib.parse import quote

from ecr_audit.simulator.build import LONG_AGO, epoch
from ecr_audit.simulator.calls import Call, Operations, Result, not_modelled
from ecr_audit.simulator.state import Role
from ecr_audit.simulator.wire.errors import AwsError

REPLICATION_SERVICE = "replication.ecr.amazonaws.com"
REPLICATION_ROLE = "AWSServiceRoleForECRReplication"
"""ECR user guide, slr-replication.html."""


def _role(call: Call, role: Role, path: str = "/") -> Result:
    principals: dict[str, list[str]] = {}
    for trusted in role.trusts:
        kind = "AWS" if trusted.isdigit() else "Service"
        name = f"arn:{call.partition}:iam::{trusted}:root" if trusted.isdigit() else trusted
        principals.setdefault(kind, []).append(name)
    statement: dict[str, object] = {"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}
    if role.external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": role.external_id}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return {
        "Path": path,
        "RoleName": role.name,
        "RoleId": f"AROASIMU{call.account}",
        "Arn": f"arn:{call.partition}:iam::{call.account}:role{path}{role.name}",
        "CreateDate": epoch(LONG_AGO),
        "AssumeRolePolicyDocument": quote(trust),
        "MaxSessionDuration": 3600,
    }


def _service_linked(call: Call) -> Result:
    role = Role(REPLICATION_ROLE, [REPLICATION_SERVICE])
    return _role(call, role, f"/aws-service-role/{REPLICATION_SERVICE}/")


def _get_role(call: Call) -> Result:
    account, name = call.world.accounts[call.account], call.parameters["RoleName"]
    if name == REPLICATION_ROLE and account.service_linked_role:
        return {"Role": _service_linked(call)}
    if name not in account.roles:
        raise AwsError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return {"Role": _role(call, account.roles[name])}


def _create_service_linked_role(call: Call) -> Result:
    service = call.parameters["AWSServiceName"]
    if service != REPLICATION_SERVICE:
        raise not_modelled(call, f"the service-linked role of {service}")
    account = call.world.accounts[call.account]
    if account.service_linked_role:
        message = f"Service role name {REPLICATION_ROLE} has been taken in this account, please try a different suffix."
        raise AwsError("InvalidInput", message)
    account.service_linked_role = True
    return {"Role": _service_linked(call)}


OPERATIONS: Operations = {
    "GetRole": _get_role,
    "CreateServiceLinkedRole": _create_service_linked_role,
}
