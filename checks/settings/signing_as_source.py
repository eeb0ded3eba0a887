"""A destination registry signs what its source registry signs.

## What it checks

Where the baseline sets `registries.signing: same-as-source`, and managed signing at the source has a rule for
repositories that a link replicates, the destination must have at least one signing rule for them as well.

## Why it matters

A cluster that admits only signed images refuses the replica on the day of the failover if its signature is missing, or
not by a profile that the cluster trusts. Managed signing is configured per account and Region, and that configuration
is not replicated.

## How to fix

No command is printed: a signing profile belongs to one account and Region, and which one the destination should use is
a decision. The steps say what to create. Principals that push need permission to sign.

## Limits of this check

It compares configurations, not signatures: AWS does not document whether a signature that managed signing writes is
replicated like any other image. Whether replicas have signatures is visible in the images themselves. Filters of
signing rules match the whole name, with `*` for any characters.

## References

- Amazon ECR user guide, Managed signing:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
- Amazon ECR API reference, SigningRule:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SigningRule.html
"""

from __future__ import annotations

from checks.engine.text import prefixes_text
from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.replication_grants import copied
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, place = "/".join(actions.source(row)), "/".join(actions.destination(row))
    return Remediation(
        summary=f"Sign in {place} what {source} signs of {prefixes_text(copied(row))}.",
        manual=(
            f"Create an AWS Signer profile in account {row['destination_account']}, {row['destination_region']}, or "
            "choose one that is there, and have clusters that verify signatures trust it.",
            f"Read the rules at {source} with `aws ecr get-signing-configuration`, and those at {place} with the same "
            "command.",
            f"Combine them with the destination's profile for {prefixes_text(copied(row))}, and send the whole "
            f"document at {place} with `aws ecr put-signing-configuration`: it replaces what is there.",
        ),
    )


CHECK = Check(
    id="settings.signing-as-source",
    aliases=("DST-18",),
    title="Destination registries sign what their source registries sign",
    severity=Severity.LOW,
    table=LINKS,
    expect=between("destination_signing_rules", minimum=1),
    message="{source_account}/{source_region} signs what it replicates to {destination_account}/{destination_region}, "
    "and the destination has no signing rule for it",
    remediation=_remediation,
    when=("signing_required",),
    unknown="whether {destination_account}/{destination_region} signs what {source_account}/{source_region} signs is "
    "unknown",
    unknown_reason="{signing_rules_unknown:clause}",
    evidence=("prefixes", "expected_prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:GetSigningConfiguration"),
    controls=("own: NIST 800-53 SI-7",),
)
