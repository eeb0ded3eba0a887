"""Every replication rule has at least one destination.

## What it checks

A replication rule must name at least one destination. The API accepts an empty list.

## Why it matters

A rule without destinations replicates nothing, and looks like replication in every listing: its filters name
repositories that seem to be replicated. It also counts against the limit of rules.

## How to fix

Find out what the rule was for. If the repositories that it names should be replicated, add the destination to the
baseline or to the rule. The remediation drops the rule; nothing is replicated less than before.

## Limits of this check

It cannot determine which destination was meant. If the baseline requires one, `rules.required-link-present` names it.

## References

- Amazon ECR API reference, ReplicationRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
- Amazon ECR user guide, Configuring private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-configure.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Drop rule {row['rule']} of {row['account']}/{row['region']}, or add the missing destination.",
        changes=(actions.remove_rule(actions.registry(row), row["rule"]),),
        safe=True,
    )


CHECK = Check(
    id="rules.destinations-present",
    aliases=("RPL-04",),
    title="Every replication rule has a destination",
    severity=Severity.LOW,
    table=RULES,
    expect=between("destination_count", minimum=1),
    message="rule {rule} of {account}/{region}, for {prefixes:prefixes}, has no destination and replicates nothing",
    remediation=_remediation,
    unknown="the destinations of rule {rule} of {account}/{region} are unknown",
    evidence=("prefixes",),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
