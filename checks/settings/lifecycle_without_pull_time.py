"""The lifecycle policy of a replica repository does not count from the last pull.

## What it checks

No rule in the lifecycle policy of a destination repository may count by `sinceImagePulled`, whether it expires images
or archives them. A policy that the baseline writes out for the replica passes, because that is a decision.

## Why it matters

Counting from the last pull is right where images are deployed from: what is in use stays. A replica for failover is
not deployed from. None of its images is ever pulled, so all of them expire, and the replica is empty, or in the archive
and hours away, when it is needed.

## How to fix

Where the baseline determines a policy that does not count from the pull, the remediation puts it; run the lifecycle
policy preview first, because a lifecycle policy expires images soon after it is put. Otherwise rewrite the rules to
count by number, or from the push.

## Limits of this check

Whether a replica is pulled is not evaluated: where workloads do run from it, waive the finding or write the policy into
the baseline. Pulls that should not count are covered by `settings.pull-time-exclusions`.

## References

- Amazon ECR user guide, Lifecycle policy properties:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
- Amazon ECR user guide, Automate the cleanup of images by using lifecycle policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.policy_comparison import pull_time_priorities
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository, policy = actions.destination(row), row["repository"], row["expected_lifecycle_policy"]
    where = f"{repository} at {'/'.join(place)}"
    if policy and pull_time_priorities(policy) == ():
        return Remediation(
            summary=f"Put the required lifecycle policy on {where}; it deletes images.",
            changes=(actions.put_lifecycle_policy(place, repository, row["lifecycle_policy"], policy),),
        )
    return Remediation(
        summary=f"Rewrite the lifecycle policy of {where} to count by number, or from the push.",
        manual=(
            f"Find out whether workloads pull from {where} in normal operation; if so, waive this finding.",
            f"If not, rewrite the rules of priority {names_text(names_in(row['undeclared_pull_time_rules']))} to "
            "imageCountMoreThan or sinceImagePushed, and keep at least what the source keeps.",
            "Preview the policy with `aws ecr start-lifecycle-policy-preview` before putting it, or write it into the "
            "baseline as lifecycle_policy, so that the audit can print the command.",
        ),
    )


CHECK = Check(
    id="settings.lifecycle-without-pull-time",
    aliases=("DST-16",),
    title="Replica lifecycle policies do not count from the last pull",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=in_set("undeclared_pull_time_rules", "[]"),
    message="the lifecycle policy of {repository} at {destination_account}/{destination_region} counts from the last "
    "pull (rules of priority {undeclared_pull_time_rules:names}), and replicas are seldom pulled",
    remediation=_remediation,
    when=("destination_present", "lifecycle_policy_present"),
    unknown="whether the lifecycle policy of {repository} at {destination_account}/{destination_region} counts from "
    "the last pull is unknown",
    evidence=("lifecycle_policy",),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy"),
    controls=("own: NIST 800-53 CP-9",),
)
