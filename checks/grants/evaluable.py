"""The effect of each statement on replication can be evaluated from AWS's documentation.

## What it checks

For each statement of a registry policy that allows or denies replication to a principal outside the account, the
outcome must not depend on a condition key or a policy variable for which AWS does not document what a replication
request carries, nor on a resource of which it does not document whether it matches (`repository*`).

## Why it matters

A statement under such a condition works, or does not; the policy does not show which, and a test with one image does
not show what holds tomorrow. The same goes for a Deny, which may stop all of it. Every other answer about these links
is unknown because of that one line.

## How to fix

Bound the statement by keys that replication is known to send: `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`,
`aws:PrincipalAccount` or `aws:PrincipalArn`, and write `repository/` in full in its resources. Whether the present
condition is needed is a question for its author, so that there are steps and no command.

## Limits of this check

It asks whether the outcome can be evaluated, not whether it is right: a condition on a key that is known to be absent
is reported by `grants.conditions-satisfiable`. Which keys are known, and from which source, is the table in
`docs/condition-keys.md`. Tags of the destination repository count as undocumented, because repositories that
replication has yet to create have none. Where the organization of a granted account was not read, the answer is
unknown.

## References

- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
- IAM user guide, Global condition context keys:
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
- IAM user guide, Policy variables:
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remediation(
        summary=f"Have {where} reviewed by its author.",
        manual=(
            f"Ask what {where} should achieve. It depends on: {row['undetermined_by']}.",
            "Express the same with aws:PrincipalOrgID, aws:PrincipalOrgPaths, aws:PrincipalAccount or "
            "aws:PrincipalArn, or remove the condition. In a Resource, write `repository/` in full before a wildcard.",
            "Push an image and read its replication status before and after the change, because AWS does not document "
            "the outcome.",
        ),
    )


CHECK = Check(
    id="grants.evaluable",
    aliases=("GRT-14",),
    title="The effect of each registry policy statement on replication can be evaluated",
    severity=Severity.LOW,
    table=GRANTS,
    expect=in_set("undetermined_by", ""),
    message="the effect of statement {statement} of the registry policy of {account}/{region} on replication cannot be "
    "evaluated: {undetermined_by}",
    remediation=_remediation,
    when=("about_replication",),
    unknown="whether the effect of statement {statement} of the registry policy of {account}/{region} on replication "
    "can be evaluated is unknown",
    unknown_reason="{problem:clause}",
    evidence=("sid", "effect", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:ListAccounts", "organizations:DescribeOrganization"),
    controls=("own: NIST 800-53 AC-3",),
)
