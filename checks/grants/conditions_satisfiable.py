"""A replication request can meet the conditions under which a registry policy allows replication.

## What it checks

The conditions of each statement that allows replication to a principal outside the registry's own account are compared
with what a replication request carries: account, organization and organization path of the source, the ARN of its
service-linked role, the time of the audit, and every other key that the IAM user guide determines for a call by a
service-linked role. At least one granted account must be able to meet all of them. An account outside the organization
cannot meet a condition on the organization's own id.

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

What is assumed about each condition key, and its source, is the table in `docs/condition-keys.md`. Where several values
are possible, such as *absent* and `false` for `aws:MultiFactorAuthPresent`, the answer is certain only if all give the
same. Keys of the network path are not documented for a service-linked role: they make the answer unknown, and deserve
the same review. A condition on the time is compared with the time of the audit; where it ends, the reason says when.
A condition on an absent key with an `IfExists` operator passes.

## References

- IAM user guide, Global condition context keys:
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
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
    internal = row["outside_accounts"] == "[]" and row["excluded_accounts"] in (None, "[]")
    repaired = with_satisfiable_conditions(statement, context.organization, internal=internal)
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
    "{account}/{region} is unknown",
    unknown_reason="{condition_problem:clause}{problem:clause}",
    evidence=("sid", "condition_problem", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:DescribeOrganization"),
    controls=("own: NIST 800-53 AC-3",),
)
