"""No rule copies every repository where the baseline wants only some of them copied.

## What it checks

A rule without filter copies every repository of its registry, those of tomorrow included. The check applies to such a
rule where the baseline has requirements for at least one of its destinations and each of them names repositories.

## Why it matters

Everything that anybody pushes leaves for the other account: experiments, images of other teams, images that were
meant to stay in one Region. Storage and transfer are paid for all of it, and whoever may pull there may pull all of
it. It is also the easiest mistake to make, since leaving the filter out is all it takes.

## How to fix

Where every destination of the rule is required to receive the same repositories, the remedy puts their prefixes in as
filters. Read it before applying it: what is not named is not copied any more from then on. Copies that exist stay.
Where the destinations are to receive different repositories, or one of them is in no requirement, a person has to
divide the rule.

## Limits of this check

It looks at rules without any filter only. A rule with filters that copies more than required passes. Where every
repository is required, or nothing at all, the check does not apply.

## References

- Amazon ECR user guide, Private image replication examples (repository filters):
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
- Amazon ECR API reference, RepositoryFilter:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import RULES
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    registry, number, filters = wanted.registry(row), row["rule"], names_in(row["declared_filters"])
    if filters:
        return Remedy(
            summary=f"Have rule {number} of {'/'.join(registry)} copy {listed(filters)} only.",
            edits=(wanted.replace_prefix(registry, number, "", filters),),
        )
    return Remedy(
        summary=f"Divide rule {number} of {'/'.join(registry)} by destination, each with the filters that it needs.",
        manual=(
            f"The destinations of rule {number} ({listed(names_in(row['destinations']))}) are to receive different "
            f"repositories; together the baseline requires {listed(names_in(row['declared_prefixes']))}.",
            "Write one rule for the destinations that are to receive the same, with those prefixes as filters, and "
            "keep deleteReplication as it is. A destination that no requirement names needs a decision first.",
            "Put all of them in one PutReplicationConfiguration, so that no image goes uncopied in between.",
        ),
    )


CHECK = Check(
    id="rules.filters-as-declared",
    aliases=("RPL-06",),
    title="No rule copies every repository where the baseline wants only some",
    severity=Severity.MEDIUM,
    table=RULES,
    expect=is_true("filtered_as_declared"),
    message="rule {rule} of {account}/{region} has no filter and copies every repository to {destinations:names}; the "
    "baseline wants only {declared_prefixes:names} there",
    remedy=_remedy,
    when=("subset_declared",),
    unknown="whether the baseline wants only a part of what rule {rule} of {account}/{region} copies is not known: "
    "where the account lies in the organization could not be read",
    evidence=("destinations", "declared_prefixes"),
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-6",),
)
