"""A replication request can meet the conditions under which a registry policy allows replication.

## What it checks

The conditions of each statement that allows replication are compared with what a replication request carries: account,
organization and organization path of the source, and the ARN of its service-linked role. At least one granted account
must be able to meet all of them.

## Why it matters

`aws:SourceAccount` and `aws:SourceArn` look like prudent hardening, and are, where an AWS service calls on behalf of a
customer. Cross-account replication does not send them. A comparison with an absent key is false, so that every
replication ends in `DESTINATION_REGISTRY_ACCESS_DENIED` while the policy looks correct. Reported cases stayed
unnoticed for weeks.

## How to fix

The remediation removes those keys and bounds the statement by `aws:PrincipalOrgID` where only accounts of the
organization are granted, or by `aws:PrincipalAccount` with the same accounts where the principal is everyone. Where
nothing would bound the statement any more, a person has to decide.

## Limits of this check

That the two keys are absent rests on a published incident analysis and on AWS's own examples, which leave them out;
AWS does not state it. Keys of the network path and tags of the principal are not documented for replication either:
they make the answer unknown, and deserve the same review. A condition with an `IfExists` operator passes.

## References

- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
"""

from __future__ import annotations

import json

from checks.expectations import between
from checks.iam.repairs import with_satisfiable_conditions
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    statement = json.loads(row["statement_json"])
    repaired = with_satisfiable_conditions(statement, context.organization, internal=row["outside_accounts"] == "[]")
    changes = actions.repair_statement(row, repaired)
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remediation(
        summary=f"Replace the conditions of {where} that replication requests do not meet.",
        changes=changes,
        manual=()
        if changes
        else (
            f"Read the conditions of {where}: {row['condition_problem']}.",
            "Bound the grant by keys that replication sends: aws:PrincipalOrgID, aws:PrincipalOrgPaths or "
            "aws:PrincipalAccount of the source.",
        ),
    )


CHECK = Check(
    id="grants.conditions-satisfiable",
    aliases=("GRT-06",),
    title="Replication meets the conditions of the statements that allow it",
    severity=Severity.CRITICAL,
    table=GRANTS,
    expect=between("unsatisfied_conditions", maximum=0),
    message="statement {statement} of the registry policy of {account}/{region} allows replication under "
    "conditions that no replication request meets: {condition_problem}",
    remediation=_remediation,
    when=("concerns_replication",),
    unknown="whether a replication request meets the conditions of statement {statement} of the registry policy of "
    "{account}/{region} is unknown{condition_problem:because}{problem:because}",
    evidence=("sid", "condition_problem", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:DescribeOrganization"),
    controls=("own: NIST 800-53 AC-3",),
)
