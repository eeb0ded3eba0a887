"""The lifecycle policy of a source repository is the one that the baseline requires.

## What it checks

Where `source_settings` of the baseline sets `lifecycle_policy` for a repository that is replicated, there must be a
policy with at least one rule (`required`), or one with the same effect as the document that is given.

## Why it matters

Without a lifecycle policy a source keeps every image that was ever pushed: storage costs grow, old images with known
vulnerabilities stay pullable, and the repository approaches the limit of images, at which pushes fail.

## How to fix

Where the baseline has the document, the remediation puts it. A lifecycle policy deletes images soon after it is put;
run the lifecycle policy preview first. Where replication replicates deletions, they are deleted in the replicas too.

## Limits of this check

Descriptions, and priorities that change nothing, make no difference. With `required`, a policy that never expires
anything passes. A policy text that cannot be parsed is unknown.

## References

- AWS Security Hub, ECR.3:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Lifecycle policy parameters:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository, policy = actions.registry(row), row["repository"], row["required_lifecycle_policy"]
    where = f"{repository} at {place}"
    if policy:
        change = actions.put_lifecycle_policy(place, repository, row["lifecycle_policy"] or "", policy)
        return Remediation(
            summary=f"Put the required lifecycle policy on {where}; it deletes images.", changes=(change,)
        )
    return Remediation(
        summary=f"Write a lifecycle policy for {where}.",
        manual=(
            f"Decide which images of {where} may expire, by age or by number.",
            "Preview the policy with `aws ecr start-lifecycle-policy-preview` before putting it, or write it into the "
            "baseline as lifecycle_policy, so that the audit can print the command.",
        ),
    )


CHECK = Check(
    id="sources.lifecycle-policy",
    aliases=("SRC-04",),
    title="Source lifecycle policy matches the baseline",
    severity=Severity.MEDIUM,
    table=REPOSITORIES,
    expect=equals("lifecycle_policy_kind", "expected_lifecycle_policy_kind"),
    message="the source {repository} in {account}/{region} has {lifecycle_policy_kind}, the baseline requires "
    "{expected_lifecycle_policy_kind}",
    remediation=_remediation,
    when=("lifecycle_policy_required",),
    unknown="whether the source {repository} in {account}/{region} has the required lifecycle policy is unknown",
    evidence=("lifecycle_policy", "required_lifecycle_policy"),
    permissions=("ecr:DescribeRepositories", "ecr:DescribeRegistry", "ecr:GetLifecyclePolicy"),
    controls=("Security Hub ECR.3", "PCI DSS v4.0 3.2.1.7", "PCI DSS v4.0 10.5.1.8", "NIS2 12.2.2.a"),
)
