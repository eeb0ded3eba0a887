"""No explicit Deny in the destination's registry policy blocks the replication.

## What it checks

For each link between two accounts, no Deny statement of the destination's registry policy may match the replication
of everything that the link replicates. Only Deny statements are evaluated: whether anything is allowed is what
`grants.replication-allowed` checks. The evidence names the Deny statements that stop some of it.

## Why it matters

An explicit Deny overrides every Allow. Adding another Allow, because replication does not work, changes nothing and
widens the policy. A frequent cause is a guard that denies everything outside a list of accounts or roles, written
before replication existed: the caller is ECR's service-linked role of the source account, which the list leaves out.

## How to fix

The remediation keeps the Deny and exempts from it only the replication role of that one source account, so that people
and pipelines stay denied as before. Review the statement first: it was written for a reason.

## Limits of this check

It fails only where the denial is certain. A Deny whose conditions cannot be evaluated makes the answer unknown. So does
a Deny in the repository policy of a replica: replicating an image acts on a repository, but AWS does not document
whether that repository's policy is evaluated; a policy that was not read raises no such doubt. While replication is
denied, `grants.replication-allowed` fails too; both remediations ask for the same exemption.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Service-linked role for replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import replication_grants
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    exemptions = replication_grants.exemptions(row)
    return Remediation(
        summary=f"Exempt replication from account {row['source_account']} from the Deny in the registry policy of "
        f"{replication_grants.place(row)}.",
        changes=exemptions,
        manual=() if exemptions else replication_grants.finding_the_deny(row),
    )


CHECK = Check(
    id="grants.not-explicitly-denied",
    aliases=("GRT-03",),
    title="No explicit Deny blocks replication",
    severity=Severity.CRITICAL,
    table=LINKS,
    expect=between("explicit_deny_statements", maximum=0),
    message="an explicit Deny in the registry policy of {destination_account}/{destination_region} blocks replication "
    "from account {source_account}: {denial_reason}",
    remediation=_remediation,
    when=("cross_account",),
    unknown="whether an explicit Deny blocks replication from account {source_account} to "
    "{destination_account}/{destination_region} is unknown",
    unknown_reason="{denial_reason:clause}",
    evidence=("denial_reason", "denying_statements", "repository_denials", "prefixes", "expected_prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:GetRepositoryPolicy"),
    controls=("own: NIST 800-53 AC-3",),
)
