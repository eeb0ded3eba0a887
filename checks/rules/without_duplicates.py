"""No rule names a destination or a filter more than once, or is identical to an earlier rule.

## What it checks

Within a rule, each destination and each filter must occur once. And no rule may be identical to an earlier one of its
registry: the same destinations, the same filters and the same `deleteReplication`, in whatever order.

## Why it matters

Duplicates replicate nothing more. They come from configurations that were merged by hand, and they mislead: after a
destination is removed from one rule, replication seems to have stopped and has not. They also count against the limits
of rules and filters.

## How to fix

The remediation names everything once, or drops the later of two identical rules. What is replicated stays the same.

## Limits of this check

Only what is identical counts. Rules without destinations are not compared with others: they replicate nothing, and
`rules.destinations-present` reports each of them. A filter that lies within another one, or a rule that another rule
makes redundant, is reported by `rules.filters-needed`.

## References

- Amazon ECR API reference, ReplicationRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    registry, number, first = actions.registry(row), row["rule"], row["same_as_rule"]
    if first:
        return Remediation(
            summary=f"Drop rule {number} of {'/'.join(registry)}; rule {first} is identical.",
            changes=(actions.remove_rule(registry, number),),
            safe=True,
        )
    return Remediation(
        summary=f"Name every destination and filter of rule {number} of {'/'.join(registry)} once.",
        changes=(actions.remove_duplicates(registry, number),),
        safe=True,
    )


CHECK = Check(
    id="rules.without-duplicates",
    aliases=("RPL-05",),
    title="No replication rule repeats a destination, a filter or another rule",
    severity=Severity.LOW,
    table=RULES,
    expect=in_set("duplicates", "[]"),
    message="rule {rule} of {account}/{region} repeats {duplicates:names}",
    remediation=_remediation,
    unknown="it is unknown what rule {rule} of {account}/{region} names",
    evidence=("same_as_rule", "destinations", "prefixes"),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
