"""The Regions at both ends of every replication are enabled in their accounts.

## What it checks

For each link, the source Region must be enabled in the source account and the destination Region in the destination
account. The statuses `ENABLED` and `ENABLED_BY_DEFAULT` are good; `DISABLED`, and the two in between, are not.

## Why it matters

Regions that came after 2019 are switched on account by account. A rule may name a Region that the destination account
never enabled, or that somebody switched off to save a control from a finding: the rule still looks like a second copy,
and no image arrives. A Region that is being disabled takes its images out of reach when it is done.

## How to fix

Enable the Region in the account, or centrally from the management account or a delegated administrator of Account
Management. It takes minutes to hours, and the baseline or a service control policy may have reasons against it: then
name another destination and take this one out of the rules. A backfill brings over what was pushed in between.

## Limits of this check

The statuses are those that Account Management or EC2 told. For accounts outside the organization, for inactive ones,
and where neither could be asked, the answer is unknown. A Region name that does not exist in the partition is judged
by `rules.destination-region-valid`.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Account Management reference, Enable or disable AWS Regions in your account:
  https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

from checks import wanted
from checks.model import Check, Remedy, RemedyContext, Row, Severity, is_true
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    (source, _), (destination, region) = wanted.source(row), wanted.destination(row)
    problem, required = row["regions_problem"], names_in(row["required_by"])
    elsewhere = f", and name another destination in the baseline ({listed(required)})." if required else "."
    return Remedy(
        summary=f"Enable the Region, or end the replication from {source} to {destination}/{region}.",
        manual=(
            f"Now {problem}. Where it is wanted there, run `aws account enable-region --region-name REGION` in that "
            "account, or with `--account-id` from the management account; it takes minutes to hours, and "
            "`aws account get-region-opt-status` tells when it is done.",
            f"Otherwise take {destination}/{region} out of the rules of {'/'.join(wanted.source(row))}{elsewhere}",
            "Once images can arrive, start a backfill: what was pushed meanwhile is not tried again.",
        ),
    )


CHECK = Check(
    id="organization.region-enabled",
    aliases=("ORG-03",),
    title="The Regions of source and destination are enabled in their accounts",
    severity=Severity.HIGH,
    table=LINKS,
    judged="regions_enabled",
    expect=is_true(),
    message="replication from {source_account}/{source_region} to {destination_account}/{destination_region}: "
    "{regions_problem}",
    remedy=_remedy,
    when="destination_region_valid",
    unknown="whether {source_region} is enabled in account {source_account} and {destination_region} in account "
    "{destination_account} is not known",
    evidence=("regions_problem", "present", "required_by"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "account:ListRegions", "ec2:DescribeRegions"),
    controls=("own: NIST 800-53 CP-9",),
)
