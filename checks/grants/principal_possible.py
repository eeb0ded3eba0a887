"""A statement that allows replication names a principal as which replication can come.

## What it checks

For each statement that allows replication to a principal outside the registry's own account, at least one principal
must be one that replication matches: an account (by its id or its `root`), its service-linked role of replication, or
everyone. A statement of which every principal is another role, a user, a service or the id of a deleted principal
cannot match. Neither can a text that names nothing in AWS: an unrendered template, an account id that has lost its
leading zero, a wildcard inside a principal; nor an ARN of another partition.

## Why it matters

Replication comes as ECR's service-linked role of the source account, never as the user or pipeline that pushed the
image. Naming the CI role is a natural mistake: it is the identity that people know. The statement then grants that
role something that it never asks for, and replication nothing. An id that begins with `AIDA` or `AROA` is all that is
left of a principal that was deleted.

## How to fix

The remediation replaces roles and users by their accounts, and keeps of the actions only those that replication needs,
because a whole account is now meant. If the role needs other actions in this registry, allow them in a statement of
its own.

## Limits of this check

Naming the service-linked role as principal counts like the same ARN in `aws:PrincipalArn`: replication calls as that
role. One session of it is unknown, because AWS does not document the name of the session. So is a principal of a kind
that IAM does not document.

## References

- Amazon ECR user guide, Service-linked role for replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
- Amazon ECR user guide, Granting permissions for cross-account replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html
"""

from __future__ import annotations

import json

from checks.expectations import between
from checks.iam.repairs import with_account_principals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    partition = context.registries[actions.registry(row)]["partition"]
    allowed = context.baseline.grants.allowed_actions
    changes = actions.repair_statement(
        row, with_account_principals(json.loads(row["statement_json"]), partition, allowed)
    )
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remediation(
        summary=f"Name the source accounts as principals of {where}.",
        changes=changes,
        manual=()
        if changes
        else (
            f"Find out for which source account {where} is intended: {row['principal_problem']}.",
            f"Name it as `arn:{partition}:iam::` + account id + `:root`, or remove the statement.",
        ),
    )


CHECK = Check(
    id="grants.principal-possible",
    aliases=("GRT-08",),
    title="Statements that allow replication name a principal that replication can match",
    severity=Severity.HIGH,
    table=GRANTS,
    expect=between("replication_principals", minimum=1),
    message="statement {statement} of the registry policy of {account}/{region} allows replication to no principal "
    "that it can match: {principal_problem}",
    remediation=_remediation,
    when=("concerns_replication",),
    unknown="whether replication can match a principal of statement {statement} of the registry policy of "
    "{account}/{region} is unknown",
    unknown_reason="{principal_problem:clause}{problem:clause}",
    evidence=("sid", "principal_problem", "statement_json"),
    permissions=("ecr:GetRegistryPolicy",),
    controls=("own: NIST 800-53 AC-3",),
)
