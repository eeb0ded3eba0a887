"""A replication rule does not name its own registry as a destination.

## What it checks

Each destination of a rule is a pair of account and Region. None of them may be the account and Region of the registry
that the rule belongs to.

## Why it matters

ECR refuses such a destination, so a configuration that holds one was not written by the usual API call, or comes from
a simulator or an import. It replicates nothing. It also blocks every later change: the put that would carry out
another fix sends the whole configuration and is refused because of this one pair.

## How to fix

The remediation removes the pair from every rule and drops a rule that has no other destination. Nothing is replicated
less than before. If another account or Region was meant, add that one; if the rule was written for the whole
organization, leave out the registry that it runs in.

## Limits of this check

Only rules are evaluated. Where the baseline requires the same destination of many registries, one of which is the
destination itself, that one is left out without a finding.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR API reference, ReplicationDestination:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationDestination.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import RULES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    own = actions.registry(row)
    return Remediation(
        summary=f"Remove {'/'.join(own)} from its own replication rules.",
        changes=(actions.remove_destination(own, own),),
        safe=True,
    )


CHECK = Check(
    id="rules.self-destination",
    aliases=("RPL-03",),
    title="Replication rules do not name their own registry as a destination",
    severity=Severity.MEDIUM,
    table=RULES,
    expect=in_set("self_destinations", "[]"),
    message="rule {rule} names its own registry {account}/{region} as a destination, which ECR refuses",
    remediation=_remediation,
    unknown="the destinations of rule {rule} of {account}/{region} are unknown",
    evidence=("destinations", "prefixes"),
    permissions=("ecr:DescribeRegistry",),
    controls=("own: NIST 800-53 CM-6",),
)
