"""No registry policy is open to everyone.

## What it checks

An Allow with the principal `*`, or with `NotPrincipal`, must carry a condition that bounds it to an organization or
to named accounts (`aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`, `aws:PrincipalAccount` or `aws:PrincipalArn`).

## Why it matters

Such a statement lets in every AWS account in the world. Anybody could replicate images into the registry, under names
that deployments there pull, and with broader actions could read or delete what it holds. `Allow` with `NotPrincipal`
is the same thing in disguise: everyone but the few who are named.

## How to fix

The remedy adds the condition that the caller belongs to the organization. Without an organization there is nothing to
bound it by; then name the accounts that are meant.

## Limits of this check

A condition on the network or on the source makes the answer unknown: whether it closes the statement for replication
is not documented. The policies of single repositories are another matter, which this check does not judge.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
"""

from __future__ import annotations

import json

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.statement_repairs import bounded_to
from checks.tables import GRANTS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    edits = wanted.mend_statement(row, bounded_to(json.loads(row["statement_json"]), context.organization))
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remedy(
        summary=f"Close {where} to everyone outside the organization.",
        edits=edits,
        manual=()
        if edits
        else (
            f"Find out which accounts {where} is meant for, and name them as principals.",
            "If nobody can say, remove the statement.",
        ),
    )


CHECK = Check(
    id="grants.not-public",
    aliases=("GRT-12",),
    title="No registry policy is open to everyone",
    severity=Severity.CRITICAL,
    table=GRANTS,
    expect=is_true("bounded"),
    message="statement {statement} of the registry policy of {account}/{region} lets in every AWS account",
    remedy=_remedy,
    unknown="whether statement {statement} of the registry policy of {account}/{region} is open to everyone is not "
    "known{problem:because}",
    evidence=("sid", "statement_json"),
    permissions=("ecr:GetRegistryPolicy",),
    controls=("own: NIST 800-53 AC-3",),
)
