"""The number of replication rules stays below AWS's limit, its warning threshold, and what older tools can express.

## What it checks

The rules of each registry are counted against three thresholds: more than the limit (high; 25 since August 2026), a
number that reaches the warning share that the baseline sets (medium; 80 % unless it says otherwise), and more than 10
(informational), which was the limit before.

## Why it matters

The configuration is one document: a put with one rule too many is refused with all its other changes. And a tool that
still assumes 10 rules, an older SDK, CLI or Terraform provider, cannot write the document back that it read, or
refuses to.

## How to fix

Rules with the same destinations and the same `deleteReplication` can be one rule with all their filters, up to 100.
The steps are for a person, because a merged rule is easier to review than to untangle.

## Limits of this check

It counts rules as AWS returns them and does not evaluate whether they overlap. Which tools manage a registry is
unknown to the audit, so the lowest severity is advice only.

## References

- Amazon ECR API reference, ReplicationConfiguration:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html
- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
"""

from __future__ import annotations

from checks.expectations import less_than
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import limit_advice
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Merge replication rules of {row['account']}/{row['region']} that have the same destinations.",
        manual=(
            *limit_advice.for_rules(row, context),
            "Group the rules by their set of destinations and by deleteReplication.",
            "Write each group as one rule with the filters of all its rules, at most 100; leave out a filter that "
            "begins with another one of the group. A group in which one rule has no filter becomes one rule without "
            "filters.",
            "Send the whole configuration in one PutReplicationConfiguration, with a CLI of November 2026 or later: an "
            "older one drops deleteReplication.",
        ),
    )


CHECK = Check(
    id="limits.rules-within-limit",
    aliases=("LIM-04",),
    title="The number of replication rules stays below the warning threshold",
    severity=Severity.HIGH,
    table=REGISTRIES,
    expect=less_than("rule_count", "rules_warning_threshold"),
    message="{account}/{region} has {rule_count:count replication rule}; the limit is {rules_limit}, and tools from "
    "before August 2026 can express 10",
    remediation=_remediation,
    graded="rules_severity",
    unknown="it is unknown how many replication rules {account}/{region} has",
    evidence=("rules_limit", "limits_source"),
    permissions=("ecr:DescribeRegistry", "servicequotas:ListServiceQuotas"),
    controls=("own: NIST 800-53 CP-2",),
)
