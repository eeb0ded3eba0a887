"""A registry policy allows only principals of the organization.

## What it checks

Every account to which a statement of a registry policy allows anything must belong to the organization. A partner that
the baseline names under `grants.external_accounts` is reported as informational; any other account as critical. A
statement for the registry's own account, for services, or for accounts of which no principal can meet its conditions
allows no other account anything, and is not evaluated.

## Why it matters

An account that may replicate into a registry decides what lies there: images with names and tags of its choice, which
deployments in the destination account then pull. Grants outlive their reasons, such as a migration, a supplier, or an
account that has left the organization, and nothing shows that the other side has changed hands.

## How to fix

For an undeclared account, the remediation removes it from the principals of the statement, and removes the statement
when no principal remains. Where everyone is granted, it adds the condition that the caller belongs to the
organization. For a declared partner, confirm that the reason still holds.

## Limits of this check

Membership is what AWS Organizations listed; in single-account mode it is unknown. A condition that names another
organization is understood as granting that organization, and is left for a person to change. A
statement that policy scope V1 ignores has no effect today, which the finding says; its severity is then medium.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- AWS Organizations user guide, Account states:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
"""

from __future__ import annotations

import json

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.iam.repairs import bounded_to, without_accounts
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    outside = names_in(row["outside_accounts"])
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    partners = context.baseline.grants.external_accounts
    if outside and all(account in partners for account in outside):
        reasons = "; ".join(f"{account}: {partners[account]}" for account in outside)
        return Remediation(
            summary=f"Confirm that the partners granted by {where} are still needed.",
            manual=(
                f"Ask the owner whether the reason still holds ({reasons}).",
                "If not, remove the account from grants.external_accounts in the baseline and audit again.",
            ),
        )
    unknown_accounts = [account for account in outside if account not in partners]
    statement = json.loads(row["statement_json"])
    repaired = (
        bounded_to(statement, context.organization)
        if "*" in unknown_accounts
        else without_accounts(statement, unknown_accounts)
    )
    changes = actions.repair_statement(row, repaired)
    return Remediation(
        summary=f"Remove {_shown(unknown_accounts)} from {where}.",
        changes=changes,
        manual=()
        if changes
        else (
            f"Rewrite {where} so that it does not allow {_shown(unknown_accounts)} anything.",
            "Name the accounts that are meant, or bound it by aws:PrincipalOrgID of your own organization.",
        ),
    )


def _shown(unknown_accounts: list[str]) -> str:
    return names_text(tuple("everyone" if account == "*" else account for account in unknown_accounts))


CHECK = Check(
    id="grants.grantee-in-organization",
    aliases=("GRT-11",),
    title="Registry policy allows only principals of the organization",
    severity=Severity.CRITICAL,
    table=GRANTS,
    expect=in_set("outside_accounts", "[]"),
    message="statement {statement} of the registry policy of {account}/{region} "
    "{ignored_by_scope:if would, once switched to V2, allow else allows} principals outside the organization: "
    "{outside_accounts:names}"
    "{ignored_by_scope:if ; this statement has no effect today, because policy scope V1 ignores it else }",
    remediation=_remediation,
    when=("allows_others",),
    graded="outside_accounts_severity",
    unknown="whether every principal that statement {statement} of the registry policy of {account}/{region} allows "
    "belongs to the organization is unknown",
    unknown_reason="{problem:clause}",
    evidence=("sid", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-3", "own: NIST 800-53 AC-21"),
)
