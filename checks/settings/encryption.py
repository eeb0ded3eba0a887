"""The encryption of a replica repository is the one that the baseline requires.

## What it checks

Where the baseline sets `encryption` for a destination repository, its encryption type must be that type and its KMS
key that key: a given key, in which account and Region stand for the replica's own, or any customer managed key. The
AWS managed key `aws/ecr` is not a customer managed key.

## Why it matters

Each replicated image is encrypted by the settings of the repository in which it lies. A repository that replication
creates without a template has AES-256 with a key of AWS, even where the source is encrypted with a customer managed
key, whose use can be audited and revoked.

## How to fix

The encryption of a repository can never be changed; the repository has to be deleted and created again. The audit
therefore prints steps and no command. Do it only with the replica, after making sure that the source has every image,
and put a creation template in place first, so that the same finding does not return.

## Limits of this check

Whether the key can be used is `settings.key-usable`. Whether a key is customer managed is known only where AWS KMS
could be read; else the answer is unknown. Images that exist only at the destination are lost by the procedure, as the
steps say.

## References

- AWS Security Hub, ECR.5:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.repository_settings import recreating
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    repository, place = row["repository"], "/".join(actions.destination(row))
    return Remediation(
        summary=f"Create {repository} at {place} again with {row['expected_encryption']}.",
        manual=recreating(row, row["expected_encryption"]),
    )


CHECK = Check(
    id="settings.encryption",
    aliases=("DST-05",),
    title="Replica encryption matches the baseline",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=equals("encryption_in_baseline_terms", "expected_encryption"),
    message="{repository} at {destination_account}/{destination_region} is encrypted with {encryption}, the baseline "
    "requires {expected_encryption}",
    remediation=_remediation,
    when=("encryption_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} has the required encryption is unknown",
    evidence=("encryption", "expected_kms_key"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "kms:DescribeKey"),
    controls=(
        "Security Hub ECR.5",
        "NIST 800-53 SC-12(2)",
        "NIST 800-53 CM-3(6)",
        "NIST 800-53 SC-13",
        "NIST 800-53 SC-28",
        "NIST 800-53 SC-28(1)",
        "NIST 800-53 SC-7(10)",
        "NIST 800-53 CA-9(1)",
        "NIST 800-53 SI-7(6)",
        "NIST 800-53 AU-9",
        "AWS Config ecr-repository-cmk-encryption-enabled",
    ),
)
