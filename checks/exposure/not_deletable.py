"""No principal of another account can delete a replica repository or its images.

## What it checks

Neither the repository policy of a replica nor the registry policy of its registry may allow a principal of another
account to delete it or its images (`ecr:DeleteRepository`, `ecr:BatchDeleteImage`), to let them expire
(`ecr:PutLifecyclePolicy`), to move them into the archive (`ecr:UpdateImageStorageClass`), or to remove the access of
those who pull (`ecr:DeleteRepositoryPolicy`).

## Why it matters

A replica in another account is there so that an incident in one account does not affect the other. If the source's
account may delete at the destination too, an attacker in the source account deletes the backup as well, and a cleanup
script with a wrong filter empties both.

## How to fix

The remediation puts the repository policy without those actions, and reduces the statements of the registry policy that
allow them to what replication needs. Principals of the replica's own account that had these permissions by a statement
for everyone need them in an IAM policy. Use a lifecycle policy at the destination to clean up, or `deleteReplication`
where replicas should follow their source.

## Limits of this check

Deletions that replication itself carries over are covered by `rules.delete-replication-as-declared`. Principals of the
replica's own account and service principals are not evaluated. A condition that cannot be evaluated makes the answer
unknown.

## References

- Amazon ECR user guide, Private repository policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import exposure
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    summary = f"Remove delete permissions of other accounts on {exposure.where(row)}."
    return exposure.closing(row, context, summary, "cross_account_delete_principals", with_registry=True)


CHECK = Check(
    id="exposure.not-deletable",
    aliases=("EXP-04",),
    title="Replicas cannot be deleted by other accounts",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=in_set("cross_account_delete_principals", "[]"),
    message="{repository} at {destination_account}/{destination_region} can be deleted by "
    "{cross_account_delete_principals:names}",
    remediation=_remediation,
    when=("destination_present",),
    unknown="whether other accounts can delete {repository} at {destination_account}/{destination_region} is unknown",
    unknown_reason="{exposure_unknown:clause}",
    evidence=("exposing_registry_statements", "repository_policy", "closed_repository_policy"),
    at="destination",
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecr:GetRegistryPolicy",
        "ecr:GetAccountSetting",
    ),
    controls=("own: NIST 800-53 CP-9",),
)
