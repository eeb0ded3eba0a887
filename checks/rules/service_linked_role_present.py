"""An account with replication rules has the service-linked role for ECR replication.

## What it checks

Each account with at least one replication rule must have the IAM role `AWSServiceRoleForECRReplication`.

## Why it matters

ECR replicates with this service-linked role and no other. AWS creates it when replication is first configured, so a
missing role beside existing rules means that something is wrong: it was deleted, or the rules were not written by the
usual API call. Without it no image can be replicated, and nothing in the configuration shows why.

## How to fix

The remediation creates the role with `aws iam create-service-linked-role`. It has an AWS managed policy that cannot be
edited. Running it needs `iam:CreateServiceLinkedRole`, so a review is asked for.

## Limits of this check

The role is looked up by name; its policy is managed by AWS and is not evaluated. If IAM could not be read, the answer
is unknown.

## References

- Amazon ECR user guide, Service-linked role for replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Create the service-linked role for ECR replication in account {row['account']}.",
        changes=(actions.create_service_linked_role(row["account"], row["region"]),),
    )


CHECK = Check(
    id="rules.service-linked-role-present",
    aliases=("RPL-14",),
    title="Accounts with replication rules have the service-linked role for replication",
    severity=Severity.HIGH,
    table=REGISTRIES,
    expect=is_true("service_linked_role_present"),
    message="{account}/{region} has {rule_count:count replication rule}, and account {account} does not have the role "
    "AWSServiceRoleForECRReplication that replication needs",
    remediation=_remediation,
    when=("is_source",),
    unknown="whether account {account} has AWSServiceRoleForECRReplication is unknown",
    unknown_reason="IAM could not be read",
    evidence=("rule_count",),
    permissions=("ecr:DescribeRegistry", "iam:GetRole"),
    controls=("own: NIST 800-53 CP-9",),
)
