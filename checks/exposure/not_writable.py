"""Nobody but replication puts images into a copy.

## What it checks

Neither the repository policy of a copy nor the registry policy of its registry may let anybody of another account push
to it (`ecr:PutImage`, `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload`), make its tags
mutable (`ecr:PutImageTagMutability`) or write its policy (`ecr:SetRepositoryPolicy`). The grant of replication is no
such permission.

## Why it matters

A copy is trusted because it is the source's image. Whoever may push under the same tag replaces it, and everything
that pulls from the copy runs the replacement; the source, where signatures and scans are looked at, shows nothing.
Tampering with a backup is noticed on the day on which it is needed.

## How to fix

The remedy puts the repository policy without those actions, and reduces the statements of the registry policy that
open the copy to what replication needs. Reading stays as it is. Principals of the copy's own account that did so by a
statement for everyone need it in an IAM policy.

## Limits of this check

Principals of the copy's own account are not judged: what they may do is a matter of IAM policies. Service principals
are not judged either. A condition that cannot be decided makes the answer unknown.

## References

- Amazon ECR user guide, Private repository policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

from checks import exposure_remedies
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REPLICAS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    summary = f"Let nobody but replication push to {exposure_remedies.where(row)}."
    return exposure_remedies.closing(row, context, summary, "pushers", with_registry=True)


CHECK = Check(
    id="exposure.not-writable",
    aliases=("EXP-03",),
    title="Nobody but replication puts images into a copy",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=is_true("push_closed"),
    message="{repository} at {destination_account}/{destination_region} can be pushed to by {pushers:names}",
    remedy=_remedy,
    when=("destination_present",),
    unknown="whether anybody but replication may push to {repository} at {destination_account}/{destination_region} is "
    "not known{exposure_problem:because}",
    evidence=("pushers", "exposing_registry_statements", "repository_policy", "closed_repository_policy"),
    at="destination",
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecr:GetRegistryPolicy",
        "ecr:GetAccountSetting",
    ),
    controls=("own: NIST 800-53 CM-5", "own: NIST 800-53 SI-7"),
)
