"""Every destination has an EventBridge rule that notifies of failed replication.

## What it checks

With `registries.failure_events: required` in the baseline, each destination needs an enabled EventBridge rule on the
default event bus of its account and Region that matches the event of a failed replication: source `aws.ecr`, detail
type `ECR Replication Action`, result `FAILED`. The rule needs at least one target. A rule that matches more events
passes as well.

## Why it matters

Replication runs in the background and tries an image once. A push does not report that the replication failed; the
status must be requested image by image, in the source account. The event at the destination is the only notification
that AWS sends, and reveals a broken grant within minutes rather than in the next failover.

## How to fix

The remediation puts a rule named `ecr-replication-failed`. Give it a target afterwards (a topic, a queue, a chat);
without one it notifies no one, and the finding stays. Where a rule matches already and only lacks a target, there are
steps and no command: which topic, queue or chat is monitored is for a person to say.

## Limits of this check

Whether events can be delivered to the target is not evaluated, and delivery is best effort. A pattern with comparison
operators that the audit does not evaluate, or one that is limited to single repositories or accounts, leaves the answer
unknown unless another rule matches; so do targets that could not be read. Rules that forward from elsewhere, and other
event buses, are not read.

## References

- Amazon ECR user guide, Amazon ECR events and EventBridge:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
- Amazon EventBridge events reference, Amazon ECR events:
  https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ecr.html
"""

from __future__ import annotations

from checks.engine.text import names_in
from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REGISTRIES

_TARGET = (
    "with `aws events put-targets`: a topic, queue or chat that is monitored, with a policy that allows EventBridge to "
    "write to it."
)


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    idle = names_in(row["failure_rules_without_target"])
    if idle:
        return Remediation(
            summary=f"Give the EventBridge rule {idle[0]} of {row['account']}/{row['region']} a target.",
            manual=(f"Give the rule {idle[0]} a target {_TARGET}",),
        )
    return Remediation(
        summary=f"Put an EventBridge rule for failed replication into {row['account']}/{row['region']}.",
        changes=(actions.put_failure_rule(actions.registry(row)),),
        safe=True,
        manual=(f"Give the rule a target {_TARGET}",),
    )


CHECK = Check(
    id="organization.failure-events",
    aliases=("ORG-09",),
    title="Destinations have an EventBridge rule with a target for failed replication",
    severity=Severity.LOW,
    table=REGISTRIES,
    expect=between("failure_rule_count", minimum=1),
    message="{account}/{region} receives replicas, and no EventBridge rule there notifies of failed replication"
    "{failure_rules_without_target:after ; without a target: }",
    remediation=_remediation,
    when=("failure_events_required",),
    unknown="it is unknown whether an EventBridge rule of {account}/{region} notifies of failed replication",
    evidence=("failure_rules", "failure_rules_without_target", "account_name"),
    permissions=("events:ListRules", "events:ListTargetsByRule"),
    controls=("own: NIST 800-53 SI-4",),
)
