"""Replication may create the repositories that are missing at the destination.

## What it checks

Where the destination allows replication, it must also allow `ecr:CreateRepository` for what the link copies, unless
every repository that the rules match today exists there already.

## Why it matters

With `ecr:ReplicateImage` alone, images arrive only in repositories that somebody created at the destination under
exactly the same name. The setup works on the day it is tested; every new repository is left out afterwards.

## How to fix

The remedy adds `ecr:CreateRepository` for the prefixes that the link copies. Put creation templates in place first,
so that what is created has the right settings from the start. If repositories should be created by your own pipeline
only, create the missing ones there; the finding goes away with them.

## Limits of this check

Repositories that do not exist yet at the source are not counted: as long as all present ones exist at the
destination, the check passes without the permission. If the destination could not be listed, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

from checks import replication_grants
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(
        summary=f"Let replication from account {row['source_account']} create repositories in "
        f"{replication_grants.place(row)}, or create the missing ones there.",
        edits=(replication_grants.grant(row, context, create_only=True),),
    )


CHECK = Check(
    id="grants.create-repository-allowed",
    aliases=("GRT-07",),
    title="Replication may create the repositories that are missing",
    severity=Severity.HIGH,
    table=LINKS,
    expect=is_true("create_covered"),
    message="{destination_account}/{destination_region} does not let replication from account {source_account} create "
    "repositories, and {absent_repository_count:count repository} of the link missing there: "
    "{absent_repositories:names}",
    remedy=_remedy,
    when=("grant_given",),
    unknown="whether replication from account {source_account} finds or may create every repository at "
    "{destination_account}/{destination_region} is not known",
    evidence=("grant_verdict", "absent_repository_count", "absent_repositories", "prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 AC-3",),
)
