"""The last backfill to each destination succeeded.

## What it checks

For each link, the newest replication backfill to the destination that the source registry lists is looked at. If it
has ended, it must have ended as `COMPLETE`, not as `FAILED` or `STOPPED`. Without a backfill nothing is judged.

## Why it matters

A backfill is how images that are older than the rule get to the destination. It ends as failed once half of its
replications fail, and leaves behind what it did not reach; whoever started it has usually gone home by then.

## How to fix

See which images failed and why with `aws ecr describe-replication-backfill-results`, mend the cause, mostly the grant
(see the group `grants`), and start it again; images that are there already cost nothing.

## Limits of this check

ECR lists backfills for 90 days. A backfill that ended as `COMPLETE` may still have left out single images: those are
found by `coverage.images-present`. Why a person stopped a backfill is not recorded anywhere.

## References

- Amazon ECR user guide, Replicating existing images with backfill:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-backfill.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    first = (
        f"Find out who stopped it and why, before it is started again in {'/'.join(source)}."
        if row["backfill_status"] == "STOPPED"
        else "See what failed first: `aws ecr list-replication-backfills` has its id, `aws ecr "
        "describe-replication-backfill-results` with `--result-status-filter FAILED` the images and codes; mend the "
        "grant or whatever else the codes point to."
    )
    return Remedy(
        summary=f"Start the backfill of {'/'.join(destination)} from {'/'.join(source)} again.",
        edits=(wanted.start_backfill(source, destination),),
        manual=(first,),
    )


CHECK = Check(
    id="coverage.backfill-succeeded",
    aliases=("COV-10",),
    title="The last backfill to each destination succeeded",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=is_true("backfill_succeeded"),
    message="the last backfill from {source_account}/{source_region} to {destination_account}/{destination_region} is "
    "{backfill_status}{backfill_problem:because}",
    remedy=_remedy,
    when=("present", "backfill_ended"),
    unknown="how the last backfill from {source_account}/{source_region} to {destination_account}/{destination_region} "
    "ended is not known",
    evidence=("backfill_status", "backfill_problem", "prefixes"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:ListReplicationBackfills"),
    controls=("own: NIST 800-53 CP-9",),
)
