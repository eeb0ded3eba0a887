"""What is tagged at the source is tagged at the destination.

## What it checks

Where both sides have an image that is tagged at the source, its copy must not be without any tag. Only active images
that had time to arrive are judged.

## Why it matters

An immutable destination keeps the tag that it has: a newer image with the same tag arrives without it. Nobody can pull
the copy by name, deployments get the old image, and a lifecycle policy that drops untagged images removes the copy
for good.

## How to fix

First let moving tags move at the destination (see `settings.moving-tags`), or it happens again with the next push.
Then the remedy sets the tags on the copy. A tag that is free is set at once; one that names another image there only
where the destination's mutability allows it.

## Limits of this check

A copy that has some of the tags is judged by `coverage.tags-agree`. Images that are untagged on both sides (children of
manifest lists, signatures) are as they should be.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Severity
from checks.retagging import retag
from checks.tables import IMAGES

CHECK = Check(
    id="coverage.tags-present",
    aliases=("COV-08",),
    title="Images that are tagged at the source are tagged at the destination",
    severity=Severity.HIGH,
    table=IMAGES,
    expect=is_true("tags_carried"),
    message="{repository}@{digest} is tagged {source_tags:names} at {source_account}/{source_region} and not at all at "
    "{destination_account}/{destination_region}",
    remedy=retag,
    when=("untagged_judged",),
    unknown="whether {repository}@{digest} is tagged at {destination_account}/{destination_region} is not known",
    evidence=("source_tags", "tags_to_set", "sources"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:DescribeImages"),
    controls=("own: NIST 800-53 CP-9",),
)
