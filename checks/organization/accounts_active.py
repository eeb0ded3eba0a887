"""The source account and the destination account of every replication are active.

## What it checks

The source account and the destination account of each link must be in the state `ACTIVE` in AWS Organizations.

## Why it matters

A suspended account, or one that is being closed, receives nothing, and after the closure its images are lost. The rule
that names it still looks like a working backup, and still counts as one of the 25 destinations.

## How to fix

If the destination account is closed for good, the remediation removes it from the rules. If the source account is
inactive, no commands can be run in it: reopen it with AWS Support while that is possible, or remove it from the
baseline.

## Limits of this check

Whether AWS refuses a rule that names a closed account is not documented; the audit evaluates the account's state, not
the rule's effect. Accounts outside the organization have no state that could be read: the answer is unknown, unless
the account at the other end is inactive.

## References

- AWS Organizations user guide, Account states:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    source, destination = actions.source(row), actions.destination(row)
    if row["source_account_state"] not in (None, "ACTIVE"):
        return Remediation(
            summary=f"Reopen account {source[0]}, or stop relying on its replication.",
            manual=(
                f"No command can be run in account {source[0]} while it is not active.",
                "Ask AWS Support to reopen it if its images are still needed; a closed account can be reopened only "
                "for a limited time.",
                "Otherwise remove the account from the baseline, and its grants from the policies that name it.",
            ),
        )
    names = names_in(row["required_by"])
    replacement = (
        (f"Name another destination in the baseline ({names_text(names)}), which still requires this one.",)
        if names
        else ()
    )
    if not row["present"]:
        return Remediation(
            summary=f"Stop requiring replication to account {destination[0]}, or reopen it.",
            manual=replacement or (f"Reopen account {destination[0]}, or remove it from the baseline.",),
        )
    return Remediation(
        summary=f"Remove {'/'.join(destination)} from the rules of {'/'.join(source)}, or reopen the account.",
        changes=(actions.remove_destination(source, destination),),
        manual=replacement,
    )


CHECK = Check(
    id="organization.accounts-active",
    aliases=("ORG-02",),
    title="Source and destination accounts of replication are active",
    severity=Severity.HIGH,
    table=LINKS,
    expect=in_set("inactive_accounts", "[]"),
    message="replication from {source_account} to {destination_account}/{destination_region} includes an account that "
    "is not active: {inactive_accounts:names}",
    remediation=_remediation,
    unknown="it is unknown whether both accounts are active, source {source_account} ({source_account_state}) and "
    "destination {destination_account} ({destination_account_state})",
    evidence=(
        "source_account_name",
        "source_account_state",
        "destination_account_name",
        "destination_account_state",
        "present",
        "required_by",
    ),
    at="source",
    permissions=("ecr:DescribeRegistry", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 CP-9",),
)
