"""Copies let in nobody from outside the organization.

## What it checks

The repository policy of each copy may allow anything only to accounts of the organization and to the partners that the
baseline names under `grants.external_accounts`. The principal `*` needs a condition that bounds it to the
organization. Denials in the repository policy and in the registry policy are taken into account.

## Why it matters

Whoever may read an image has its code, and whatever secrets slipped into a layer. A copy is watched less than its
source: it lies in another account or Region, its policy was written once for a failover that never came, and nobody
looks at it when the source is locked up. Whoever may do more than read decides what a failover runs.

## How to fix

The remedy puts the policy without what exposes the copy: strangers are taken out, everyone is bounded to the
organization, and others keep no more than reading. Where the baseline determines the policy, it puts that. Where it is
not certain what should remain, there are steps.

## Limits of this check

A condition on the network makes the answer unknown: whose network it is cannot be told from here. Service principals
(AWS Lambda needs one) and federated principals are no accounts and are not judged. What the registry policy allows is
judged by `grants.grantee-in-organization` and `grants.not-public`.

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
    summary = f"Close {exposure_remedies.where(row)} to everyone outside the organization."
    return exposure_remedies.closing(row, context, summary, "outsiders", with_registry=False)


CHECK = Check(
    id="exposure.not-public",
    aliases=("EXP-01",),
    title="Copies let in nobody from outside the organization",
    severity=Severity.CRITICAL,
    table=REPLICAS,
    expect=is_true("closed_to_outsiders"),
    message="the policy of {repository} at {destination_account}/{destination_region} lets in from outside the "
    "organization: {outsiders:names}",
    remedy=_remedy,
    when=("destination_present",),
    unknown="whether {repository} at {destination_account}/{destination_region} lets in anybody from outside the "
    "organization is not known{exposure_problem:because}",
    evidence=("outsiders", "repository_policy", "closed_repository_policy"),
    at="destination",
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
        "ecr:GetRegistryPolicy",
        "organizations:ListAccounts",
    ),
    controls=("own: NIST 800-53 AC-3", "own: NIST 800-53 AC-21"),
)
