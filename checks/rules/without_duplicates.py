"""No rule says anything twice, and no rule repeats another.

## What it checks

Within a rule, each destination and each filter must stand once. And no rule may be the same as an earlier one of its
registry: the same destinations, the same filters and the same `deleteReplication`, in whatever order.

## Why it matters

Duplicates copy nothing more. They come from configurations that were joined by hand, and they mislead: somebody
removes a destination from one rule and believes that the copies have stopped. They use up the numbers of rules and
filters that AWS allows.

## How to fix

The remedy names everything once, or drops the later of two equal rules. What is copied stays the same.

## Limits of this check

Only what is equal counts here. A filter that lies within another one, or a rule whose work a different rule does, is
reported by `rules.filters-needed`.

## References

- Amazon ECR API reference, ReplicationRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import RULES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    registry, number, first = wanted.registry(row), row["rule"], row["same_as_rule"]
    if first:
        return Remedy(
            summary=f"Drop rule {number} of {'/'.join(registry)}; rule {first} is the same.",
            edits=(wanted.remove_rule(registry, number),),
            safe=True,
        )
    return Remedy(
        summary=f"Name every destination and filter of rule {number} of {'/'.join(registry)} once.",
        edits=(wanted.remove_duplicates(registry, number),),
        safe=True,
    )


CHECK = Check(
    id="rules.without-duplicates",
    aliases=("RPL-05",),
    title="No rule says anything twice or repeats another",
    severity=Severity.LOW,
    table=RULES,
    expect=is_true("without_duplicates"),
    message="rule {rule} of {account}/{region} is partly superfluous: {duplicates_problem}",
    remedy=_remedy,
    unknown="what rule {rule} of {account}/{region} names is not known",
    evidence=("repeated", "same_as_rule", "destinations", "prefixes"),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
