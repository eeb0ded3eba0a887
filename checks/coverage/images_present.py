"""Every image that a rule replicates is present at the destination.

## What it checks

Where a rule matches a repository that exists on both sides, the images are compared by digest. No active image of the
source may be missing at the destination, unless it was pushed so recently that its replication may not have finished
(`replication_delay_minutes` in the baseline). Archived images, and images that are being restored from the archive, are
counted apart and do not fail the check. The finding says which of the missing images the lifecycle policy of the
replica repository itself expires.

## Why it matters

Replication acts on pushes, once. An image that is older than the rule, or whose replication failed for a reason that
has long been fixed, is never tried again, and the repository looks healthy because the newer images arrive. The
missing one is noticed on a rollback to it in the other Region.

## How to fix

Fix what blocks the replication first (group `grants`, accounts and Regions of the group `organization`). Then the
remediation starts a backfill to the destination, which replicates everything that the current rules match and that is
not there yet.

## Limits of this check

Digests are compared, not tags: a tag that points to another image on each side is not evaluated here. The images of a
manifest list (one for each architecture) are images of their own, so that a missing one is counted like any other; the
list that it belongs to is not named, because reading a list takes `ecr:BatchGetImage`, the right to pull images, which
an audit should not have. An image that the lifecycle policy of the replica expires is missing all the same; which ones
these are follows from the tags and push times at the source, and is unknown where the policy counts from the last pull
or the image is untagged, because a manifest list may keep it. With a very large repository the audit may have stopped
at its stated bound; the answer is then unknown.

## References

- Amazon ECR user guide, Replicating existing images with backfill:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-backfill.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    if row["images_missing_expired"] == row["images_missing"]:
        where = f"{row['repository']} at {'/'.join(destination)}"
        return Remediation(
            summary=f"Make the lifecycle policy of {where} keep the images, then backfill them.",
            manual=(
                f"Decide how long {where} keeps images: today its lifecycle policy expires all that are missing. "
                "settings.lifecycle-not-stricter shows what to change.",
                f"Change that policy, or waive this finding where the replica is to keep fewer images than "
                f"{'/'.join(source)}.",
                "Run the audit again: the command for the backfill is printed from then on.",
            ),
        )
    return Remediation(
        summary=f"Backfill {'/'.join(destination)} from {'/'.join(source)}{actions.once_allowed(source, destination)}.",
        changes=(actions.start_backfill(source, destination),),
    )


CHECK = Check(
    id="coverage.images-present",
    aliases=("COV-02", "COV-06"),
    title="Every image that a rule replicates is present at the destination",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=between("images_missing", maximum=0),
    message="{images_missing:count image} of {repository} in {source_account}/{source_region} missing in "
    "{destination_account}/{destination_region}, the oldest pushed at {oldest_missing_pushed_at}"
    "{images_missing_expiry:because}",
    remediation=_remediation,
    when=("images_comparable",),
    unknown="which images of {repository} are present in {destination_account}/{destination_region} is unknown",
    evidence=(
        "source_images",
        "images_missing_sample",
        "images_missing_expired",
        "images_missing_expired_sample",
        "images_missing_perhaps_expired",
        "oldest_missing_pushed_at",
        "images_missing_archived",
        "images_in_flight",
    ),
    at="source",
    permissions=(
        "ecr:DescribeRegistry",
        "ecr:DescribeRepositories",
        "ecr:DescribeImages",
        "ecr:GetLifecyclePolicy",
    ),
    controls=("own: NIST 800-53 CP-9",),
)
