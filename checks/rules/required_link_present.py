"""Every destination that the baseline requires is named by a rule that copies everything required.

## What it checks

For each source registry and each destination registry that the baseline requires, the replication rules of the source
are read. The rules that name this destination must together copy every repository prefix that the requirement asks
for. A rule without filters copies everything; a filter covers a prefix when the prefix begins with it.

## Why it matters

Replication is configured per account and per Region, by whoever manages that registry, and each change replaces the
whole configuration. A second team, an older Terraform state or a forgotten new account leaves out a destination
without any error. Nothing fails until somebody needs the copy: a failover, or a deployment in the other Region.

## How to fix

The remedy merges the missing prefixes and the destination into the rules that exist and sends the whole configuration
again. A rule copies only what is pushed afterwards, so a backfill of what exists already follows; it costs transfer.
The destination account must grant the replication first (see `grants.replication-allowed`); the plan keeps to that
order. A repository keeps the encryption that it is created with: where the baseline asks for one that no template there
gives, the remedy brings the template along, and where the baseline does not say which key, no command is printed until
somebody has decided. Nor is one where 25 destinations are in use already: then a person has to decide which registry
serves which destination.

## Limits of this check

It compares rules with the baseline, not images with images: a rule may exist and still copy nothing, because the
destination refuses (group `grants`) or because the images are older than the rule (group `coverage`). If the rules of
the source could not be read, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Private image replication examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR API reference, ReplicationConfiguration:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html
- Trend Micro, Enable Cross-Region Replication:
  https://www.trendmicro.com/cloudoneconformity/knowledge-base/aws/ECR/enable-cross-region-replication.html
"""

from __future__ import annotations

from checks import headroom, wanted
from checks.groundwork import groundwork
from checks.model import Check, Remedy, RemedyContext, Row, Severity, is_true
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    prefixes = names_in(row["missing_prefixes"]) or names_in(row["expected_prefixes"])
    summary = (
        f"Replicate {listed(prefixes)} from {'/'.join(source)} to {'/'.join(destination)}, once it grants the "
        "replication, and backfill what is older than the rule."
    )
    if row["destination_region_valid"] is False:
        step = f"Correct the Region of this destination in the baseline ({listed(names_in(row['required_by']))})."
        return Remedy(summary="Require a destination that can exist.", manual=(step,))
    if headroom.is_full_for(context, source, destination):
        limit = context.registries[source]["destinations_limit"]
        return Remedy(summary=summary, manual=headroom.splitting(source, limit))
    delete = wanted.switch(row["expected_delete_replication"])
    ground = groundwork(context, source, destination, prefixes)
    if ground.obstacles and row["absent_repository_count"] != 0:
        return Remedy(summary=summary, manual=ground.steps(destination))
    rule = wanted.add_replication(source, destination, prefixes, delete)
    # The row cannot tell whether the source holds images; where it holds none, the backfill finds nothing to do.
    return Remedy(summary=summary, edits=(*ground.edits, rule, wanted.start_backfill(source, destination)))


CHECK = Check(
    id="rules.required-link-present",
    aliases=("RPL-01",),
    title="Every required destination has a rule that copies what is required",
    severity=Severity.HIGH,
    table=LINKS,
    judged="requirement_met",
    expect=is_true(),
    message="{required_by:names} requires {missing_prefixes:names} to be replicated to "
    "{destination_account}/{destination_region}, and no rule does it",
    remedy=_remedy,
    when="expected",
    unknown="whether the required replication to {destination_account}/{destination_region} is configured is not "
    "known: the rules of {source_account}/{source_region} could not be read",
    evidence=("required_by", "expected_prefixes", "missing_prefixes", "prefixes", "rules"),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=(
        "own: NIST 800-53 CP-9",
        "own: NIST 800-53 CP-6",
        "Trend Micro: Enable Cross-Region Replication",
    ),
)
