"""Everything that the audit wanted to read about a registry could be read.

## What it checks

For each registry in scope, every read that the audit wanted must have succeeded. The finding lists what failed, with
the error that AWS gave.

## Why it matters

A check cannot pass or fail on what was not seen; it answers *unknown*. This finding says where those answers come
from, so that an unknown registry is not mistaken for a healthy one, and an auditor can see what the report does not
cover.

## How to fix

Mostly the audit role is missing in the account, or lacks an action. The finding names the IAM actions that would
close the gap; `ecr-audit iam-policy` prints the whole policy, which reads configuration only and cannot pull an
image. A service control policy that forbids a Region cannot be mended in the account: exempt the audit role there, or
leave the Region out of the scope.

## Limits of this check

It judges the audit's own view, not the registry. A registry of which nothing could be read, not even that it exists,
shows up as an account or Region in the list of gaps instead.

## References

- AWS Organizations user guide, Account states:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
- Amazon ECR user guide, Common errors:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    account, missing = row["account"], row["missing_permissions"]
    grant = (
        f"Let the audit role in account {account} do: {missing}."
        if missing
        else f"See that the audit role exists in account {account} and trusts the account from which the audit runs."
    )
    return Remedy(
        summary=f"Let the audit read {account}/{row['region']}.",
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
    title="Everything about the registry could be read",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=is_true("evidence_complete"),
    message="{account}/{region} was not looked at completely: {evidence_missing}",
    remedy=_remedy,
    unknown="whether {account}/{region} was looked at completely is not known",
    evidence=("evidence_missing", "missing_permissions", "depth"),
    permissions=("sts:AssumeRole", "ecr:DescribeRegistry", "ecr:DescribeRepositories", "ecr:GetRegistryPolicy"),
    controls=("own: NIST 800-53 AU-6",),
)
