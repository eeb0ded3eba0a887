"""KMS, for DescribeKey by key ARN or key id."""

from __future__ import annotations

from ecr_audit.simulator.build import LONG_AGO, epoch
from ecr_audit.simulator.calls import Call, Operations, Result, not_modelled
from ecr_audit.simulator.service_errors import denied
from ecr_audit.simulator.wire.errors import AwsError


def _describe_key(call: Call) -> Result:
    named = call.parameters["KeyId"]
    if "alias/" in named:
        raise not_modelled(call, "KMS aliases")
    arn = named if named.startswith("arn:") else f"arn:{call.partition}:kms:{call.region}:{call.account}:key/{named}"
    _, _, _, region, account, _ = arn.split(":", 5) if arn.count(":") >= 5 else ("",) * 6
    key = call.world.keys.get(arn)
    if region != call.region:
        raise AwsError("NotFoundException", f"Invalid arn {region}")
    if account != call.account and (key is None or not key.shared):
        raise denied(call, f"because no resource-based policy allows the {call.action} action")
    if key is None:
        raise AwsError("NotFoundException", f"Key '{arn}' does not exist")
    return {
        "KeyMetadata": {
            "AWSAccountId": account,
            "KeyId": arn.rpartition("/")[2],
            "Arn": arn,
            "CreationDate": epoch(LONG_AGO),
            "Enabled": key.state == "Enabled",
            "Description": "",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": key.state,
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": False,
        }
    }


OPERATIONS: Operations = {"DescribeKey": _describe_key}
