"""The number of unique destinations of a registry stays below the warning threshold.

## What it checks

As long as the destinations do not exceed the limit (see `limits.destinations-within-limit`), their number must stay
below a share of the limit that the baseline sets as `limits.unique_destinations.warn_at_percent`, 80 % unless it says
otherwise: 20 of 25.

## Why it matters

The limit cannot be raised, and a second source registry takes time: pipelines have to push to it, accounts have to
grant it, and the baseline has to divide the destinations. A warning at 25 comes on the day on which the next account
cannot be connected.

## How to fix

Plan the division now. Look for destinations that are no longer needed: closed accounts, former Regions. Several rules
with the same destination do not count twice, so merging rules gains nothing here.

## Limits of this check

It evaluates today's configuration and requirements; it does not predict the growth of an organizational unit.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
"""

from __future__ import annotations

from checks.expectations import less_than
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, quota
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    account, region = registry = actions.registry(row)
    return Remediation(
        summary=f"Plan a second source registry beside {account}/{region}, or remove destinations.",
        manual=(
            f"Remove destinations of {account}/{region} that are no longer needed, from the baseline and the rules.",
            *quota.splitting(registry, row["destinations_limit"]),
        ),
    )


CHECK = Check(
    id="limits.destinations-below-warning",
    aliases=("LIM-02",),
    title="The number of unique destinations stays below the warning threshold",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=less_than("unique_destinations_for_warning", "destinations_warning_threshold"),
    message="{account}/{region} needs {unique_destinations_for_warning:count unique destination}; the limit is "
    "{destinations_limit}, and the warning threshold {destinations_warning_threshold}",
    remediation=_remediation,
    when=("destination_warning_applies",),
    unknown="it is unknown how many unique destinations {account}/{region} needs",
    evidence=(
        "destinations_needed",
        "destinations_present",
        "destinations_limit",
        "destination_headroom",
        "limits_source",
    ),
    permissions=("ecr:DescribeRegistry", "servicequotas:ListServiceQuotas"),
    controls=("own: NIST 800-53 CP-2",),
)
