"""Every resource that a registry policy names can be a repository of that registry.

## What it checks

Each entry of `Resource` or `NotResource` of each statement must be `*`, or an ARN that can match a repository of this
very registry: service `ecr`, the registry's own partition, Region and account, and `repository/` before the name.

## Why it matters

AWS accepts a policy with wrong ARNs, and they match nothing. A forgotten `ecr:`, the Region of the registry from which
the policy was copied, or the account of the *source* in place of the destination: the statement looks right and allows
nothing. In a Deny the same mistake leaves open what was meant to be closed.

## How to fix

The remediation rewrites the statement with the partition, Region and account of its own registry and keeps the
repository part. In a Deny, or where no repository part can be made out, a person has to correct it: a Deny that begins
to work may stop more than expected.

## Limits of this check

It checks whether an ARN can match at all, not whether it matches what was meant. Whether a wildcard in the resource
type (`repository*`) or in the service works, and whether the `*` of a shortened ARN spans its missing fields, is not
documented by AWS: then the answer is unknown, here as for the links that depend on it. Write `repository/` in full. A
statement that policy scope V1 ignores has no effect today, and its finding a lower severity.

## References

- Amazon ECR user guide, Private registry policy examples:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-examples.html
- Request to check registry policies before accepting them:
  https://github.com/aws/containers-roadmap/issues/2675
"""

from __future__ import annotations

import json

from checks.expectations import between
from checks.iam.repairs import with_own_resources
from checks.iam.request import Registry
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    account, region = place = actions.registry(row)
    registry = Registry(account, region, context.registries[place]["partition"])
    changes = actions.repair_statement(row, with_own_resources(json.loads(row["statement_json"]), registry))
    return Remediation(
        summary=f"Correct the resources of statement {row['statement']} in the registry policy of {account}/{region}.",
        changes=changes,
        manual=()
        if changes
        else (
            f"Read statement {row['statement']}: {row['resource_problem']}.",
            f"Write each resource as `{registry.arn_head}` and the repositories that are meant, `*` for all.",
            "If it is a Deny, find out first what it will block once it matches.",
        ),
    )


CHECK = Check(
    id="grants.resource-arn-valid",
    aliases=("GRT-04",),
    title="Resources in a registry policy match repositories of that registry",
    severity=Severity.HIGH,
    table=GRANTS,
    expect=between("unmatchable_resources", maximum=0),
    message="statement {statement} of the registry policy of {account}/{region} names "
    "{unmatchable_resources:count resource} that no repository there can match: {resource_problem}"
    "{grant_missing_at:after ; it seems to be meant for the link without a grant to }"
    "{ignored_by_scope:if ; this statement has no effect today, because policy scope V1 ignores it else }",
    remediation=_remediation,
    graded="resource_severity",
    unknown="whether the resources of statement {statement} of the registry policy of {account}/{region} can match a "
    "repository is unknown",
    unknown_reason="{resource_problem:clause}{problem:clause}",
    evidence=("sid", "effect", "resource_problem", "grant_missing_at", "statement_json"),
    permissions=("ecr:GetRegistryPolicy",),
    controls=("own: NIST 800-53 AC-3",),
)
