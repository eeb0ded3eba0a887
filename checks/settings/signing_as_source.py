"""Where the source signs what is copied, the destination signs too.

## What it checks

Where the baseline sets `registries.signing: same-as-source`, and managed signing at the source has a rule for
repositories that a link copies, the destination must have a signing rule for them as well.

## Why it matters

A cluster that admits signed images only refuses the copy on the day of the failover if its signature is not there, or
not by a profile that the cluster trusts. Managed signing is configured per account and Region, and nothing copies that
configuration.

## How to fix

No command is printed: a signing profile belongs to one account and Region, and which one the destination should use is
for a person to say. The steps tell what to create. Whoever pushes needs permission to sign.

## Limits of this check

It compares configurations, not signatures: AWS does not say whether a signature that managed signing writes is copied
like any other image. Whether the copies have signatures is seen in the images themselves. Filters of signing rules are
about the whole name, with `*` for any characters.

## References

- Amazon ECR user guide, Managed signing:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
- Amazon ECR API reference, SigningRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SigningRule.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.replication_grants import copied
from checks.tables import LINKS
from checks.wording import listed


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, place = "/".join(wanted.source(row)), "/".join(wanted.destination(row))
    return Remedy(
        summary=f"Sign in {place} what {source} signs of {listed(copied(row))}.",
        manual=(
            f"Create an AWS Signer profile in account {row['destination_account']}, {row['destination_region']}, or "
            "choose one that is there, and have clusters that verify signatures trust it.",
            f"Read the rules at {source} with `aws ecr get-signing-configuration`, and those at {place} with the same "
            "command.",
            f"Put them together with the destination's profile for {listed(copied(row))}, and send the whole document "
            f"at {place} with `aws ecr put-signing-configuration`: it replaces what is there.",
        ),
    )


CHECK = Check(
    id="settings.signing-as-source",
    aliases=("DST-18",),
    title="Destinations sign what their sources sign",
    severity=Severity.LOW,
    table=LINKS,
    expect=is_true("destination_signs"),
    message="{source_account}/{source_region} signs what it copies to {destination_account}/{destination_region}, and "
    "{signing_problem}",
    remedy=_remedy,
    when=("signing_declared",),
    unknown="whether {destination_account}/{destination_region} signs what {source_account}/{source_region} signs is "
    "not known{signing_problem:because}",
    evidence=("signing_problem", "prefixes", "expected_prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetSigningConfiguration"),
    controls=("own: NIST 800-53 SI-7",),
)
