"""The number of unique destinations that a registry needs does not exceed the limit.

## What it checks

All destinations of a registry are counted: those that its rules name and those that the baseline requires of it. A
destination is a pair of account and Region, and a pair that several rules name counts once. The count must not exceed
the registry's limit, which is read from Service Quotas, or taken from the baseline's dated default where that could
not be read.

## Why it matters

AWS accepts 25 unique destinations per registry and does not raise the number on request. A requirement beyond it
cannot be carried out: the put that would add the twenty-sixth destination is refused as a whole, together with all its
other changes. A hub for the whole organization therefore reaches at most 25 accounts in one Region, or 12 in two.

## How to fix

There is no command for this; a person has to decide. Divide the destinations between two source registries, and push
to both. Replicated images are not replicated again, so a chain through a destination does not help.

## Limits of this check

That the pair of account and Region is what AWS counts follows from the shape of its API and from a correction to its
guide; the quota's own text does not state it. Destinations outside the audit's scope count too, as far as the rules
name them.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
- Amazon ECR API reference, ReplicationConfiguration:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html
- Request to raise the limit:
  https://github.com/aws/containers-roadmap/issues/2232
"""

from __future__ import annotations

from checks.expectations import at_most
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, limit_advice, quota
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Divide the destinations of {row['account']}/{row['region']} between two source registries.",
        manual=(
            *limit_advice.for_destinations(row, context),
            *quota.splitting(actions.registry(row), row["destinations_limit"]),
        ),
    )


CHECK = Check(
    id="limits.destinations-within-limit",
    aliases=("LIM-01",),
    title="The number of unique destinations does not exceed the limit of a registry",
    severity=Severity.HIGH,
    table=REGISTRIES,
    expect=at_most("unique_destinations", "destinations_limit"),
    message="{account}/{region} needs {unique_destinations:count unique destination}, and AWS allows "
    "{destinations_limit} ({limits_source})",
    remediation=_remediation,
    unknown="it is unknown how many unique destinations {account}/{region} needs",
    evidence=("destinations_needed", "destinations_present", "limits_source"),
    permissions=("ecr:DescribeRegistry", "servicequotas:ListServiceQuotas"),
    controls=("own: NIST 800-53 CP-2",),
)
