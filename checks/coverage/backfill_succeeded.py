"""The newest backfill to each destination completed.

## What it checks

For each link, the newest replication backfill to the destination that the source registry lists is evaluated. If it
has ended, its status must be `COMPLETE`, not `FAILED` or `STOPPED`. A link without a backfill is not evaluated.

## Why it matters

A backfill replicates the images that are older than the rule. It ends as failed once half of its replications fail,
and leaves the remaining images unreplicated. It runs long enough that its end is easily missed.

## How to fix

List the images that failed and their codes with `aws ecr describe-replication-backfill-results`, fix the cause, mostly
the registry policy (see the group `grants`), and start the backfill again; images that are there already cost nothing.

## Limits of this check

ECR lists backfills for 90 days. A backfill that ended as `COMPLETE` may still have left out single images: those are
found by `coverage.images-present`. ECR does not record why a backfill was stopped.

## References

- Amazon ECR user guide, Replicating existing images with backfill:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-backfill.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    first = (
        f"Find out who stopped it and why, before it is started again in {'/'.join(source)}."
        if row["backfill_status"] == "STOPPED"
        else "List what failed first: `aws ecr list-replication-backfills` has its id, `aws ecr "
        "describe-replication-backfill-results` with `--result-status-filter FAILED` the images and codes; fix "
        f"{'the registry policy or ' if actions.crosses_accounts(source, destination) else ''}whatever "
        f"{'else ' if actions.crosses_accounts(source, destination) else ''}the codes point to."
    )
    return Remediation(
        summary=f"Start the backfill of {'/'.join(destination)} from {'/'.join(source)} again.",
        changes=(actions.start_backfill(source, destination),),
        manual=(first,),
    )


CHECK = Check(
    id="coverage.backfill-succeeded",
    aliases=("COV-10",),
    title="The newest backfill to each destination completed",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=in_set("backfill_status", "COMPLETE"),
    message="the newest backfill from {source_account}/{source_region} to {destination_account}/{destination_region} "
    "is {backfill_status}{backfill_problem:because}",
    remediation=_remediation,
    when=("present", "backfill_ended"),
    unknown="whether the newest backfill from {source_account}/{source_region} to "
    "{destination_account}/{destination_region} completed is unknown",
    evidence=("backfill_problem", "prefixes"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:ListReplicationBackfills"),
    controls=("own: NIST 800-53 CP-9",),
)
