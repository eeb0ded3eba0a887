"""Every destination has an EventBridge rule that captures failed replication.

## What it checks

With `registries.failure_events: required` in the baseline, each destination needs an enabled EventBridge rule on the
default event bus of its account and Region that matches the event of a failed replication: source `aws.ecr`, detail
type `ECR Replication Action`, result `FAILED`. A rule that matches more events passes as well.

## Why it matters

Replication runs in the background and tries an image once. A push does not report that the replication failed; the
status must be requested image by image, in the source account. The event at the destination is the only notification
that AWS sends, and reveals a broken grant within minutes rather than in the next failover.

## How to fix

The remediation puts a rule named `ecr-replication-failed`. Give it a target afterwards (a topic, a queue, a chat);
without one it notifies no one.

## Limits of this check

Targets are not evaluated, and delivery is best effort. A pattern with comparison operators that the audit does not
evaluate, or one that is limited to single repositories or accounts, leaves the answer unknown unless another rule
matches. Rules that forward from elsewhere, and other event buses, are not read.

## References

- Amazon ECR user guide, Amazon ECR events and EventBridge:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
- Amazon EventBridge events reference, Amazon ECR events:
  https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ecr.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Put an EventBridge rule for failed replication into {row['account']}/{row['region']}.",
        changes=(actions.put_failure_rule(actions.registry(row)),),
        safe=True,
        manual=(
            "Give the rule a target with `aws events put-targets`: a topic, queue or chat that is monitored, with a "
            "policy that allows EventBridge to write to it.",
        ),
    )


CHECK = Check(
    id="organization.failure-events",
    aliases=("ORG-09",),
    title="Destinations have an EventBridge rule for failed replication",
    severity=Severity.LOW,
    table=REGISTRIES,
    expect=between("failure_rule_count", minimum=1),
    message="{account}/{region} receives replicas, and no EventBridge rule there captures failed replication",
    remediation=_remediation,
    when=("failure_events_required",),
    unknown="it is unknown whether an EventBridge rule of {account}/{region} captures failed replication",
    evidence=("failure_rules", "account_name"),
    permissions=("events:ListRules",),
    controls=("own: NIST 800-53 SI-4",),
)
