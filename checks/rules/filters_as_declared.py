"""A rule has repository filters where the baseline requires only some repositories at its destinations.

## What it checks

A rule without filter replicates every repository of its registry, those of tomorrow included. The check applies to
such a rule where the baseline has requirements for at least one of its destinations and each of them names
repositories. The rule must then have at least one repository filter.

## Why it matters

Every image that is pushed leaves for the other account: experiments, images of other teams, images that were meant to
stay in one Region. Storage and transfer are paid for all of it, and every principal that may pull there may pull all
of it. It is also the easiest mistake to make, since leaving the filter out is enough.

## How to fix

Where every destination of the rule is required to receive the same repositories, the remediation adds their prefixes
as filters. Review it first: what is not named is no longer replicated from then on. Existing replicas stay. Where the
destinations are to receive different repositories, or one of them is in no requirement, a person has to divide the
rule.

## Limits of this check

It evaluates rules without any filter only. A rule with filters that replicates more than required passes. Where every
repository is required, or nothing at all, the check does not apply.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR API reference, RepositoryFilter:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text, prefixes_text
from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    registry, number, filters = actions.registry(row), row["rule"], names_in(row["expected_filters"])
    if filters:
        return Remediation(
            summary=f"Limit rule {number} of {'/'.join(registry)} to {names_text(filters)}.",
            changes=(actions.replace_prefix(registry, number, "", filters),),
        )
    return Remediation(
        summary=f"Divide rule {number} of {'/'.join(registry)} by destination, each with the filters that it needs.",
        manual=(
            f"The destinations of rule {number} ({names_text(names_in(row['destinations']))}) are to receive different "
            f"repositories; together the baseline requires {prefixes_text(names_in(row['required_prefixes']))}.",
            "Write one rule for the destinations that are to receive the same, with those prefixes as filters, and "
            "keep deleteReplication as it is. A destination that no requirement names needs a decision first.",
            "Put all of them in one PutReplicationConfiguration, so that replication of no image is interrupted.",
        ),
    )


CHECK = Check(
    id="rules.filters-as-declared",
    aliases=("RPL-06",),
    title="Rules have repository filters where the baseline requires only some repositories",
    severity=Severity.MEDIUM,
    table=RULES,
    expect=between("filter_count", minimum=1),
    message="rule {rule} of {account}/{region} has no filter and replicates every repository to {destinations:names}; "
    "the baseline requires only {required_prefixes:prefixes} there",
    remediation=_remediation,
    when=("filters_required",),
    unknown="whether the baseline requires only a part of what rule {rule} of {account}/{region} replicates is unknown",
    unknown_reason="the account's place in the organization could not be read",
    evidence=("destinations", "required_prefixes"),
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-6",),
)
