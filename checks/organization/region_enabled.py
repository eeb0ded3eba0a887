"""The Regions of source and destination are enabled in their accounts.

## What it checks

For each link, the source Region must be enabled in the source account and the destination Region in the destination
account. The statuses `ENABLED` and `ENABLED_BY_DEFAULT` pass; `DISABLED`, `ENABLING` and `DISABLING` do not.

## Why it matters

Regions that were added after 2019 are enabled account by account. A rule may name a Region that the destination
account never enabled, or that was disabled there later: the rule still looks like a second replica, and no image
arrives. A Region that is being disabled makes its images inaccessible when it is done.

## How to fix

Enable the Region in the account, or centrally from the management account or a delegated administrator of Account
Management. It takes minutes to hours, and the baseline or a service control policy may have reasons against it: then
name another destination and remove this one from the rules. A backfill replicates what was pushed in between.

## Limits of this check

The statuses are those that Account Management or EC2 returned. For accounts outside the organization, for inactive
ones, and where neither could be read, the answer is unknown. A Region name that does not exist in the partition is
evaluated by `rules.destination-region-valid`.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Account Management reference, Enable or disable AWS Regions in your account:
  https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    (source, _), (destination, region) = actions.source(row), actions.destination(row)
    ends, required = names_text(names_in(row["regions_not_enabled"])), names_in(row["required_by"])
    elsewhere = f", and name another destination in the baseline ({names_text(required)})." if required else "."
    return Remediation(
        summary=f"Enable the Region, or end the replication from {source} to {destination}/{region}.",
        manual=(
            f"Not enabled: {ends}. Where the Region is intended, run `aws account enable-region --region-name REGION` "
            "in that account, or with `--account-id` from the management account; it takes minutes to hours, and "
            "`aws account get-region-opt-status` shows when it is done.",
            f"Otherwise remove {destination}/{region} from the rules of {'/'.join(actions.source(row))}{elsewhere}",
            "Once images can arrive, start a backfill: what was pushed in the meantime is not retried.",
        ),
    )


CHECK = Check(
    id="organization.region-enabled",
    aliases=("ORG-03",),
    title="The Regions of source and destination are enabled in their accounts",
    severity=Severity.HIGH,
    table=LINKS,
    expect=in_set("regions_not_enabled", "[]"),
    message="replication from {source_account}/{source_region} to {destination_account}/{destination_region} includes "
    "a Region that is not enabled: {regions_not_enabled:names}",
    remediation=_remediation,
    when=("destination_region_valid",),
    unknown="it is unknown whether {source_region} is enabled in account {source_account} and {destination_region} in "
    "account {destination_account}",
    evidence=("present", "required_by"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "account:ListRegions", "ec2:DescribeRegions"),
    controls=("own: NIST 800-53 CP-9",),
)
