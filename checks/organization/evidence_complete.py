"""The audit could read everything that it needs about a registry.

## What it checks

For each registry in scope, every read that the audit needed must have succeeded, and its rules and creation templates
must have been of the documented form. The finding lists what failed, with the error that AWS returned.

## Why it matters

A check cannot pass or fail on evidence that was not read; its answer is *unknown*. This finding says where those
answers come from, so that an unknown registry is not mistaken for a healthy one, and an auditor can see what the
report does not cover.

## How to fix

Mostly the audit role is missing in the account, or lacks an action. The finding names the IAM actions that would
close the gap; `ecr-audit iam-policy` prints the whole policy, which reads configuration only and cannot pull an
image. A service control policy that forbids a Region cannot be fixed in the account: exempt the audit role there, or
leave the Region out of the scope.

## Limits of this check

It evaluates the audit's own coverage, not the registry. A registry of which nothing could be read, not even that it
exists, is listed as an account or Region among the gaps instead.

## References

- AWS Organizations user guide, Account states:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
- Amazon ECR user guide, Common errors:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    account, missing = row["account"], row["missing_permissions"]
    grant = (
        f"Allow the audit role in account {account}: {missing}."
        if missing
        else f"Check that the audit role exists in account {account} and trusts the account that runs the audit."
    )
    return Remediation(
        summary=f"Allow the audit to read {account}/{row['region']}.",
        manual=(
            grant,
            "`ecr-audit iam-policy` prints the whole least-privilege policy; deploy it to member accounts with a "
            "service-managed StackSet, and to the management account by hand, which StackSets leave out.",
            "If a service control policy denies it, exempt the audit role there; if AWS throttled or timed out, run "
            "the audit again.",
        ),
    )


CHECK = Check(
    id="organization.evidence-complete",
    aliases=("ORG-04",),
    title="The evidence about each registry is complete",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=is_true("evidence_complete"),
    message="the evidence about {account}/{region} is incomplete: {evidence_missing}",
    remediation=_remediation,
    unknown="it is unknown whether the evidence about {account}/{region} is complete",
    evidence=("evidence_missing", "missing_permissions", "detail"),
    permissions=("sts:AssumeRole", "ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:GetRegistryPolicy"),
    controls=("own: NIST 800-53 AU-6",),
)
