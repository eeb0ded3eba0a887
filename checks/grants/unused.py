"""Every account that a registry policy allows to replicate does replicate.

## What it checks

For each statement that allows replication and names the accounts that it allows, every one of them must have a rule
with this registry as destination, for names that the statement's Resource matches. A link that the baseline requires
counts as much as a rule. A Resource that names no repository of this registry is reported by
`grants.resource-arn-valid`; then any rule counts.

Where such an account replicates to another Region of this account, or this account replicates itself, and no grant lies
there, the finding names that destination: the statement probably stands in the wrong registry.

## Why it matters

An unused grant is an access path that is not monitored. It stays behind when a migration ends, when a rule is moved to
another Region, or when a repository is renamed. An attacker who gains control of that account may write a rule, and
from then on decides what lies in this registry.

## How to fix

The remediation removes the unused accounts from the statement, and removes the statement when no principal would
remain. Nothing that replicates today is affected. If a grant was made ahead of a rule that is to come, declare the
link in the baseline.

## Limits of this check

It sees the rules of the accounts that it read: for partners, and for accounts or Regions left out of the run, the
answer is unknown. Statements for a whole organization or for everyone name no account that could be compared with
rules, and are not evaluated. A rule that has not replicated anything for a long time counts as use.

## References

- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

import json

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.iam.repairs import without_accounts
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    unused = names_in(row["unused_accounts"])
    changes = actions.repair_statement(row, without_accounts(json.loads(row["statement_json"]), unused))
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remediation(
        summary=f"Remove {names_text(unused)} from {where}.",
        changes=changes,
        manual=()
        if changes
        else (f"Rewrite {where} so that it no longer allows {names_text(unused)}; its principals do not name them.",),
    )


CHECK = Check(
    id="grants.unused",
    aliases=("GRT-13",),
    title="Accounts that a registry policy allows to replicate do replicate",
    severity=Severity.MEDIUM,
    table=GRANTS,
    expect=in_set("unused_accounts", "[]"),
    message="statement {statement} of the registry policy of {account}/{region} allows replication to accounts that "
    "replicate none of its repositories: {unused_accounts:names}"
    "{grant_missing_at:after ; it seems to be meant for the link without a grant to }",
    remediation=_remediation,
    when=("grantees_named",),
    unknown="whether every account that statement {statement} of the registry policy of {account}/{region} allows to "
    "replicate does so is unknown",
    unknown_reason="{use_problem:clause}{problem:clause}",
    evidence=("sid", "grant_missing_at", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "ecr:DescribeRegistry"),
    controls=("own: NIST 800-53 AC-2",),
)
