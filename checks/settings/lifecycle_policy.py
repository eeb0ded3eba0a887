"""The lifecycle policy of a replica repository is the one that the baseline requires.

## What it checks

Where the baseline gives the lifecycle policy of a destination repository as a document, or as `same-as-source`, and
the repository has one, it must have the effect of that policy: the same rules, in the same order where two of them can
select the same image. Descriptions, and which numbers the priorities have, make no difference. With `same-as-source`, a
replica of a source without lifecycle policy must have none. A document must be there even where a rule replicates
deletions.

## Why it matters

Lifecycle policies are not replicated, and anyone who may write to the replica can change its own. One that keeps more
than declared costs storage and leaves old images with known vulnerabilities; one that keeps less deletes images that
the declaration promises for the day of the failover.

## How to fix

The remediation puts the policy that the baseline or the source determines. A lifecycle policy expires images soon
after it is put: run the lifecycle policy preview first. Where the source's policy counts from the last pull, no command
is printed, because replicas are seldom pulled. Where none is allowed, the policy has to be removed by hand.

## Limits of this check

Two policies that expire the same images by different rules count as different. Whether there is a policy at all,
where deletions are not replicated, is `settings.lifecycle-policy-present`. Rules that make no sense are unknown.

## References

- Amazon ECR user guide, Lifecycle policy properties:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
- Amazon ECR user guide, Automate the cleanup of images by using lifecycle policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from checks.baseline.merged_settings import merged_settings
from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.policy_comparison import pull_time_priorities
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository, expected = actions.destination(row), row["repository"], row["expected_lifecycle_policy"]
    where, source = f"{repository} at {'/'.join(place)}", "/".join(actions.source(row))
    if not expected:
        return Remediation(
            summary=f"Remove the lifecycle policy of {where}.",
            manual=(
                f"Find out who put a lifecycle policy on {where}: {repository} at {source} has none.",
                "Delete it with `aws ecr delete-lifecycle-policy`, or write the policy into the baseline.",
            ),
        )
    settings = merged_settings(context.baseline, repository, context.place(place))
    declared = isinstance(settings.lifecycle_policy, dict)
    if not declared and pull_time_priorities(expected) != ():
        return Remediation(
            summary=f"Write a lifecycle policy for {where}.",
            manual=(
                f"The lifecycle policy of {repository} at {source} counts from the last pull, and replicas are seldom "
                "pulled: decide what the replica must keep.",
                "Write a policy that counts by number or from the push into the baseline as lifecycle_policy, then "
                "audit again: the command is printed from then on.",
            ),
        )
    change = actions.put_lifecycle_policy(place, repository, row["lifecycle_policy"], expected)
    return Remediation(summary=f"Put the required lifecycle policy on {where}; it deletes images.", changes=(change,))


CHECK = Check(
    id="settings.lifecycle-policy",
    aliases=("DST-19",),
    title="Replica lifecycle policy matches the baseline",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=equals("lifecycle_policy_kind", "expected_lifecycle_policy_kind"),
    message="{repository} at {destination_account}/{destination_region} has {lifecycle_policy_kind}, the baseline "
    "requires {expected_lifecycle_policy_kind}",
    remediation=_remediation,
    when=("lifecycle_policy_determined",),
    unknown="whether {repository} at {destination_account}/{destination_region} has the required lifecycle policy is "
    "unknown",
    unknown_reason="{lifecycle_policy_unknown:clause}",
    evidence=("lifecycle_policy", "expected_lifecycle_policy"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy"),
    controls=("own: NIST 800-53 CM-2", "own: NIST 800-53 SI-12"),
)
