"""An account that replicates has the role that replication acts as.

## What it checks

Each account with at least one replication rule must have the IAM role `AWSServiceRoleForECRReplication`.

## Why it matters

ECR replicates under this service-linked role and no other. AWS creates it when replication is first configured, so
its absence beside existing rules means that something is out of order: it was deleted, or the rules arrived by an
unusual path. Without it no image can be copied, and nothing in the configuration shows why.

## How to fix

The remedy creates the role with `aws iam create-service-linked-role`. It carries an AWS managed policy that cannot be
edited. Whoever runs it needs `iam:CreateServiceLinkedRole`, so a second pair of eyes is asked for.

## Limits of this check

The role is looked up by name; its policy is AWS's own and is not judged. If IAM could not be read, the answer is
unknown.

## References

- Amazon ECR user guide, Service-linked role for replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(
        summary=f"Create the service-linked role for ECR replication in account {row['account']}.",
        edits=(wanted.create_service_linked_role(row["account"], row["region"]),),
    )


CHECK = Check(
    id="rules.service-linked-role-present",
    aliases=("RPL-14",),
    title="An account that replicates has the replication service-linked role",
    severity=Severity.HIGH,
    table=REGISTRIES,
    expect=is_true("service_linked_role_present"),
    message="{account}/{region} has {rule_count:count replication rule}, and account {account} has no "
    "AWSServiceRoleForECRReplication to carry them out",
    remedy=_remedy,
    when=("is_source",),
    unknown="whether account {account} has AWSServiceRoleForECRReplication is not known: IAM could not be read",
    evidence=("rule_count",),
    permissions=("ecr:DescribeRegistry", "iam:GetRole"),
    controls=("own: NIST 800-53 CP-9",),
)
