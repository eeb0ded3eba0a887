"""An image that is tagged at the source is tagged at the destination.

## What it checks

Where both sides have an image that is tagged at the source, the replicated image must have a tag as well. Only active
images that are older than the baseline's `replication_delay_minutes` are evaluated.

## Why it matters

An immutable destination keeps the tag that it has: a newer image with the same tag arrives without it. The replicated
image cannot be pulled by name, deployments get the old image, and a lifecycle policy that expires untagged images
removes it for good.

## How to fix

First let moving tags move at the destination (see `settings.moving-tags`), or it happens again with the next push.
Then the remediation sets the tags on the replicated image. A tag that is free is set at once; one that names another
image there only where the destination's mutability allows it.

## Limits of this check

A replicated image that has some of the tags is evaluated by `coverage.tags-agree`. Images that are untagged on both
sides (children of manifest lists, signatures) are expected to be.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Severity
from checks.remediation.tag_sync import retag
from checks.tables import IMAGES

CHECK = Check(
    id="coverage.tags-present",
    aliases=("COV-08",),
    title="Images that are tagged at the source are tagged at the destination",
    severity=Severity.HIGH,
    table=IMAGES,
    expect=in_set("tags_missing", "[]"),
    message="{repository}@{digest} is tagged {source_tags:names} in {source_account}/{source_region} and untagged in "
    "{destination_account}/{destination_region}",
    remediation=retag,
    when=("untagged_at_destination",),
    unknown="whether {repository}@{digest} is tagged in {destination_account}/{destination_region} is unknown",
    evidence=("source_tags", "tags_to_set", "sources"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:DescribeImages"),
    controls=("own: NIST 800-53 CP-9",),
)
