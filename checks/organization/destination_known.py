"""Every destination account belongs to the organization or is a declared partner.

## What it checks

The account of every destination must be an account of the organization, or be named in the baseline under
`grants.external_accounts` with a reason.

## Why it matters

A destination outside the organization receives every image that matches, from the moment it is pushed, and the
organization has no control that could take it back. Most such destinations are a mistyped digit, an account that left
the organization, or a former partner; the rest are the reason why this check is critical.

## How to fix

Find out whose account it is. An intended partner goes into the baseline with the reason why it is trusted. Otherwise
the remediation removes the destination from every rule. Replicas that have arrived there stay there.

## Limits of this check

The accounts are those that AWS Organizations listed. In single-account mode, or when that listing was denied,
membership is unknown and so is the answer, except for the audited account itself and for declared partners.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Organizations user guide, Account states:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    declaration = (
        f"Find out who owns account {destination[0]}. If it is an intended partner, name it with the reason under "
        "grants.external_accounts in the baseline, instead of removing it."
    )
    names = names_in(row["required_by"])
    required = (f"Remove the destination from the baseline too ({names_text(names)}).",) if names else ()
    if not row["present"]:
        return Remediation(
            summary=f"Declare account {destination[0]} as a partner, or stop requiring replication to it.",
            manual=(declaration, *required),
        )
    return Remediation(
        summary=f"Stop replicating from {'/'.join(source)} to the unknown account {destination[0]}.",
        changes=(actions.remove_destination(source, destination),),
        manual=(declaration, *required),
    )


CHECK = Check(
    id="organization.destination-known",
    aliases=("ORG-01",),
    title="Every destination account belongs to the organization or is a declared partner",
    severity=Severity.CRITICAL,
    table=LINKS,
    expect=in_set("destination_membership", "organization", "partner"),
    message="the destination {destination_account}/{destination_region} belongs neither to the organization nor to a "
    "declared partner",
    remediation=_remediation,
    unknown="it is unknown whether account {destination_account} belongs to the organization",
    evidence=("present", "required_by", "rules", "prefixes"),
    at="source",
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-4",),
)
