"""It can be told what each statement means for replication.

## What it checks

For each statement of a registry policy that allows or denies replication to somebody outside the account, the outcome
must not hang on a condition key or a policy variable of which AWS does not document what replication sends.

## Why it matters

A grant under such a condition works, or does not; nobody can read it off the policy, and no test of one image says
what holds tomorrow. The same goes for a Deny, which may stop all of it. Every other answer about these links is
unknown because of that one line.

## How to fix

Bound the statement by keys that replication is known to send instead: `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`,
`aws:PrincipalAccount` or `aws:PrincipalArn`. Whether the present condition is needed is a question for whoever wrote
it, so there are steps and no command.

## Limits of this check

It asks what can be told, not what is right: a condition on a key that is known to be absent is told by
`grants.conditions-satisfiable`. Tags of the destination repository count as undecidable, because repositories that
replication is yet to create have none. Where the organization of a granted account was not read, the answer is
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

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import GRANTS


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remedy(
        summary=f"Have {where} reviewed by whoever wrote it.",
        manual=(
            f"Ask what {where} should achieve. It hangs on: {row['undecided']}.",
            "Say the same with aws:PrincipalOrgID, aws:PrincipalOrgPaths, aws:PrincipalAccount or aws:PrincipalArn, "
            "or take the condition out.",
            "Push an image and read its replication status before and after, because no document tells the outcome.",
        ),
    )


CHECK = Check(
    id="grants.decidable",
    aliases=("GRT-14",),
    title="It can be told what each statement means for replication",
    severity=Severity.LOW,
    table=GRANTS,
    expect=is_true("decidable"),
    message="what statement {statement} of the registry policy of {account}/{region} means for replication cannot be "
    "told: {undecided}",
    remedy=_remedy,
    when=("about_replication",),
    unknown="whether it can be told what statement {statement} of the registry policy of {account}/{region} means for "
    "replication is not known{problem:because}",
    evidence=("sid", "effect", "statement_json"),
    permissions=("ecr:GetRegistryPolicy", "organizations:ListAccounts", "organizations:DescribeOrganization"),
    controls=("own: NIST 800-53 AC-3",),
)
