"""No rule copies to a destination that the baseline neither requires nor allows.

## What it checks

Where the baseline says `undeclared_replication: forbidden`, every destination that a rule names must be required by
one of its `replication` entries or admitted by `allowed_destinations`. Without that line the check does not apply.

## Why it matters

A rule is an open pipe: every image pushed from now on, with whatever was baked into it, leaves for the account and
Region that it names. A destination that nobody declared is either a leftover, which costs storage and transfer for
ever, or a way out of the organization's boundary that nobody reviewed. Deleting the infrastructure code that made a
rule does not always delete the rule.

## How to fix

Ask the owner first. If the destination is wanted, write it into the baseline. If not, the remedy removes it from
every rule and drops a rule that is left without destination. That deletes nothing: copies already made stay at the
destination until their owner deletes them, and replications under way are finished.

## Limits of this check

It judges destinations, not repositories: a declared destination that receives more repositories than required passes
here. Which accounts belong to an allowed organizational unit must have been read from AWS Organizations; otherwise
the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Configuring private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-configure.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import LINKS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    return Remedy(
        summary=f"Declare {'/'.join(destination)} in the baseline, or remove it from the rules of {'/'.join(source)}.",
        edits=(wanted.remove_destination(source, destination),),
    )


CHECK = Check(
    id="rules.link-declared",
    aliases=("RPL-02",),
    title="Every destination is required or allowed by the baseline",
    severity=Severity.HIGH,
    table=LINKS,
    expect=is_true("declared"),
    message="rules copy {prefixes:names} to {destination_account}/{destination_region}, "
    "which the baseline neither requires nor allows",
    remedy=_remedy,
    when=("declaration_applies",),
    unknown="whether {destination_account}/{destination_region} is an allowed destination is not known: "
    "the rules or the place of the account in the organization could not be read",
    evidence=("rules", "prefixes", "destination_account_name", "destination_in_organization"),
    at="source",
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-4", "own: NIST 800-53 CM-6"),
)
