"""A replica repository holds no image that none of its sources has.

## What it checks

Where rules match a repository, every image of the replica repository must be in one of the repositories that are
replicated into it, active or archived. A replica repository that several registries replicate into is compared with
all of them, and reported once.

## Why it matters

An image that only the replica repository has was deleted at the source while deletions are not replicated, or it was
pushed to the destination directly. The first is old software that can still be deployed, and storage without an owner;
the second bypasses the controls that the source applies before it publishes.

## How to fix

Review the images one by one: for a backup, keeping what the source deleted is the purpose. Unneeded images can be
deleted at the destination, or by a lifecycle policy there. If replica repositories must follow deletions, switch
deleteReplication on in the rule, which acts on later deletions. If no source ever had the image, find out which
principals can push to the destination.

## Limits of this check

Whether an image was pushed to the destination or deleted at the source is not visible in the lists of images;
CloudTrail records it. Where a registry that the destination's registry policy allows to replicate was not read, an
image that all other sources lack may come from there: the answer is unknown then. Images that reached the destination
less than the baseline's `replication_delay_minutes` ago are left out: they may have been pushed while the two sides
were being read.

## References

- Amazon ECR user guide, Replicating deletions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html
- Amazon ECR user guide, Deleting an image:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/delete_image.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    destination = "/".join(actions.destination(row))
    follows = (
        "Its rule replicates deletions, so that later ones follow; these images were deleted before, or pushed there."
        if row["delete_replication"]
        else "If replica repositories must follow deletions, set `delete_replication: true` in the baseline; the rule "
        "is then reported with its command."
    )
    return Remediation(
        summary=f"Review the images of {row['repository']} that only {destination} has.",
        manual=(
            f"Find out for each whether it was deleted at the source or pushed to {destination} directly; CloudTrail "
            "records PutImage and BatchDeleteImage.",
            f"Delete in {destination} what is not needed and no deployment runs, with `aws ecr batch-delete-image` or "
            "a lifecycle policy; a backup may keep it on purpose, which a waiver can say.",
            follows,
        ),
    )


CHECK = Check(
    id="coverage.orphaned-images",
    aliases=("COV-09",),
    title="Replica repositories hold no image that is missing from all their sources",
    severity=Severity.LOW,
    table=REPLICAS,
    expect=between("orphans", maximum=0),
    message="{orphans:count image} of {repository} in {destination_account}/{destination_region} missing from every "
    "repository that is replicated there",
    remediation=_remediation,
    when=("orphans_counted",),
    unknown="whether {repository} in {destination_account}/{destination_region} holds images that none of its sources "
    "has is unknown",
    evidence=("orphans_sample", "delete_replication"),
    at="destination",
    permissions=(
        "ecr:DescribeRegistry",
        "ecr:DescribeRepositories",
        "ecr:DescribeImages",
        "ecr:GetRegistryPolicy",
        "organizations:ListAccounts",
    ),
    controls=("own: NIST 800-53 SI-12",),
)
