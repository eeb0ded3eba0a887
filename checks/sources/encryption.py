"""The encryption of a source repository is the one that the baseline requires.

## What it checks

Where `source_settings` of the baseline sets `encryption` for a repository that is replicated, its encryption type must
be that type and its KMS key that key: a given key, in which account and Region stand for the registry's own, or any
customer managed key. The AWS managed key `aws/ecr` is not a customer managed key.

## Why it matters

The source holds the images that every replica comes from. A customer managed key has a key policy, can be revoked, and
shows in CloudTrail who used it. Each replica is encrypted by the settings of its own repository, so both ends need it.

## How to fix

The encryption of a repository can never be changed. The audit therefore prints steps and no command: a new repository
with the right encryption, to which the images are copied.

## Limits of this check

Whether a key is customer managed is known only where AWS KMS could be read; else the answer is unknown. Whether the key
is enabled is not evaluated at the source.

## References

- AWS Security Hub, ECR.5:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Encryption at rest:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
"""

from __future__ import annotations

from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    repository, place, encryption = row["repository"], actions.registry(row), row["expected_encryption"]
    return Remediation(
        summary=f"Create {repository} at {place} again with {encryption}.",
        manual=(
            f"Save the repository policy, lifecycle policy, tag mutability and tags of {repository} at {place}.",
            f"Create a second repository at {place} with {encryption}, and copy every image with its tags to it.",
            f"Make sure that the copy is complete, and stop pushes to {repository}.",
            f"Delete {repository} at {place} with its images, create it with {encryption}, and copy the images back.",
            "Restore the saved policies, tag mutability and tags, and delete the second repository.",
            "Replication replicates the pushed images again; run the audit again.",
        ),
    )


CHECK = Check(
    id="sources.encryption",
    aliases=("SRC-03",),
    title="Source encryption matches the baseline",
    severity=Severity.HIGH,
    table=REPOSITORIES,
    expect=equals("encryption_in_baseline_terms", "expected_encryption"),
    message="{repository} in {account}/{region} is encrypted with {encryption}, the baseline requires "
    "{expected_encryption} of this source",
    remediation=_remediation,
    when=("encryption_required",),
    unknown="whether the source {repository} in {account}/{region} has the required encryption is unknown",
    evidence=("encryption",),
    permissions=("ecr:DescribeRepositories", "ecr:DescribeRegistry", "kms:DescribeKey"),
    controls=(
        "Security Hub ECR.5",
        "NIST 800-53 SC-12(2)",
        "NIST 800-53 SC-13",
        "NIST 800-53 SC-28",
        "AWS Config ecr-repository-cmk-encryption-enabled",
    ),
)
