"""The KMS key of a replica repository is enabled and lies in the repository's Region.

## What it checks

Where a destination repository names a KMS key, that key must exist, be in the state `Enabled`, and lie in the
repository's Region.

## Why it matters

Without its key, the repository can neither accept nor return an image: replication into it fails, and so does every
pull during a failover. A key that is pending deletion makes the images unreadable for good once the waiting period is
over.

## How to fix

Enable the key, or cancel its deletion, at once. The encryption of a repository cannot be changed; if the key is gone,
the replica has to be created again with another one and filled from the source. These are manual steps.

## Limits of this check

The key's state is what KMS answers to the audit role; a key of another account may be hidden from it, which makes the
answer unknown. ECR's grants on the key are not evaluated.

## References

- AWS Security Hub, ECR.5:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = "/".join(actions.destination(row))
    repository, key = row["repository"], row["kms_key"]
    return Remediation(
        summary=f"Make the KMS key of {repository} at {place} usable again.",
        manual=(
            f"Examine the key {key}: its state is {row['key_state']}.",
            "If it is disabled, enable it; if its deletion is pending, cancel that first.",
            f"If it is gone, delete {repository} at {place}, create it with a key of that Region, and start a backfill "
            f"from {'/'.join(actions.source(row))}.",
        ),
    )


CHECK = Check(
    id="settings.key-usable",
    aliases=("DST-12",),
    title="KMS keys of replica repositories are enabled and in the same Region",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=in_set("key_state", "Enabled"),
    message="{repository} at {destination_account}/{destination_region} is encrypted with {kms_key}: the key is "
    "{key_state}",
    remediation=_remediation,
    when=("key_named",),
    unknown="whether the KMS key of {repository} at {destination_account}/{destination_region} can be used is unknown",
    unknown_reason="{key_state_unknown:clause}",
    evidence=("kms_key", "encryption"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "kms:DescribeKey"),
    controls=("Security Hub ECR.5",),
)
