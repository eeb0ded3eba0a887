"""Replication rules cover every destination and every repository prefix that the baseline requires.

## What it checks

For each source registry and each destination registry that the baseline requires, the replication rules of the source
are read. The rules that name this destination must together cover every repository prefix of the requirement. A rule
without filters covers everything; a filter covers a prefix when the prefix begins with it. A required prefix that
begins with another required one is part of that one, and is not named apart.

## Why it matters

Replication is configured per account and per Region, by the team that manages that registry, and each change replaces
the whole configuration. A second team, an older Terraform state or a new account that was left out loses a destination
without any error. The gap shows only when the replica is needed: in a failover, or a deployment in the other Region.

## How to fix

The remediation merges the missing prefixes and the destination into the rules that exist and sends the whole
configuration again. A rule replicates only what is pushed afterwards, so a backfill of existing images follows; it
costs transfer. The destination account must grant the replication first, and a creation template should serve the new
names: the finding says what is lacking of both, and the remediation adds it before the rule. A repository keeps the
encryption with which it is created: where the baseline requires one that no template at the destination gives, the
remediation adds the template, and where the baseline does not say which key, no command is printed until that is
decided. The same holds where all 25 destinations are in use: a person has to decide which registry serves which
destination.

## Limits of this check

Several narrower filters never cover a wider prefix together, although they may match every repository that exists. What
is only required is judged here, and what rules replicate by the groups `grants` and `settings`. The check compares
rules with the baseline, not images with images: a rule may exist and still replicate nothing, because the destination
refuses (group `grants`) or because the images are older than the rule (group `coverage`). If the rules of the source
could not be read, the answer is unknown.

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

from collections.abc import Sequence

from checks.changes import Change, CreateTemplate, UpdateTemplate
from checks.engine.text import names_in, prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, quota, replication_grants
from checks.remediation.prerequisites import prerequisites, unable_to_receive
from checks.remediation.template_service import template_service
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    prefixes = names_in(row["missing_prefixes"]) or names_in(row["expected_prefixes"])
    allowed = actions.once_allowed(source, destination)
    summary = (
        f"Replicate {prefixes_text(prefixes)} from {'/'.join(source)} to {'/'.join(destination)}{allowed}, and "
        "backfill what is older than the rule."
    )
    if row["destination_can_receive"] is False:
        return unable_to_receive(destination, names_in(row["required_by"]))
    if quota.is_full_for(context, source, destination):
        limit = context.registries[source]["destinations_limit"]
        return Remediation(summary=summary, manual=quota.splitting(source, limit))
    delete = actions.switch(row["expected_delete_replication"])
    ground = prerequisites(context, source, destination, prefixes)
    if ground.blockers and row["absent_repository_count"] != 0:
        return Remediation(summary=summary, manual=ground.steps(destination))
    rule = actions.add_replication(source, destination, prefixes, delete)
    # The row does not say whether the source holds images; where it holds none, the backfill finds nothing to do.
    changes = (*_permissions(row, context), *_with_templates(row, context, ground.changes), rule)
    return Remediation(summary=summary, changes=(*changes, actions.start_backfill(source, destination)))


def _permissions(row: Row, context: RemediationContext) -> tuple[Change, ...]:
    """The grant for what the destination would refuse."""
    refused = names_in(row["missing_prefixes_refused"])
    return (replication_grants.grant(row, context, refused),) if refused else ()


def _with_templates(row: Row, context: RemediationContext, prepared: Sequence[Change]) -> tuple[Change, ...]:
    """The changes *prepared*, and templates that serve the rest of what the rule will create."""
    unserved = names_in(row["missing_prefixes_without_template"])
    if not unserved:
        return tuple(prepared)
    service = template_service(row, context, unserved)
    prefixes = {one.prefix for one in prepared if isinstance(one, CreateTemplate | UpdateTemplate)}
    more = [
        one
        for one in service.changes
        if isinstance(one, CreateTemplate | UpdateTemplate) and one.prefix not in prefixes
    ]
    return (*(one for one in service.grants if one not in prepared), *prepared, *more)


CHECK = Check(
    id="rules.required-link-present",
    aliases=("RPL-01",),
    title="Replication rules cover everything that the baseline requires at a destination",
    severity=Severity.HIGH,
    table=LINKS,
    expect=in_set("missing_prefixes", "[]"),
    message="the baseline ({required_by:names}) requires {missing_prefixes:prefixes} to be replicated to "
    "{destination_account}/{destination_region}, and no rule does it{missing_prefixes_obstacles:because}",
    remediation=_remediation,
    when=("expected",),
    unknown="whether the required replication to {destination_account}/{destination_region} is configured is unknown",
    unknown_reason="the rules of the source registry could not be read",
    evidence=(
        "required_by",
        "expected_prefixes",
        "missing_prefixes_refused",
        "missing_prefixes_without_template",
        "prefixes",
        "rules",
    ),
    at="source",
    permissions=("ecr:DescribeRegistry",),
    controls=(
        "own: NIST 800-53 CP-9",
        "own: NIST 800-53 CP-6",
        "Trend Micro: Enable Cross-Region Replication",
    ),
)
