"""The number of repository filters of a replication rule stays below the warning threshold of AWS's limit.

## What it checks

Each rule may have 100 repository filters, unless Service Quotas or the baseline says otherwise. More than the limit is
high; a number that reaches the warning share, which the baseline sets (80 % unless it says otherwise), is medium. A
rule without filters replicates everything and has none to count.

## Why it matters

A list of filters grows by one with every new team or repository, until the put is refused and nothing at all can be
changed. Long lists also hide mistakes.

## How to fix

Choose shorter prefixes that stand for a whole team or environment, or divide the rule in two with the same
destinations; both count as one destination. A shorter prefix may match more repositories than before, so a person has
to decide.

## Limits of this check

It does not evaluate whether filters match anything, or whether one is contained in another.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
- Amazon ECR user guide, Private image replication examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-examples.html
"""

from __future__ import annotations

from checks.expectations import less_than
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import limit_advice
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Shorten the list of filters of rule {row['rule']} of {row['account']}/{row['region']}.",
        manual=(
            *limit_advice.for_filters(row, context),
            "Leave out every filter that begins with another filter of the rule; it changes nothing.",
            "Replace filters of one team or environment by their common prefix, after checking which other "
            "repositories begin with it; close it with `/`, or it also matches longer names.",
            "If that is not enough, write a second rule with the same destinations and the same deleteReplication.",
        ),
    )


CHECK = Check(
    id="limits.filters-within-limit",
    aliases=("LIM-05",),
    title="The number of repository filters of a rule stays below the warning threshold",
    severity=Severity.HIGH,
    table=RULES,
    expect=less_than("filter_count", "filters_warning_threshold"),
    message="rule {rule} of {account}/{region} has {filter_count:count filter}; the limit is {filters_limit}, and the "
    "warning threshold {filters_warning_threshold}",
    remediation=_remediation,
    graded="filters_severity",
    unknown="it is unknown how many filters rule {rule} of {account}/{region} has",
    evidence=("filters_limit", "destinations"),
    permissions=("ecr:DescribeRegistry", "servicequotas:ListServiceQuotas"),
    controls=("own: NIST 800-53 CP-2",),
)
