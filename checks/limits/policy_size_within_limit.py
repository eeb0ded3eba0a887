"""The length of a registry policy stays below the warning threshold of AWS's limit.

## What it checks

A registry has one policy, of at most 10,240 characters unless the baseline says otherwise. More than the limit is high;
a length that reaches the warning share, which the baseline sets (80 % unless it says otherwise), is medium.

## Why it matters

Every account that replicates into a registry needs a grant in this one document. When it is full, the next account
cannot be connected, and a remediation that adds a statement is refused. Policies that name each account with each
prefix reach the limit with a few dozen accounts.

## How to fix

Write the same grants more compactly: one statement for all accounts of the organization with the condition
`aws:PrincipalOrgID`, or one statement with a list of accounts where actions and resources are the same. Indentation
counts as characters too.

## Limits of this check

Characters are counted as AWS returned the text, including white space. Whether two statements could be merged without
granting more is not evaluated.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
"""

from __future__ import annotations

from checks.expectations import less_than
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import limit_advice
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    organization = context.organization or "the organization's id"
    return Remediation(
        summary=f"Shorten the registry policy of {row['account']}/{row['region']}.",
        manual=(
            *limit_advice.for_policy(row, context),
            "Merge Allow statements with the same actions, resources and conditions into one for all their accounts.",
            "Where every account of the organization may replicate here, replace their statements by one with the "
            f'Principal "*" and the condition StringEquals aws:PrincipalOrgID = {organization}.',
            "Send the document without indentation; run the audit again, which evaluates every grant of the new text.",
        ),
    )


CHECK = Check(
    id="limits.policy-size-within-limit",
    aliases=("LIM-06",),
    title="The length of the registry policy stays below the warning threshold",
    severity=Severity.HIGH,
    table=REGISTRIES,
    expect=less_than("policy_characters", "policy_characters_warning_threshold"),
    message="the registry policy of {account}/{region} has {policy_characters:count character}; the limit is "
    "{policy_characters_limit:,}, and the warning threshold {policy_characters_warning_threshold:,}",
    remediation=_remediation,
    graded="policy_characters_severity",
    unknown="the length of the registry policy of {account}/{region} is unknown",
    unknown_reason="it could not be read",
    evidence=("policy_characters_limit",),
    permissions=("ecr:GetRegistryPolicy",),
    controls=("own: NIST 800-53 CP-2",),
)
