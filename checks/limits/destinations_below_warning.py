"""A registry has room for more destinations before AWS refuses them.

## What it checks

As long as the destinations fit (see `limits.destinations-within-limit`), their number should stay below a share of
the limit that the baseline sets as `limits.unique_destinations.warn_at_percent`, 80 % unless it says otherwise: 20 of
25.

## Why it matters

The limit cannot be raised, and a second source registry is not built in an afternoon: pipelines have to push to it,
accounts have to grant it, and the baseline has to divide the work. Whoever notices at 25 notices on the day when the
next account cannot be connected.

## How to fix

Plan the division now. Look for destinations that nobody needs any more: closed accounts, former Regions. Several
rules with the same destination do not count twice, so merging rules gains nothing here.

## Limits of this check

It looks at today's configuration and requirements; it makes no forecast from the growth of an organizational unit.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
"""

from __future__ import annotations

from checks import headroom, wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    account, region = registry = wanted.registry(row)
    return Remedy(
        summary=f"Plan a second source registry beside {account}/{region}, or give up destinations.",
        manual=(
            f"Remove destinations of {account}/{region} that nobody needs any more, from baseline and rules.",
            *headroom.splitting(registry, row["destinations_limit"]),
        ),
    )


CHECK = Check(
    id="limits.destinations-below-warning",
    aliases=("LIM-02",),
    title="A registry has room for more destinations",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=is_true("destinations_below_warning"),
    message="{account}/{region} needs {destinations_needed:count unique destination} of {destinations_limit}; "
    "room is left for {destination_headroom}",
    remedy=_remedy,
    when=("destinations_within_limit",),
    unknown="how many destinations {account}/{region} needs is not known",
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
