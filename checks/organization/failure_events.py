"""Where copies arrive, somebody hears of those that fail.

## What it checks

With `registries.failure_events: required` in the baseline, each destination needs an enabled EventBridge rule on the
default event bus of its account and Region that matches the event of a failed replication: source `aws.ecr`, detail
type `ECR Replication Action`, result `FAILED`. A rule that matches more is as good.

## Why it matters

Replication runs in the background and tries an image once. Nobody who pushes sees that the copy failed; the status
must be asked for image by image, in the source account. The event at the destination is the only notice that comes by
itself, and catches a broken grant within minutes rather than in the next failover.

## How to fix

The remedy puts a rule named `ecr-replication-failed`. Give it a target afterwards (a topic, a queue, a chat), or it
tells nobody.

## Limits of this check

Targets are not looked at, and delivery is best effort. A pattern with comparison operators that the audit does not
evaluate, or one narrowed to single repositories or accounts, leaves the answer unknown unless another rule is good.
Rules that forward from elsewhere, and other event buses, are not seen.

## References

- Amazon ECR user guide, Amazon ECR events and EventBridge:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
- Amazon EventBridge events reference, Amazon ECR events:
  https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ecr.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(
        summary=f"Put an EventBridge rule for failed replication into {row['account']}/{row['region']}.",
        edits=(wanted.put_failure_rule(wanted.registry(row)),),
        safe=True,
        manual=(
            "Give the rule a target with `aws events put-targets`: a topic, queue or chat that somebody reads, with a "
            "policy that lets EventBridge write to it.",
        ),
    )


CHECK = Check(
    id="organization.failure-events",
    aliases=("ORG-09",),
    title="Destinations have an EventBridge rule for failed replication",
    severity=Severity.LOW,
    table=REGISTRIES,
    expect=is_true("failure_events_watched"),
    message="{account}/{region} receives copies, and no EventBridge rule there hears of those that fail",
    remedy=_remedy,
    when=("failure_events_judged",),
    unknown="whether an EventBridge rule of {account}/{region} hears of failed replication is not known",
    evidence=("account_name", "failure_rules"),
    permissions=("events:ListRules",),
    controls=("own: NIST 800-53 SI-4",),
)
