"""No principal of another account can push to a replica repository, replication excepted.

## What it checks

Neither the repository policy of a replica nor the registry policy of its registry may allow a principal of another
account to push to it (`ecr:PutImage`, `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload`),
make its tags mutable (`ecr:PutImageTagMutability`) or write its policy (`ecr:SetRepositoryPolicy`). The grant of
replication is no such permission.

## Why it matters

A replica is trusted because it is the source's image. A principal that can push under the same tag replaces it, and
everything that pulls from the replica runs the replacement; the source, where signatures and scans are reviewed, shows
nothing. Tampering with a backup is noticed on the day on which it is needed.

## How to fix

The remediation puts the repository policy without those actions, and reduces the statements of the registry policy that
allow them to what replication needs. Read access stays as it is. Principals of the replica's own account that had these
permissions by a statement for everyone need them in an IAM policy.

## Limits of this check

Principals of the replica's own account are not evaluated: what they may do is a matter of IAM policies. Service
principals are not evaluated either. A condition that cannot be evaluated makes the answer unknown.

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
    summary = f"Remove push permissions of other accounts on {exposure.where(row)}."
    return exposure.closing(row, context, summary, "cross_account_push_principals", with_registry=True)


CHECK = Check(
    id="exposure.not-writable",
    aliases=("EXP-03",),
    title="No other account can push to a replica repository",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=in_set("cross_account_push_principals", "[]"),
    message="{repository} at {destination_account}/{destination_region} can be pushed to by "
    "{cross_account_push_principals:names}",
    remediation=_remediation,
    when=("destination_present",),
    unknown="whether other accounts can push to {repository} at {destination_account}/{destination_region} is unknown",
    unknown_reason="{exposure_unknown:clause}",
    evidence=("exposing_registry_statements", "repository_policy", "closed_repository_policy"),
    at="destination",
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecr:GetRegistryPolicy",
        "ecr:GetAccountSetting",
    ),
    controls=("own: NIST 800-53 CM-5", "own: NIST 800-53 SI-7"),
)
