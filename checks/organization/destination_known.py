"""Images are replicated only to accounts that belong to the organization or are declared partners.

## What it checks

The account of every destination must be an account of the organization, or stand in the baseline under
`grants.external_accounts` with a reason.

## Why it matters

A destination outside the organization receives a copy of every image that matches, from the moment it is pushed, and
nothing that the organization controls can take it back. Most such destinations are a mistyped digit, an account that
left, or a partner whom nobody remembers; the rest are the reason why this check is critical.

## How to fix

Find out whose account it is. A wanted partner goes into the baseline with the reason why it is trusted. Otherwise the
remedy removes the destination from every rule. Copies that have arrived there stay there.

## Limits of this check

The accounts are those that AWS Organizations listed. In single-account mode, or when that listing was denied,
membership is not known and neither is the answer, except for the audited account itself and for declared partners.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- AWS Organizations user guide, Account states:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
"""

from __future__ import annotations

from checks import wanted
from checks.model import Check, Remedy, RemedyContext, Row, Severity, is_true
from checks.tables import LINKS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    source, destination = wanted.source(row), wanted.destination(row)
    declaration = (
        f"Find out who owns account {destination[0]}. If it is a wanted partner, name it with the reason under "
        "grants.external_accounts in the baseline, instead of removing it."
    )
    names = names_in(row["required_by"])
    required = (f"Take the destination out of the baseline too ({listed(names)}).",) if names else ()
    if not row["present"]:
        return Remedy(
            summary=f"Declare account {destination[0]} as partner, or stop requiring replication to it.",
            manual=(declaration, *required),
        )
    return Remedy(
        summary=f"Stop replicating from {'/'.join(source)} to the unknown account {destination[0]}.",
        edits=(wanted.remove_destination(source, destination),),
        manual=(declaration, *required),
    )


CHECK = Check(
    id="organization.destination-known",
    aliases=("ORG-01",),
    title="Every destination account belongs to the organization or is a declared partner",
    severity=Severity.CRITICAL,
    table=LINKS,
    judged="destination_known",
    expect=is_true(),
    message="the destination {destination_account}/{destination_region} belongs neither to the organization nor to a "
    "declared partner",
    remedy=_remedy,
    unknown="whether account {destination_account} belongs to the organization is not known",
    evidence=("destination_in_organization", "present", "required_by", "rules", "prefixes"),
    at="source",
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-4",),
)
