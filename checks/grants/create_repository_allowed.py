"""The registry policy of the destination allows replication to create the repositories that are missing there.

## What it checks

Where the destination allows replication, it must also allow `ecr:CreateRepository` for every repository that the rules
match and that does not exist at the destination. What the baseline requires and no rule replicates is not judged here.

## Why it matters

With `ecr:ReplicateImage` alone, images arrive only in repositories that were created at the destination under exactly
the same name. The setup works on the day on which it is tested; every new repository is left out afterwards.

## How to fix

The remediation adds `ecr:CreateRepository` for the prefixes that the rules match. Put repository creation
templates in place first, so that new repositories have the right settings from the start. If only your own pipeline
should create repositories, create the missing ones there; that resolves the finding too.

## Limits of this check

Repositories that do not exist yet at the source are not counted: as long as all present ones exist at the destination,
the check passes without the permission. If the repositories of the destination could not be listed, the answer is
unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

from checks.engine.text import names_in
from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import replication_grants
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Allow replication from account {row['source_account']} to create repositories in "
        f"{replication_grants.place(row)}, or create the missing ones there.",
        changes=(replication_grants.grant(row, context, names_in(row["prefixes"]), create_only=True),),
    )


CHECK = Check(
    id="grants.create-repository-allowed",
    aliases=("GRT-07",),
    title="Registry policy allows replication to create missing repositories",
    severity=Severity.HIGH,
    table=LINKS,
    expect=between("uncreatable_repository_count", maximum=0),
    message="the registry policy of {destination_account}/{destination_region} does not allow replication from account "
    "{source_account} to create {uncreatable_repository_count:count repository} missing there: "
    "{uncreatable_repositories:names}",
    remediation=_remediation,
    when=("grant_given",),
    unknown="whether every repository that account {source_account} replicates exists at "
    "{destination_account}/{destination_region} or may be created there is unknown",
    evidence=("uncreatable_repositories", "absent_repository_count", "grant_verdict", "prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 AC-3",),
)
