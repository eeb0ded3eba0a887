"""Every destination of a replication rule is required or allowed by the baseline.

## What it checks

Where the baseline says `undeclared_replication: forbidden`, every destination that a rule names must be required by
one of its `replication` entries or admitted by `allowed_destinations`. Without that line the check does not apply.

## Why it matters

Every matching image that is pushed from now on, with everything that was built into it, is replicated to the account
and Region that a rule names. An undeclared destination is either a leftover, which costs storage and transfer
permanently, or a way out of the organization's boundary that was not reviewed. Deleting the infrastructure code that
created a rule does not always delete the rule.

## How to fix

Ask the owner first. If the destination is intended, write it into the baseline. If not, the remediation removes it
from every rule and drops a rule that is left without destination. That deletes nothing: existing replicas stay at the
destination until their owner deletes them, and replications under way are finished.

## Limits of this check

It evaluates destinations, not repositories: a declared destination that receives more repositories than required
passes. Which accounts belong to an allowed organizational unit must have been read from AWS Organizations; otherwise
the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR user guide, Configuring private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-configure.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    return Remediation(
        summary=f"Declare {'/'.join(destination)} in the baseline, or remove it from the rules of {'/'.join(source)}.",
        changes=(actions.remove_destination(source, destination),),
    )


CHECK = Check(
    id="rules.link-declared",
    aliases=("RPL-02",),
    title="Every replication destination is required or allowed by the baseline",
    severity=Severity.HIGH,
    table=LINKS,
    expect=in_set("declaration", "required", "allowed"),
    message="rules replicate {prefixes:prefixes} to {destination_account}/{destination_region}, "
    "which the baseline neither requires nor allows",
    remediation=_remediation,
    when=("declaration_required",),
    unknown="whether {destination_account}/{destination_region} is an allowed destination is unknown",
    unknown_reason="the rules or the account's place in the organization could not be read",
    evidence=("rules", "prefixes", "destination_account_name", "destination_membership"),
    at="source",
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-4", "own: NIST 800-53 CM-6"),
)
