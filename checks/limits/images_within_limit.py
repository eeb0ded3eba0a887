"""The number of images in a replica repository stays below the warning threshold of AWS's limit.

## What it checks

For each repository into which a rule replicates, the images of every state are counted, archived ones, signatures and
SBOMs included. More than the limit is high; a number that reaches the warning share (80 % unless the baseline says
otherwise) is medium. The limit is AWS's default of 100,000, unless the baseline sets another one under
`limits.images_per_repository`.

## Why it matters

A repository that is full accepts no further image, and replication into it fails while the push at the source
succeeds. Replicas grow faster than expected: a lifecycle policy acts at the source only, and each signed image counts
at least twice.

## How to fix

Where the baseline contains a lifecycle policy for the repository and another one or none is in force, the remediation
puts it. That deletes images as soon as it is in force; run AWS's preview first. Otherwise a person writes one,
switches `deleteReplication` on where replicas should follow the source, or asks AWS for a higher limit.

## Limits of this check

The limit of an account may have been raised; it is not read from Service Quotas, so write a raised one into the
baseline. If the images were not all listed, the answer is unknown. Only repositories that receive replicas are
evaluated, not sources.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
- AWS Security Hub, ECR.3:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Lifecycle policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from checks.expectations import less_than
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository, policy = actions.registry(row), row["repository"], row["expected_lifecycle_policy"]
    where = f"{repository} at {'/'.join(place)}"
    if policy and row["lifecycle_policy"] is not None:
        change = actions.put_lifecycle_policy(place, repository, row["lifecycle_policy"], policy)
        return Remediation(
            summary=f"Put the baseline's lifecycle policy on {where}; it deletes images.", changes=(change,)
        )
    return Remediation(
        summary=f"Make room in {where}, or ask AWS for a higher limit.",
        manual=(
            f"Find out what fills {where}: old builds, untagged images, or signatures and SBOMs, which count too.",
            "Write a lifecycle policy that expires what is no longer needed, and try it with `aws ecr "
            "start-lifecycle-policy-preview`; or write it into the baseline as lifecycle_policy, so that the audit can "
            "print the command.",
            "If all of it is needed, ask for a higher quota (images per repository) for this account and Region, and "
            "write it into the baseline as limits.images_per_repository.",
        ),
    )


CHECK = Check(
    id="limits.images-within-limit",
    aliases=("LIM-07",),
    title="The number of images in a replica repository stays below the warning threshold",
    severity=Severity.MEDIUM,
    table=REPOSITORIES,
    expect=less_than("image_total", "images_warning_threshold"),
    message="{repository} in {account}/{region} receives replicas and holds {image_total:count image}; the limit is "
    "{images_limit:,}, and the warning threshold {images_warning_threshold:,}",
    remediation=_remediation,
    when=("receives_replicas",),
    graded="images_severity",
    graded_up_to=Severity.HIGH,
    unknown="it is unknown how many images {repository} in {account}/{region} holds, or whether it receives replicas",
    evidence=("image_count", "images_limit", "lifecycle_policy"),
    permissions=("ecr:DescribeRepositories", "ecr:DescribeImages", "ecr:DescribeRegistry"),
    controls=("Security Hub ECR.3",),
)
