"""No principal from outside the organization can access a replica repository.

## What it checks

The repository policy of each replica may allow anything only to accounts of the organization and to the partners that
the baseline names under `grants.external_accounts`. The principal `*` needs a condition that limits it to the
organization. Denials in the repository policy and in the registry policy are taken into account.

## Why it matters

A principal that can read an image has its code, and whatever secrets slipped into a layer. A replica is monitored less
than its source: it lies in another account or Region, its policy was often written once for a failover, and it is
easily forgotten when access to the source is restricted. A principal that can do more than read decides what a failover
runs.

## How to fix

The remediation puts the policy without the external access: accounts from outside are removed, the principal `*` is
limited to the organization, and other accounts keep no more than reading. Where the baseline determines the policy, it
puts that. Where it is not certain what should remain, there are manual steps.

## Limits of this check

A condition on the network makes the answer unknown: who owns a network cannot be read from AWS. Service principals (AWS
Lambda needs one) and federated principals are not accounts and are not evaluated. What the registry policy allows is
covered by `grants.grantee-in-organization` and `grants.not-public`.

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
    summary = f"Remove access from outside the organization to {exposure.where(row)}."
    return exposure.closing(row, context, summary, "external_principals", with_registry=False)


CHECK = Check(
    id="exposure.not-public",
    aliases=("EXP-01",),
    title="Replica repository policies allow no principal outside the organization",
    severity=Severity.CRITICAL,
    table=REPLICAS,
    expect=in_set("external_principals", "[]"),
    message="the repository policy of {repository} at {destination_account}/{destination_region} allows access from "
    "outside the organization: {external_principals:names}",
    remediation=_remediation,
    when=("destination_present",),
    unknown="whether {repository} at {destination_account}/{destination_region} allows access from outside the "
    "organization is unknown",
    unknown_reason="{exposure_unknown:clause}",
    evidence=("repository_policy", "closed_repository_policy"),
    at="destination",
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecr:GetRegistryPolicy",
        "organizations:ListAccounts",
    ),
    controls=("own: NIST 800-53 AC-3", "own: NIST 800-53 AC-21"),
)
