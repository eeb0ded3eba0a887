"""The limit of unique destinations has room for every account that the baseline allows as a destination.

## What it checks

The check applies where the baseline forbids undeclared replication and allows, under `allowed_destinations`, whole
organizational units in named Regions. For each registry that has a replication rule, or that the baseline requires to
replicate, it counts the destinations that it would have if every active account of those units received replicas in
each of those Regions, together with the destinations that it has or is required to have. They must not exceed what AWS
allows one registry.

## Why it matters

AWS accepts 25 unique destinations per registry and does not raise the number. A unit grows by an account at a time,
and each new account is added to the hub's rules as a matter of course, until one is refused on the day on which it is
to go live. With three Regions, the ninth account exceeds the limit.

## How to fix

There is no command for this; it needs a plan while there is still room. Divide the accounts between two source
registries, in two Regions for instance, and push to both; or let accounts pull from one shared replica in their Region
instead of having one each; or allow fewer Regions.

## Limits of this check

It is a forecast from what the baseline allows, not from what is planned. Accounts that are about to be created are not
counted. If an account's organizational unit or state could not be read, the answer is unknown unless the others alone
exceed the limit.

## References

- Amazon ECR user guide, Service quotas:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
- Request to raise the limit:
  https://github.com/aws/containers-roadmap/issues/2232
"""

from __future__ import annotations

from checks.expectations import at_most
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions, quota
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Plan to divide the destinations of {row['account']}/{row['region']} before they exceed the limit.",
        manual=(
            *quota.splitting(actions.registry(row), row["destinations_limit"]),
            "Or allow fewer Regions under `allowed_destinations`, and let accounts of one Region pull from a replica "
            "that they share.",
        ),
    )


CHECK = Check(
    id="limits.growth-within-limit",
    aliases=("LIM-03",),
    title="The destination limit has room for every account that may receive replicas",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=at_most("possible_destinations", "destinations_limit"),
    message="{account}/{region} would have {possible_destinations:count destination} if each of the "
    "{growth_accounts:count account} of the allowed units received replicas, and AWS allows {destinations_limit}",
    remediation=_remediation,
    when=("growth_foreseeable",),
    unknown="it is unknown how many destinations {account}/{region} could grow to",
    evidence=("growth_accounts", "destinations_present", "limits_source"),
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts", "servicequotas:ListServiceQuotas"),
    controls=("own: NIST 800-53 CP-2",),
)
