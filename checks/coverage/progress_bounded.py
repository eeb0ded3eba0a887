"""No image replication is in progress for longer than the baseline allows.

## What it checks

For images that are not at the destination, the audit reads their replication status. Where it is `IN_PROGRESS`, the
image must have been pushed less than the baseline's `replication_delay_minutes` ago. While a backfill to the
destination runs, old images are replicated as intended, and nothing is evaluated.

## Why it matters

Most replications take minutes. One that hangs is neither a failure that raises an event nor a replicated image, and a
deployment in the other Region that waits for it does not start.

## How to fix

Read the status again after a while: a large image over a long distance, or a backlog, needs time. If it stays, start
the backfill to that destination, which replicates what is missing there.

## Limits of this check

AWS promises no duration. The age counts from the push, or from the restore of an archived image; a tag that was moved
to an old image cannot be distinguished. At most 100 missing images of each source registry and destination are read.
Where the read was denied, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR API reference, DescribeImageReplicationStatus:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageReplicationStatus.html
"""

from __future__ import annotations

from checks.expectations import less_than
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import IMAGES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    return Remediation(
        summary=f"Wait for the replication, then backfill {'/'.join(destination)} from {'/'.join(source)}.",
        changes=(actions.start_backfill(source, destination),),
        manual=(
            "Read the status again before the backfill, which costs transfer: "
            f"`aws ecr describe-image-replication-status` in {'/'.join(source)} may say COMPLETE by now.",
        ),
    )


CHECK = Check(
    id="coverage.progress-bounded",
    aliases=("COV-04",),
    title="Image replications in progress are recent",
    severity=Severity.MEDIUM,
    table=IMAGES,
    expect=less_than("minutes_since_push", "replication_delay_minutes"),
    message="{repository}@{digest}, pushed at {pushed_at}, is still being replicated to "
    "{destination_account}/{destination_region} after {minutes_since_push:count minute}",
    remediation=_remediation,
    when=("replication_in_progress",),
    unknown="how long the replication of {repository}@{digest} to {destination_account}/{destination_region} has been "
    "in progress is unknown",
    evidence=("source_tags", "pushed_at", "replication_status"),
    at="source",
    permissions=("ecr:DescribeImages", "ecr:DescribeImageReplicationStatus", "ecr:ListReplicationBackfills"),
    controls=("own: NIST 800-53 CP-9",),
)
