"""Nobody of another account can delete a copy.

## What it checks

Neither the repository policy of a copy nor the registry policy of its registry may let anybody of another account
delete it or its images (`ecr:DeleteRepository`, `ecr:BatchDeleteImage`), have them expire (`ecr:PutLifecyclePolicy`),
move them into the archive (`ecr:UpdateImageStorageClass`), or take away the access of those who pull
(`ecr:DeleteRepositoryPolicy`).

## Why it matters

A copy in another account is there so that one account's misfortune is not everybody's. If the source's account may
delete at the destination too, whoever takes over the source takes the backup as well, and a cleaning script with a
wrong filter empties both.

## How to fix

The remedy puts the repository policy without those actions, and reduces the statements of the registry policy that
open the copy to what replication needs. Principals of the copy's own account that did so by a statement for everyone
need it in an IAM policy. Let a lifecycle policy at the destination clean up, or `deleteReplication` where copies should
follow their source.

## Limits of this check

Deletions that replication itself brings are judged by `rules.delete-replication-as-declared`. Principals of the copy's
own account and service principals are not judged. A condition that cannot be decided makes the answer unknown.

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
    summary = f"Let nobody of another account delete {exposure_remedies.where(row)}."
    return exposure_remedies.closing(row, context, summary, "deleters", with_registry=True)


CHECK = Check(
    id="exposure.not-deletable",
    aliases=("EXP-04",),
    title="Nobody of another account can delete a copy",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=is_true("deletion_closed"),
    message="{repository} at {destination_account}/{destination_region} can be deleted by {deleters:names}",
    remedy=_remedy,
    when=("destination_present",),
    unknown="whether anybody of another account may delete {repository} at {destination_account}/{destination_region} "
    "is not known{exposure_problem:because}",
    evidence=("deleters", "exposing_registry_statements", "repository_policy", "closed_repository_policy"),
    at="destination",
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecr:GetRegistryPolicy",
        "ecr:GetAccountSetting",
    ),
    controls=("own: NIST 800-53 CP-9",),
)
