"""The filters of a replication rule stay clear of AWS's limit.

## What it checks

Each rule may have 100 repository filters. More than the limit is graded high, more than the warning share that the
baseline sets (80 % unless it says otherwise) medium. A rule without filters copies everything and has none to count.

## Why it matters

A list of filters grows by one with every new team or repository, until one day the put is refused and nothing at all
can be changed. Long lists also hide mistakes: nobody reads a hundred prefixes.

## How to fix

Choose shorter prefixes that stand for a whole team or environment, or divide the rule in two with the same
destinations; both count as one destination. A shorter prefix may match more repositories than before, so this is for
a person.

## Limits of this check

It does not judge whether filters match anything, or whether one is contained in another.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
- Amazon ECR user guide, Private image replication examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.remedies import offers
from checks.tables import RULES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(
        summary=f"Shorten the list of filters of rule {row['rule']} of {row['account']}/{row['region']}.",
        manual=(
            *offers.for_filters(row, context),
            "Leave out every filter that begins with another filter of the rule; it changes nothing.",
            "Replace filters of one team or environment by their common prefix, after looking at which other "
            "repositories begin with it; close it with `/`, or it also matches longer names.",
            "If that is not enough, write a second rule with the same destinations and the same deleteReplication.",
        ),
    )


CHECK = Check(
    id="limits.filters-within-limit",
    aliases=("LIM-05",),
    title="The filters of a rule stay clear of the limit",
    severity=Severity.HIGH,
    table=RULES,
    expect=is_true("filters_comfortable"),
    message="rule {rule} of {account}/{region} has {filter_count:count filter} of {filters_limit}",
    remedy=_remedy,
    graded="filters_grade",
    unknown="how many filters rule {rule} of {account}/{region} has is not known",
    evidence=("filter_count", "filters_limit", "destinations"),
    permissions=("ecr:DescribeRegistry", "servicequotas:ListServiceQuotas"),
    controls=("own: NIST 800-53 CP-2",),
)
