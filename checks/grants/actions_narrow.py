"""A registry policy allows other accounts replication, and nothing beyond it.

## What it checks

A statement that allows anything to a principal outside the registry's own account may contain only the actions that
the baseline lists under `grants.allowed_actions`: by default `ecr:ReplicateImage`, `ecr:CreateRepository`,
`ecr:TagResource` and `ecr:BatchImportUpstreamImage`. Wildcards such as `ecr:*`, and `NotAction`, contain more.

## Why it matters

In its first version a registry policy knew three actions, so `ecr:*` was a convenient way to write them. In version
2, which is now the only one, every ECR action counts and the policy is consulted for every request. The same text has
become a permission to pull, overwrite and delete images in every repository, given to a whole account. Outside the
organization this is critical, inside it high.

## How to fix

The remedy rewrites the statement with the actions that replication needs and those that it names literally and the
baseline allows. A statement of which nothing remains is removed. If other accounts really pull through this policy,
give them a repository policy first, or the pulls fail.

## Limits of this check

It does not know who uses the permission; look at CloudTrail before narrowing. Repository policies and IAM policies
are not judged here.

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
from checks.statement_repairs import with_replication_actions
from checks.tables import GRANTS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    statement = json.loads(row["statement_json"])
    repaired = with_replication_actions(statement, context.baseline.grants.allowed_actions)
    edits = wanted.mend_statement(row, repaired)
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remedy(
        summary=f"Reduce the actions of {where} to what replication needs.",
        edits=edits,
        manual=() if edits else (f"Read the actions of {where} and write them so that they can be understood.",),
    )


CHECK = Check(
    id="grants.actions-narrow",
    aliases=("GRT-09",),
    title="Other accounts are allowed nothing beyond replication",
    severity=Severity.HIGH,
    table=GRANTS,
    expect=is_true("actions_narrow"),
    message="statement {statement} of the registry policy of {account}/{region} allows other accounts "
    "{broad_actions:names}",
    remedy=_remedy,
    when=("allows_others",),
    graded="broad_grade",
    unknown="whether statement {statement} of the registry policy of {account}/{region} allows others too much is not "
    "known{problem:because}",
    evidence=("sid", "broad_actions", "outside_accounts", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-6", "own: PCI DSS 7"),
)
