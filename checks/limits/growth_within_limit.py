"""Replication can grow to every account that may receive it.

## What it checks

The check applies where the baseline forbids undeclared replication and allows, under `allowed_destinations`, whole
organizational units in named Regions. For each registry that replicates, it counts the destinations that it would
have if every active account of those units received copies in each of those Regions, together with the destinations
that it has or is required to have. They must fit into what AWS allows one registry.

## Why it matters

AWS accepts 25 unique destinations per registry and does not raise the number. A unit grows by an account at a time,
and each new account is added to the hub's rules as a matter of course, until one is refused on the day on which it is
to go live. With three Regions, the ninth account is too many already.

## How to fix

There is no command for this; it wants a plan while there is still room. Divide the accounts between two source
registries, in two Regions for instance, and push to both; or let accounts pull from one shared copy in their Region
instead of having one each; or allow fewer Regions.

## Limits of this check

It is a forecast from what the baseline allows, not from what anybody intends. Accounts that are about to be created
are not counted. If an account's place or state could not be read, the answer is unknown unless the others alone
exceed the limit.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
- Request to raise the limit:
  https://github.com/aws/containers-roadmap/issues/2232
"""

from __future__ import annotations

from checks import headroom, wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(
        summary=f"Plan how the destinations of {row['account']}/{row['region']} are divided before they are too many.",
        manual=(
            *headroom.splitting(wanted.registry(row), row["destinations_limit"]),
            "Or allow fewer Regions under `allowed_destinations`, and let accounts of one Region pull from a copy that "
            "they share.",
        ),
    )


CHECK = Check(
    id="limits.growth-within-limit",
    aliases=("LIM-03",),
    title="Replication can grow to every account that may receive it",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=is_true("growth_within_limit"),
    message="{account}/{region} would have {destinations_possible:count destination} if each of the "
    "{growth_accounts:count account} of the allowed units received copies, and AWS allows {destinations_limit}",
    remedy=_remedy,
    when=("growth_declared",),
    unknown="how many destinations {account}/{region} could grow to is not known",
    evidence=(
        "destinations_possible",
        "growth_accounts",
        "destinations_present",
        "destinations_limit",
        "limits_source",
    ),
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts", "servicequotas:ListServiceQuotas"),
    controls=("own: NIST 800-53 CP-2",),
)
