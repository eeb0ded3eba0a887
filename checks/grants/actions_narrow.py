"""A registry policy allows other accounts no action beyond those that the baseline lists.

## What it checks

A statement that allows anything to a principal outside the registry's own account may contain only the actions that the
baseline lists under `grants.allowed_actions`: by default `ecr:ReplicateImage`, `ecr:CreateRepository`,
`ecr:TagResource` and `ecr:BatchImportUpstreamImage`. Wildcards such as `ecr:*`, and `NotAction`, contain more: what ECR
adds later belongs to them, so that a wildcard passes only where the baseline lists it or a wider one. A statement of
which no principal of another account can meet the conditions is not evaluated.

## Why it matters

In its first version a registry policy knew three actions, so `ecr:*` was a convenient way to write them. In version
2, which is now the only one, every ECR action counts and the policy is evaluated for every request. The same text has
become a permission to pull, overwrite and delete images in every repository, given to a whole account. For an account
outside the organization this is critical, inside it high.

## How to fix

The remediation rewrites the statement with the actions that replication needs and those that it names literally and
the baseline allows. A statement of which nothing remains is removed. If other accounts pull through this policy, give
them a repository policy first, or their pulls fail.

## Limits of this check

It does not know which principals use the permission; search CloudTrail before narrowing the statement. Repository
policies and IAM policies are not evaluated here. While the registry has policy scope V1, which ignores these
actions, the finding says what the statement would allow once switched to V2, with a lower severity.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
"""

from __future__ import annotations

import json

from checks.expectations import in_set
from checks.iam.repairs import with_replication_actions
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    statement = json.loads(row["statement_json"])
    repaired = with_replication_actions(statement, context.baseline.grants.allowed_actions)
    changes = actions.repair_statement(row, repaired)
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remediation(
        summary=f"Reduce the actions of {where} to what replication needs.",
        changes=changes,
        manual=() if changes else (f"Read the actions of {where} and rewrite them in the form that IAM documents.",),
    )


CHECK = Check(
    id="grants.actions-narrow",
    aliases=("GRT-09",),
    title="Registry policy allows other accounts only replication actions",
    severity=Severity.HIGH,
    table=GRANTS,
    expect=in_set("excess_actions", "[]"),
    message="statement {statement} of the registry policy of {account}/{region} "
    "{excess_ignored_by_scope:if would, once switched to V2, allow else allows} other accounts {excess_actions:names}, "
    "which the baseline does not list"
    "{ignored_by_scope:if ; this statement has no effect today, because policy scope V1 ignores it else }",
    remediation=_remediation,
    when=("allows_others",),
    graded="excess_actions_severity",
    unknown="whether statement {statement} of the registry policy of {account}/{region} allows other accounts more "
    "than the baseline lists is unknown",
    unknown_reason="{problem:clause}",
    evidence=("sid", "outside_accounts", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:ListAccounts"),
    controls=("own: NIST 800-53 AC-6", "own: PCI DSS 7"),
)
