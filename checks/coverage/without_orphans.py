"""A copy holds nothing that its sources do not have.

## What it checks

Where rules copy a repository, every image of the copy must be in one of the repositories that are replicated into it,
active or archived. What several registries replicate into one copy is held against all of them, and told once.

## Why it matters

An image that only the copy has was deleted at the source while deletions are not replicated, or somebody pushed it
into the copy. The first is old software that can still be deployed, and storage that nobody cleans up; the second is a
way around whatever the source checks before it publishes.

## How to fix

Review the images one by one: for a backup, keeping what the source deleted is the purpose. What nobody needs can be
deleted at the destination, or by a lifecycle policy there. If copies must follow deletions, switch deleteReplication
on in the rule, which acts on later deletions. Look for who can push into the copy if nobody ever had the image.

## Limits of this check

Whether an image was pushed to the copy or deleted at the source cannot be told from the lists of images; CloudTrail
knows. Where somebody whom the destination's registry policy lets replicate was not read, an image that all other
sources lack may be from there: the answer is unknown then. Images that arrived during the audit are left out.

## References

- Amazon ECR user guide, Replicating deletions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html
- Amazon ECR user guide, Deleting an image:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/delete_image.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import between
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REPLICAS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    destination = "/".join(wanted.destination(row))
    follows = (
        "Its rule replicates deletions, so that later ones follow; these images were deleted before, or pushed there."
        if row["delete_replication"]
        else "If copies must follow deletions, say so in the baseline (delete_replication: true); the rule is then "
        "reported with its command."
    )
    return Remedy(
        summary=f"Review the images of {row['repository']} that only {destination} has.",
        manual=(
            f"Find out for each whether it was deleted at the source or pushed to {destination} directly; CloudTrail "
            "has PutImage and BatchDeleteImage.",
            f"Delete at {destination} what nobody needs and no deployment runs, with `aws ecr batch-delete-image` or a "
            "lifecycle policy; a backup may keep it on purpose, which a waiver can say.",
            follows,
        ),
    )


CHECK = Check(
    id="coverage.without-orphans",
    aliases=("COV-09",),
    title="Copies hold no image that none of their sources has",
    severity=Severity.LOW,
    table=REPLICAS,
    expect=between("orphans", maximum=0),
    message="{orphans:count image} of {repository} at {destination_account}/{destination_region} in none of the "
    "repositories that are replicated there",
    remedy=_remedy,
    when=("orphans_judged",),
    unknown="whether {repository} at {destination_account}/{destination_region} holds images that none of its sources "
    "has is not known",
    evidence=("orphans", "orphans_sample", "delete_replication"),
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
