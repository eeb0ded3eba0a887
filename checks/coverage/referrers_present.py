"""Signatures, SBOMs and other referrers are present where the images are that they refer to.

## What it checks

Where a rule matches a repository that exists on both sides, no image that refers to another one may be missing at the
destination if the image that it refers to is there. Only active images that are older than the baseline's
`replication_delay_minutes` are counted.

## Why it matters

A cluster that admits signed images only rejects an image without its signature, and does so in a failover. Referrers
are images of their own, pushed after the one that they refer to: they are lost one by one, and the image itself does
not show it.

## How to fix

Fix what blocks the replication first, as for any missing image. The remediation starts a backfill to the destination,
which replicates the referrers too.

## Limits of this check

Referrers are recognized by the subject that ECR lists with an image. Signatures that only a tag connects with their
image (`sha256-….sig`) count as plain images. Whether a signature is valid is not evaluated.

## References

- Amazon ECR user guide, Signing images:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-signing.html
- Amazon ECR API reference, ImageDetail:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    return Remediation(
        summary=f"Backfill {'/'.join(destination)} from {'/'.join(source)}{actions.once_allowed(source, destination)}.",
        changes=(actions.start_backfill(source, destination),),
    )


CHECK = Check(
    id="coverage.referrers-present",
    aliases=("COV-07",),
    title="Signatures and SBOMs are replicated with their images",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=between("referrers_missing", maximum=0),
    message="{referrers_missing:count referrer} (signatures, SBOMs) of images of {repository} in "
    "{source_account}/{source_region} missing in {destination_account}/{destination_region}",
    remediation=_remediation,
    when=("images_comparable",),
    unknown="which referrers of {repository} are present in {destination_account}/{destination_region} is unknown",
    evidence=("images_missing", "images_missing_sample"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:DescribeImages"),
    controls=("own: NIST 800-53 SI-7", "own: NIST 800-53 SR-4"),
)
