"""A tag names the same image on both sides.

## What it checks

Where both sides have an image, and the destination has tags on it, every tag that it has at the source must be on it
at the destination too. Only active images that had time to arrive are judged.

## Why it matters

Deployments name tags. If `latest`, or a release that was pushed again, points to another image in the second Region,
both Regions run different software under one name, and nothing looks wrong.

## How to fix

The remedy sets the tag at the destination, on the image that it names at the source, and refuses if the tag has moved
meanwhile. It needs the rights to read and put an image there. Where the destination's tags are immutable, somebody
has to decide first whether the tag may move; where several registries replicate into the same copy, whose tag is meant.

## Limits of this check

A tag that only the destination has is not judged: it was deleted at the source, or set at the destination. A tag whose
image is missing at the destination is reported with the image, by `coverage.images-present`. ECR does not tell when a
tag was moved, so that one moved a moment ago may be reported though its copy is under way.

## References

- Amazon ECR user guide, Image tag mutability:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
- Amazon ECR user guide, Retagging an image:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Severity
from checks.retagging import retag
from checks.tables import IMAGES

CHECK = Check(
    id="coverage.tags-agree",
    aliases=("COV-05",),
    title="Tags name the same image at source and destination",
    severity=Severity.HIGH,
    table=IMAGES,
    expect=is_true("tags_carried"),
    message="{repository}@{digest} has the tags {source_tags:names} at {source_account}/{source_region} and "
    "{destination_tags:names} at {destination_account}/{destination_region}",
    remedy=retag,
    when=("tags_judged",),
    unknown="whether {repository}@{digest} has its tags at {destination_account}/{destination_region} is not known",
    evidence=("source_tags", "destination_tags", "tags_to_set", "sources"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:DescribeImages"),
    controls=("own: NIST 800-53 SI-7",),
)
