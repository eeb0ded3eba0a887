"""No Deny in the destination's registry policy stops the replication.

## What it checks

For each link between two accounts, no Deny statement of the destination's registry policy may match the replication
of everything that the link copies. This is the verdict `DENIED_EXPLICIT`. The evidence names the Deny statements that
stop some of it.

## Why it matters

A Deny wins over every Allow. Whoever adds another grant, because replication does not work, changes nothing and
widens the policy on the way. A frequent cause is a guard that denies everything outside a list of accounts or roles,
written before replication existed: the caller is ECR's service-linked role of the source account, which nobody
thought of.

## How to fix

The remedy keeps the Deny and exempts from it only the replication role of that one source account, so that people and
pipelines stay denied as before. Read the statement first: somebody wrote it for a reason.

## Limits of this check

It fails only where the denial is certain. A Deny whose conditions cannot be decided makes the answer unknown. So does
a Deny in the own policy of a copy: replicating an image acts on a repository, but AWS does not document whether that
repository's policy is heeded; a policy that was not read raises no such doubt. While replication is denied,
`grants.replication-allowed` fails too; both remedies ask for the same exemption.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Service-linked role for replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
"""

from __future__ import annotations

from checks import replication_grants
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    exemptions = replication_grants.exemptions(row)
    return Remedy(
        summary=f"Exempt replication from account {row['source_account']} from the Deny in the registry policy of "
        f"{replication_grants.place(row)}.",
        edits=exemptions,
        manual=() if exemptions else replication_grants.finding_the_deny(row),
    )


CHECK = Check(
    id="grants.not-explicitly-denied",
    aliases=("GRT-03",),
    title="No Deny stops a replication",
    severity=Severity.CRITICAL,
    table=LINKS,
    expect=is_true("denial_free"),
    message="a Deny of {destination_account}/{destination_region} stops replication from account {source_account}: "
    "{grant_reason}",
    remedy=_remedy,
    when=("cross_account",),
    unknown="whether a Deny stops replication from account {source_account} to "
    "{destination_account}/{destination_region} is not known{grant_reason:because}",
    evidence=("grant_reason", "denying_statements", "repository_denials", "prefixes", "expected_prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:GetRepositoryPolicy"),
    controls=("own: NIST 800-53 AC-3",),
)
