"""Replication can satisfy the conditions under which it is granted.

## What it checks

For each statement that allows replication, its conditions are held against what a replication request carries:
account, organization and organization path of the source, and the ARN of its service-linked role. At least one
granted account must be able to meet them all.

## Why it matters

`aws:SourceAccount` and `aws:SourceArn` look like prudent hardening, and are, where an AWS service calls on somebody's
behalf. Cross-account replication does not send them. A plain comparison with an absent key is false, so every copy
ends in `DESTINATION_REGISTRY_ACCESS_DENIED`, while the policy reads perfectly well. Reported cases went unnoticed for
weeks.

## How to fix

The remedy takes those keys out and bounds the statement by `aws:PrincipalOrgID` where only accounts of the
organization are granted, or by `aws:PrincipalAccount` with the same accounts where the principal is everyone. Where
nothing would bound the statement any more, a person has to decide.

## Limits of this check

That the two keys are absent rests on a published incident analysis and on AWS's own examples, which leave them out;
AWS does not say so in as many words. Keys of the network path and tags of the principal are not documented for
replication either: they make the answer unknown, and deserve the same look. An `IfExists` operator passes.

## References

- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
"""

from __future__ import annotations

import json

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.statement_repairs import with_satisfiable_conditions
from checks.tables import GRANTS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    statement = json.loads(row["statement_json"])
    repaired = with_satisfiable_conditions(statement, context.organization, internal=row["grantees_internal"])
    edits = wanted.mend_statement(row, repaired)
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remedy(
        summary=f"Replace the conditions of {where} that replication cannot meet.",
        edits=edits,
        manual=()
        if edits
        else (
            f"Read the conditions of {where}: {row['condition_problem']}.",
            "Bound the grant by keys that replication sends: aws:PrincipalOrgID, aws:PrincipalOrgPaths or "
            "aws:PrincipalAccount of the source.",
        ),
    )


CHECK = Check(
    id="grants.conditions-satisfiable",
    aliases=("GRT-06",),
    title="Replication can satisfy the conditions of its grants",
    severity=Severity.CRITICAL,
    table=GRANTS,
    expect=is_true("conditions_satisfiable"),
    message="statement {statement} of the registry policy of {account}/{region} grants replication under conditions "
    "that it cannot meet: {condition_problem}",
    remedy=_remedy,
    when=("concerns_replication",),
    unknown="whether replication can meet the conditions of statement {statement} of the registry policy of "
    "{account}/{region} is not known{condition_problem:because}{problem:because}",
    evidence=("sid", "condition_problem", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:DescribeOrganization"),
    controls=("own: NIST 800-53 AC-3",),
)
