"""The key with which a copy is encrypted can be used.

## What it checks

Where a destination repository names a KMS key, that key must exist, be enabled, and lie in the repository's Region.

## Why it matters

Without its key, the repository can neither take an image nor give one out: replication into it fails, and so does
every pull in the failover. A key that is waiting for its deletion makes the images unreadable for good once the wait
is over.

## How to fix

Enable the key, or cancel its deletion, at once. The encryption of a repository cannot be changed; if the key is gone,
the copy has to be created again with another one and filled from the source. These are steps for a person.

## Limits of this check

The key's state is what KMS answers to the audit role; a key of another account may be hidden from it, which makes the
answer unknown. Whether ECR's grants on the key are in order is not judged.

## References

- AWS Security Hub, ECR.5:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REPLICAS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place = "/".join(wanted.destination(row))
    repository, key = row["repository"], row["kms_key"]
    return Remedy(
        summary=f"Make the key of {repository} at {place} usable again.",
        manual=(
            f"Look at the key {key}: {row['key_problem']}.",
            "If it is disabled, enable it; if it is waiting for its deletion, cancel that first.",
            f"If it is gone, delete {repository} at {place}, create it with a key of that Region, and start a backfill "
            f"from {'/'.join(wanted.source(row))}.",
        ),
    )


CHECK = Check(
    id="settings.key-usable",
    aliases=("DST-12",),
    title="The key with which a copy is encrypted can be used",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=is_true("key_usable"),
    message="{repository} at {destination_account}/{destination_region} is encrypted with {kms_key}: {key_problem}",
    remedy=_remedy,
    when=("key_named",),
    unknown="whether the key of {repository} at {destination_account}/{destination_region} can be used is not known"
    "{key_problem:because}",
    evidence=("kms_key", "key_problem", "encryption"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "kms:DescribeKey"),
    controls=("Security Hub ECR.5",),
)
