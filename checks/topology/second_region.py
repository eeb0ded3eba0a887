"""Repositories that must outlive their Region have a replica in another Region.

## What it checks

The baseline may name, under `resilience`, repositories that need a replica in another Region, wherever that is. For
each such repository a rule must replicate it to a registry in a Region other than its own, in an account that can
receive it. A repository that is itself a replica has its original elsewhere: it passes where a rule passes it on to
another Region, and is not evaluated otherwise.

## Why it matters

Images live in one Region. When it fails, the clusters in the other one start nodes that have nothing to pull: the
failover works on paper and stops at the first image. Nothing in the account shows the gap before that day.

## How to fix

Where the registry replicates to exactly one registry in another Region already, the remediation adds the required
prefixes to what is replicated there, adds a statement to its registry policy where one is needed, and backfills what
exists, which costs transfer and, from then on, storage. Where there are several, or none, a person chooses one and
writes it into the baseline as a destination of `replication`.

## Limits of this check

It evaluates rules, not images: whether the images arrived is for the `coverage` checks, whether they may arrive for
`grants`. A replica in another account counts as well, so long as its Region is another one. If the rules could not be
read, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Trend Micro, Enable Cross-Region Replication:
  https://www.trendmicro.com/cloudoneconformity/knowledge-base/aws/ECR/enable-cross-region-replication.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import secondary_copies
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return secondary_copies.copying(row, context, "another_region", "another Region")


CHECK = Check(
    id="topology.second-region",
    aliases=("TOP-04",),
    title="Repositories that must outlive their Region have a replica in another Region",
    severity=Severity.HIGH,
    table=REPOSITORIES,
    expect=between("replicas_in_other_regions", minimum=1),
    message="no rule replicates {repository} of {account}/{region} to another Region, as "
    "{another_region_required_by:names} requires",
    remediation=_remediation,
    when=("another_region_required",),
    unknown="whether {repository} of {account}/{region} needs and has a replica in another Region is unknown",
    evidence=("another_region_required_by", "another_region_candidates", "image_count"),
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 CP-6",),
)
