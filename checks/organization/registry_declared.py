"""Every registry with repositories is a source or a destination that the baseline declares.

## What it checks

With `undeclared_registries: forbidden` in the baseline, each registry in scope that holds repositories must be a
source or a destination of one of the baseline's requirements. Without that key the check does not apply.

## Why it matters

Most checks of this audit do not apply to a registry that no requirement names: it was not decided whether its images
are needed elsewhere. Most often it is an account that joined later, or a Region that a team started to use by itself,
and the gap shows when that Region fails.

## How to fix

Find out what the repositories are for. If they matter, write a requirement that names the account or its
organizational unit; the missing rules and grants are then reported with their commands. If they do not, delete them,
or accept the finding with a waiver that names the reason.

## Limits of this check

It evaluates registries, not single repositories: what the declared prefixes leave out in a declared registry is not
evaluated here. A registry whose repositories could not be listed, or whose place in the organization is unknown where
only a unit decides, is unknown.

## References

- Amazon ECR user guide, Private registries:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = f"{row['account']}/{row['region']}"
    return Remediation(
        summary=f"Declare in the baseline what to do with the repositories in {place}, or remove them.",
        manual=(
            f"Find out who owns the repositories in {place} and whether they are needed elsewhere.",
            "If so, write a requirement into the baseline that names the account or its organizational unit as source; "
            "the rules and grants that are missing are then reported with their commands.",
            "If not, delete the repositories, or accept the finding with a waiver that names the reason.",
        ),
    )


CHECK = Check(
    id="organization.registry-declared",
    aliases=("ORG-05",),
    title="Every registry with repositories is declared in the baseline",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=between("declaring_requirement_count", minimum=1),
    message="{account}/{region} holds {repository_count:count repository}, and no requirement of the baseline names it",
    remediation=_remediation,
    when=("declaration_required",),
    unknown="it is unknown whether the baseline declares {account}/{region}, and whether it holds repositories",
    evidence=("account_name", "ou_path", "repository_count", "is_source", "is_destination"),
    permissions=("ecr:DescribeRepositories", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 CM-8",),
)
