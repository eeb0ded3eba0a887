"""A tag names the same image at source and destination.

## What it checks

Where both sides have an image, and the destination has tags on it, every tag that the image has at the source must be
on it at the destination too. Only active images that are older than the baseline's `replication_delay_minutes` are
evaluated.

## Why it matters

Deployments name tags. If `latest`, or a release that was pushed again, points to another image in the second Region,
both Regions run different software under one name, and nothing shows it.

## How to fix

The remediation sets the tag at the destination, on the image that it names at the source, and stops if the tag has
moved meanwhile. It needs the rights to read and put an image there. Where the destination's tags are immutable, a
person has to decide first whether the tag may move; where several registries replicate into the same repository, which
source's tag is meant.

## Limits of this check

A tag that only the destination has is not evaluated: it was deleted at the source, or set at the destination. A tag
whose image is missing at the destination is reported with the image, by `coverage.images-present`. ECR does not record
when a tag was moved, so that one moved a moment ago may be reported although its replication is in progress.

## References

- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
- Amazon ECR user guide, Retagging an image:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Severity
from checks.remediation.tag_sync import retag
from checks.tables import IMAGES

CHECK = Check(
    id="coverage.tags-agree",
    aliases=("COV-05",),
    title="Tags name the same image at source and destination",
    severity=Severity.HIGH,
    table=IMAGES,
    expect=in_set("tags_missing", "[]"),
    message="{repository}@{digest} has the tags {source_tags:names} in {source_account}/{source_region} and "
    "{destination_tags:names} in {destination_account}/{destination_region}",
    remediation=retag,
    when=("tags_differ",),
    unknown="whether {repository}@{digest} has its tags in {destination_account}/{destination_region} is unknown",
    evidence=("source_tags", "destination_tags", "tags_to_set", "sources"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:DescribeImages"),
    controls=("own: NIST 800-53 SI-7",),
)
