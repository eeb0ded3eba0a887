"""No replication is still under way when it should long be over.

## What it checks

For images that are not at the destination, the audit asks ECR what became of the replication. An answer of
`IN_PROGRESS` is judged by the age of the image: it must be younger than the baseline's `replication_delay_minutes`.
While a backfill to the destination runs, old images are copied rightly, and nothing is judged.

## Why it matters

Most copies take minutes. One that hangs is neither a failure that raises an event nor a copy, and a deployment in the
other Region that waits for it waits for good.

## How to fix

Look again after a while: a large image over a long distance, or a backlog, needs time. If it stays, start the backfill
to that destination, which copies what is missing there.

## Limits of this check

AWS promises no duration. The age counts from the push, or from the restore of an archived image; a tag that was moved
to an old image is not told apart. At most 100 missing images of each source registry and destination are asked about.
Where the question was refused, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR API reference, DescribeImageReplicationStatus:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageReplicationStatus.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import IMAGES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    return Remedy(
        summary=f"Wait for the copy, then backfill {'/'.join(destination)} from {'/'.join(source)}.",
        edits=(wanted.start_backfill(source, destination),),
        manual=(
            "Ask once more before the backfill, which costs transfer: `aws ecr describe-image-replication-status` in "
            f"{'/'.join(source)} may say COMPLETE by now.",
        ),
    )


CHECK = Check(
    id="coverage.progress-bounded",
    aliases=("COV-04",),
    title="Replications under way are recent",
    severity=Severity.MEDIUM,
    table=IMAGES,
    expect=is_true("progress_bounded"),
    message="{repository}@{digest}, pushed at {pushed_at}, is still being copied to "
    "{destination_account}/{destination_region}",
    remedy=_remedy,
    when=("progress_judged",),
    unknown="how long {repository}@{digest} has been on its way to {destination_account}/{destination_region} is not "
    "known",
    evidence=("source_tags", "pushed_at", "replication_status"),
    at="source",
    permissions=("ecr:DescribeImages", "ecr:DescribeImageReplicationStatus", "ecr:ListReplicationBackfills"),
    controls=("own: NIST 800-53 CP-9",),
)
