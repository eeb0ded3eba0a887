"""No replication of an image failed.

## What it checks

For images that a rule matches and that are not at the destination, the audit reads their replication status. None may
be `FAILED`. There is one finding for each repository and destination: it counts the images, names the failure codes
with what is known of them, and shows the first images.

## Why it matters

ECR tries an image once. A failure is not repeated and is announced only by an event at the destination, so that a
registry policy which was wrong for an hour leaves gaps that stay unnoticed. The code is the shortest way to the cause.

## How to fix

Fix the cause first; the steps of the remediation say where to look for each code. Then start the backfill, which tries
again everything that the current rules replicate to that destination.

## Limits of this check

One call is needed for each image, so at most 100 missing images of each source registry and destination are read,
those first that are old enough to have arrived; the list of gaps says how many were left out. Where the read was
denied, or images were left out and none of the others failed, the answer is unknown. AWS documents no list of codes, so
that the advice for most of them is general.

## References

- Amazon ECR API reference, ImageReplicationStatus:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageReplicationStatus.html
- Amazon ECR user guide, Replicating existing images with backfill:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-backfill.html
- aws/containers-roadmap, issue 2675: https://github.com/aws/containers-roadmap/issues/2675
"""

from __future__ import annotations

from checks.engine.text import names_in
from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.replication_failures import what_to_do
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    return Remediation(
        summary=f"Fix what made the replication fail, then backfill {'/'.join(destination)} from {'/'.join(source)}.",
        changes=(actions.start_backfill(source, destination),),
        manual=tuple(step for code in names_in(row["failure_codes"]) for step in what_to_do(code, source, destination)),
    )


CHECK = Check(
    id="coverage.replication-succeeded",
    aliases=("COV-03",),
    title="No replication of an image failed",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=between("replications_failed", maximum=0),
    message="{replications_failed:count image} of {repository} in {source_account}/{source_region} did not reach "
    "{destination_account}/{destination_region}, the replication status is FAILED{failure_meaning:because}",
    remediation=_remediation,
    when=("statuses_asked",),
    unknown="the replication status of images of {repository} that may not have reached {destination_account}/"
    "{destination_region} could not be read",
    evidence=(
        "failure_codes",
        "failure_meaning",
        "replications_failed_sample",
        "statuses_refused",
        "images_missing",
    ),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeImages", "ecr:DescribeImageReplicationStatus"),
    controls=("own: NIST 800-53 CP-9",),
)
