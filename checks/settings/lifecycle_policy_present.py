"""Replica repositories to which deletions are not replicated have a lifecycle policy.

## What it checks

Where the baseline requires a lifecycle policy at a destination repository, and no rule replicates deletions there,
the repository must have a lifecycle policy with at least one rule. Which one it must be is
`settings.lifecycle-policy`.

## Why it matters

A lifecycle policy acts in its own Region only, and is not replicated. What the source expires after two weeks stays
in the replica. Storage costs grow with every push, and so does the number of old images with known vulnerabilities
that can still be pulled.

## How to fix

Where the baseline or the source determines the text, the remediation puts it. A lifecycle policy expires images soon
after it is put; run the lifecycle policy preview first. Otherwise it has to be written by hand. Where replicas should
follow the source, enable `deleteReplication` instead.

## Limits of this check

Presence is evaluated, not what the policy does: where the baseline requires some policy, one that never expires
anything passes. Lifecycle rules that count from
the last pull expire replicas, which are seldom pulled, sooner than the source. A policy text that cannot be parsed is
unknown.

## References

- AWS Security Hub, ECR.3:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Lifecycle policy parameters:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
- Amazon ECR user guide, Replicating image deletions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html
"""

from __future__ import annotations

from checks.expectations import between
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository, policy = actions.destination(row), row["repository"], row["expected_lifecycle_policy"]
    where = f"{repository} at {'/'.join(place)}"
    if policy:
        change = actions.put_lifecycle_policy(place, repository, "", policy)
        return Remediation(
            summary=f"Put the required lifecycle policy on {where}; it deletes images.", changes=(change,)
        )
    return Remediation(
        summary=f"Write a lifecycle policy for {where}.",
        manual=(
            f"Decide which images of {where} may expire, by age or by number.",
            "Write the policy into the baseline as lifecycle_policy, so that the audit can print the command; or put "
            "it on the source too, because a policy that only the replica has expires images that the source keeps.",
            "Preview it with `aws ecr start-lifecycle-policy-preview` before putting it.",
        ),
    )


CHECK = Check(
    id="settings.lifecycle-policy-present",
    aliases=("DST-07",),
    title="Replicas without replicated deletions have a lifecycle policy",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=between("lifecycle_rules", minimum=1),
    message="{repository} at {destination_account}/{destination_region} has no lifecycle policy, and deletions are not "
    "replicated to it: no image there ever expires",
    remediation=_remediation,
    when=("lifecycle_policy_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} has a lifecycle policy is unknown",
    evidence=("delete_replication", "expected_lifecycle_policy"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:DescribeRegistry"),
    controls=("Security Hub ECR.3", "PCI DSS v4.0 3.2.1.7", "PCI DSS v4.0 10.5.1.8", "NIS2 12.2.2.a"),
)
