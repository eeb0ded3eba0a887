"""The destination's registry policy allows the source account to replicate.

## What it checks

For each link between two accounts, the registry policy of the destination is evaluated for the source account: may
its replication role call `ecr:ReplicateImage` on the repositories that the rules match, or that the baseline requires?
Statements, principals, resources, conditions and denials are all taken into account, for the names that exist and for
those that the prefixes allow. Links within one account need no statement.

## Why it matters

Only the destination can permit replication across accounts, in its registry policy of that very Region. Without it
every replication is refused, and the source sees nothing but a status on each single image. No policy at all, a policy
set in one Region only, or a statement for another account all look like a working configuration on the source's side.
Where the statement stands in another Region of the destination account, or in the source's own account, the finding
names that place, and the finding about that statement names this destination.

## How to fix

The remediation adds a statement to the destination's registry policy, for the source account, the prefixes that the
rules match and the two actions that replication needs, bounded by the organization's id where it is known. Nothing
else of the policy changes. Where a Deny blocks the replication, it is narrowed as well, so that it no longer matches
the replication role of that account. Such a statement opens the registry to another account; have it reviewed.

## Limits of this check

Some conditions cannot be evaluated from outside (keys that AWS does not document for replication, policy variables);
then the answer is unknown, not a failure. If the destination's policy was not read, it is unknown too. Service
control policies and a Deny in a repository policy are not evaluated, because their effect on replication is not
documented.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
- Request to check registry policies before accepting them:
  https://github.com/aws/containers-roadmap/issues/2675
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import replication_grants
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    grant = replication_grants.grant(row, context)
    if row["grant_verdict"] != "DENIED_EXPLICIT":
        return Remediation(
            summary=f"Allow account {row['source_account']} to replicate into {replication_grants.place(row)}.",
            changes=(grant,),
        )
    exemptions = replication_grants.exemptions(row)
    return Remediation(
        summary=f"Exempt replication from account {row['source_account']} from the Deny in the registry policy of "
        f"{replication_grants.place(row)}, and allow it.",
        changes=(*exemptions, grant) if exemptions else (),
        manual=() if exemptions else replication_grants.finding_the_deny(row),
    )


CHECK = Check(
    id="grants.replication-allowed",
    aliases=("GRT-01", "GRT-02"),
    title="Registry policy allows replication from every source account",
    severity=Severity.CRITICAL,
    table=LINKS,
    expect=in_set("grant_verdict", "ALLOWED", "ALLOWED_IF_REPOSITORY_EXISTS"),
    message="the registry policy of {destination_account}/{destination_region} does not allow replication from account "
    "{source_account}: {grant_reason}",
    remediation=_remediation,
    when=("cross_account",),
    unknown="whether the registry policy of {destination_account}/{destination_region} allows replication from account "
    "{source_account} is unknown",
    unknown_reason="{grant_reason:clause}",
    evidence=("grant_reason", "misplaced_grants", "prefixes", "expected_prefixes", "uncovered_prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:GetAccountSetting"),
    controls=("own: NIST 800-53 AC-3",),
)
