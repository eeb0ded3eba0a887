"""Every repository that the baseline requires to be replicated is matched by a rule with that destination.

## What it checks

For each repository that exists at the source and each destination that the baseline requires for it, at least one
rule must name that destination and match the repository: by a filter with which the name begins, or by having no
filter.

## Why it matters

Filters are literal prefixes. A rule for `team-a/` does not match `teama/`, and a repository that was created yesterday
under a new prefix may be matched by no rule at all. Its pushes succeed, and it is not replicated. This check names the
repositories; `rules.required-link-present` evaluates the same requirement by prefix, before any repository exists.

## How to fix

The remediation adds the requirement's prefix, not the single name, to the rules of this destination, so that the next
repository under it is replicated too. Where the source holds images, or may hold some, a backfill follows, because a
rule replicates only what is pushed after it; it costs transfer. When the registry has reached its limit of
destinations, the steps for a person are given instead.

## Limits of this check

Only repositories that the audit listed are evaluated; a listing that was denied makes the answer unknown. A repository
that holds no images is evaluated as well, because its first push should be replicated.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR user guide, Replicating existing images with backfill:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-backfill.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.baseline.requirements import minimal_prefixes, prefixes_of
from checks.engine.text import names_in, prefixes_text
from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, quota
from checks.remediation.prerequisites import prerequisites, unable_to_receive
from checks.tables import REPLICAS

if TYPE_CHECKING:
    from checks.baseline.sections import Requirement


def _requirements(row: Row, context: RemediationContext) -> Iterator[Requirement]:
    names = names_in(row["required_by"])
    return (requirement for requirement in context.baseline.replication if requirement.name in names)


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    requirements = tuple(_requirements(row, context))
    matching = (
        prefix
        for requirement in requirements
        for prefix in prefixes_of(requirement.sources)
        if row["repository"].startswith(prefix)
    )
    # A requirement that is no longer in the baseline leaves the repository's own name, which is a prefix of itself.
    prefixes = minimal_prefixes(matching) or (row["repository"],)
    older = row["source_has_images"] is not False
    rest = ", and backfill what is older than the rule." if older else "."
    summary = f"Replicate {prefixes_text(prefixes)} from {'/'.join(source)} to {'/'.join(destination)}{rest}"
    if row["destination_can_receive"] is False:
        return unable_to_receive(destination, names_in(row["required_by"]))
    if quota.is_full_for(context, source, destination):
        limit = context.registries[source]["destinations_limit"]
        return Remediation(summary=summary, manual=quota.splitting(source, limit))
    ground = prerequisites(context, source, destination, prefixes)
    if ground.blockers:
        # Even where this replica exists: the rule would create others whose names begin alike.
        return Remediation(summary=summary, manual=ground.steps(destination))
    opinions = {requirement.delete_replication for requirement in requirements} - {None}
    delete = opinions.pop() if len(opinions) == 1 else None
    rule = actions.add_replication(source, destination, prefixes, delete)
    backfill = (actions.start_backfill(source, destination),) if older else ()
    return Remediation(summary=summary, changes=(*ground.changes, rule, *backfill))


CHECK = Check(
    id="rules.required-repository-matched",
    aliases=("RPL-11",),
    title="Every repository that must be replicated is matched by a rule",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=between("matching_rules", minimum=1),
    message="the baseline ({required_by:names}) requires repository {repository} to be replicated to "
    "{destination_account}/{destination_region}, and no rule matches it",
    remediation=_remediation,
    when=("expected",),
    unknown="whether a rule replicates {repository} to {destination_account}/{destination_region} is unknown",
    unknown_reason="the rules of the source registry could not be read",
    evidence=("required_by", "source_images"),
    at="source",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositories"),
    controls=("own: NIST 800-53 CP-9",),
)
