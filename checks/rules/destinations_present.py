"""Every rule has a destination.

## What it checks

A replication rule must name at least one destination. The API accepts an empty list.

## Why it matters

A rule without destinations copies nothing, and looks like replication in every listing: its filters name
repositories that somebody believes to be copied. It counts against the limit of rules as well.

## How to fix

Find out what the rule was for. If the repositories that it names should be copied, write down where to, in the
baseline or in the rule. The remedy drops the rule; nothing is copied less than before.

## Limits of this check

It cannot tell which destination was meant. If the baseline says so, `rules.required-link-present` names it.

## References

- Amazon ECR API reference, ReplicationRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
- Amazon ECR user guide, Configuring private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-configure.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import RULES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(
        summary=f"Drop rule {row['rule']} of {row['account']}/{row['region']}, or give it the destination it lacks.",
        edits=(wanted.remove_rule(wanted.registry(row), row["rule"]),),
        safe=True,
    )


CHECK = Check(
    id="rules.destinations-present",
    aliases=("RPL-04",),
    title="Every rule has a destination",
    severity=Severity.LOW,
    table=RULES,
    expect=is_true("destinations_named"),
    message="rule {rule} of {account}/{region} names no destination, so that {prefixes:names} goes nowhere by it",
    remedy=_remedy,
    unknown="where rule {rule} of {account}/{region} copies to is not known",
    evidence=("prefixes",),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
