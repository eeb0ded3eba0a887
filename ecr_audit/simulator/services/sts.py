"""Security Token Service: GetCallerIdentity, and roles in other accounts."""

from __future__ import annotations

import re
import time

from ecr_audit.simulator.calls import Call, Operations, Result
from ecr_audit.simulator.identity import SECRET
from ecr_audit.simulator.service_errors import denied
from ecr_audit.simulator.wire.errors import AwsError

_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]+)")


def _get_caller_identity(call: Call) -> Result:
    return {"UserId": call.caller.user_id, "Account": call.account, "Arn": call.caller.arn}


def _assume_role(call: Call) -> Result:
    """Refusals look alike, as AWS's do: a missing role, no trust, a wrong external id, a closed account."""
    arn = call.parameters["RoleArn"]
    found = _ROLE_ARN.fullmatch(arn)
    if not found:
        raise AwsError("ValidationError", f"{arn} is invalid")
    partition, account, name = found.groups()
    if not _may_assume(call, account, name):
        error = denied(call, "")
        raise AwsError(error.code, error.message.replace("resource: * ", f"resource: {arn}"))
    lifetime = int(call.parameters.get("DurationSeconds", 3600))
    chained = ":assumed-role/" in call.caller.arn
    if chained and lifetime > 3600:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    session_name = call.parameters["RoleSessionName"]
    key, session = call.sessions.issue(account, name, session_name, partition, time.time() + lifetime)
    return {
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": SECRET,
            "SessionToken": session.token,
            "Expiration": session.expires_at,
        },
        "AssumedRoleUser": {"AssumedRoleId": session.caller.user_id, "Arn": session.caller.arn},
        "PackedPolicySize": 0,
    }


def _may_assume(call: Call, account: str, name: str) -> bool:
    target = call.world.accounts.get(account)
    if target is None or target.state != "ACTIVE":
        return False
    role = target.roles.get(name)
    if role is None or call.account not in role.trusts:
        return False
    return role.external_id is None or call.parameters.get("ExternalId") == role.external_id


OPERATIONS: Operations = {"GetCallerIdentity": _get_caller_identity, "AssumeRole": _assume_role}
