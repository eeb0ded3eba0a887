"""Whoever is granted replication does replicate.

## What it checks

For each statement that allows replication and names the accounts that it allows, every one of them must have a rule
with this registry as destination, for names that the statement's Resource takes in. A link that the baseline requires
counts as much as a rule. A Resource that names no repository of this registry is `grants.resource-arn-valid`'s matter;
then any rule counts.

## Why it matters

A grant that nobody uses is a door that nobody watches. It stays behind when a migration ends, when a rule is moved to
another Region, or when a repository is renamed. Whoever gains control of that account may write a rule, and from then
on decides what lies in this registry.

## How to fix

The remedy takes the unused accounts out of the statement, and removes the statement when nobody would remain. Nothing
that replicates today is affected. If a grant was made ahead of a rule that is to come, declare the link in the
baseline.

## Limits of this check

It sees the rules of the accounts that it read: for partners, and for accounts or Regions left out of the run, the
answer is unknown. Statements for a whole organization or for everyone name nobody who could be held against rules, and
are not judged. A rule that has not copied anything for a long time counts as use.

## References

- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

import json

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.statement_repairs import without_accounts
from checks.tables import GRANTS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    unused = names_in(row["unused_accounts"])
    edits = wanted.mend_statement(row, without_accounts(json.loads(row["statement_json"]), unused))
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remedy(
        summary=f"Take {listed(unused)} out of {where}.",
        edits=edits,
        manual=()
        if edits
        else (f"Rewrite {where} so that it no longer lets in {listed(unused)}; its principals do not name them.",),
    )


CHECK = Check(
    id="grants.in-use",
    aliases=("GRT-13",),
    title="Accounts that are granted replication do replicate",
    severity=Severity.MEDIUM,
    table=GRANTS,
    expect=is_true("grantees_use_it"),
    message="statement {statement} of the registry policy of {account}/{region} grants replication to accounts that do "
    "not replicate what it is for: {unused_accounts:names}",
    remedy=_remedy,
    when=("grantees_named",),
    unknown="whether everybody to whom statement {statement} of the registry policy of {account}/{region} grants "
    "replication uses it is not known{use_problem:because}{problem:because}",
    evidence=("sid", "unused_accounts", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "ecr:DescribeRegistry"),
    controls=("own: NIST 800-53 AC-2",),
)
