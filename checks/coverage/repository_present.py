"""Every repository with images that a rule matches exists at the destination.

## What it checks

Where a rule matches a repository, and the source holds active images that are old enough to have arrived, a
repository of the same name must exist at the destination. How long a replication may take is the baseline's
`replication_delay_minutes`.

## Why it matters

A missing replica repository is the plainest sign that replication does not happen: the images are older than the rule,
the destination refuses to create the repository, or every attempt failed. In the failover that the replica was made
for, nothing can be pulled.

## How to fix

First fix what the group `grants` reports about this link, because a backfill into a registry that refuses it fails
too. Then the remediation starts a backfill to that destination. It covers everything that the current rules replicate
there, not this repository alone, so that it costs transfer; one backfill can run per destination Region, and ten per
registry. A repository keeps the encryption that it is created with: where the baseline asks for one that no creation
template there gives, the remediation creates the template too, and where the baseline does not say which key, no
command is printed until a key is chosen.

## Limits of this check

It asks whether the repository exists, not what is in it; that is `coverage.images-present`. A repository at the
destination that was deleted on purpose is reported as well, as long as a rule matches it. Images in the archive storage
class do not make a replica due.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Replicating existing images with backfill:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-backfill.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.prerequisites import prerequisites
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    allowed = actions.once_allowed(source, destination)
    summary = f"Backfill {'/'.join(destination)} from {'/'.join(source)}{allowed}."
    ground = prerequisites(context, source, destination, (row["repository"],))
    if ground.blockers:
        return Remediation(summary=summary, manual=ground.steps(destination))
    return Remediation(summary=summary, changes=(*ground.changes, actions.start_backfill(source, destination)))


CHECK = Check(
    id="coverage.repository-present",
    aliases=("COV-01",),
    title="Every repository that a rule matches exists at the destination",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=is_true("destination_present"),
    message="{repository} has {source_images:count image} in {source_account}/{source_region} and does not exist in "
    "{destination_account}/{destination_region}, although a rule replicates it there",
    remediation=_remediation,
    when=("replication_due",),
    unknown="whether {repository} exists in {destination_account}/{destination_region} is unknown",
    evidence=("source_images", "matched", "required_by"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:DescribeImages"),
    controls=("own: NIST 800-53 CP-9", "own: NIST 800-53 CP-10"),
)
