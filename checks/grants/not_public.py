"""No registry policy is open to every AWS account.

## What it checks

An Allow with the principal `*`, or with `NotPrincipal`, must carry a condition that bounds it to an organization or
to named accounts (`aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`, `aws:PrincipalAccount` or `aws:PrincipalArn`).

## Why it matters

Such a statement allows every AWS account. Any account could replicate images into the registry, under names that
deployments there pull, and with broader actions could read or delete what it holds. `Allow` with `NotPrincipal` has
the same effect: everyone but the few principals that are named.

## How to fix

The remediation adds the condition that the caller belongs to the organization. Without an organization there is
nothing to bound it by; then name the accounts that are meant.

## Limits of this check

A condition on the network makes the answer unknown: whether it closes the statement for replication is not documented.
A statement whose conditions no principal of an account can meet, such as one on `aws:SourceAccount` or a time that is
over, allows no account anything, and passes. Repository policies are not evaluated by this check. A statement that
policy scope V1 ignores has no effect today, which the finding says; its severity is then medium.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
"""

from __future__ import annotations

import json

from checks.expectations import in_set
from checks.iam.repairs import bounded_to
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    changes = actions.repair_statement(row, bounded_to(json.loads(row["statement_json"]), context.organization))
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remediation(
        summary=f"Close {where} to everyone outside the organization.",
        changes=changes,
        manual=()
        if changes
        else (
            f"Find out which accounts {where} is meant for, and name them as principals.",
            "If no account is known to need it, remove the statement.",
        ),
    )


CHECK = Check(
    id="grants.not-public",
    aliases=("GRT-12",),
    title="Registry policy is not open to every AWS account",
    severity=Severity.CRITICAL,
    table=GRANTS,
    expect=in_set("grantee_scope", "none", "accounts", "organizations"),
    message="statement {statement} of the registry policy of {account}/{region} "
    "{ignored_by_scope:if would, once switched to V2, allow else allows} every AWS account"
    "{ignored_by_scope:if ; this statement has no effect today, because policy scope V1 ignores it else }",
    remediation=_remediation,
    graded="grantee_scope_severity",
    unknown="whether statement {statement} of the registry policy of {account}/{region} is open to every AWS account "
    "is unknown",
    unknown_reason="{problem:clause}",
    evidence=("sid", "statement_json"),
    permissions=("ecr:GetRegistryPolicy",),
    controls=("own: NIST 800-53 AC-3",),
)
