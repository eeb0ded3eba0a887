"""Lifecycle policies of copies do not count from a pull that never comes.

## What it checks

No rule in the lifecycle policy of a destination repository may count by `sinceImagePulled`, whether it expires images
or archives them. A policy that the baseline writes out for the copy passes, because that is a decision.

## Why it matters

Counting from the last pull is right where images are deployed from: what is in use stays. A copy for emergencies is
not deployed from. None of its images is ever pulled, so all of them run out, and the copy is empty, or in the archive
and hours away, just when it is needed.

## How to fix

Where the baseline determines a policy that does not count from the pull, the remedy puts it; run AWS's preview first,
because a lifecycle policy deletes images as soon as it is there. Otherwise a person rewrites the rules to count by
number, or from the push.

## Limits of this check

Whether a copy is pulled is not looked at: where workloads do run from it, waive the finding or write the policy into
the baseline. Pulls that should not count are the business of `settings.pull-time-exclusions`.

## References

- Amazon ECR user guide, Lifecycle policy properties:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
- Amazon ECR user guide, Automate the cleanup of images by using lifecycle policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.lifecycles import pull_time_priorities
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REPLICAS
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place, repository, policy = wanted.destination(row), row["repository"], row["expected_lifecycle_policy"]
    where = f"{repository} at {'/'.join(place)}"
    if policy and pull_time_priorities(policy) == ():
        return Remedy(
            summary=f"Put the declared lifecycle policy on {where}; it deletes images.",
            edits=(wanted.put_lifecycle_policy(place, repository, row["lifecycle_policy"], policy),),
        )
    return Remedy(
        summary=f"Let the lifecycle policy of {where} count by number, or from the push.",
        manual=(
            f"Find out whether anybody pulls {where} in everyday life; if so, waive this finding.",
            f"If nobody does, rewrite the rules of priority {listed(names_in(row['pull_time_priorities']))} to "
            "imageCountMoreThan or sinceImagePushed, and keep at least what the source keeps.",
            "Try the policy with `aws ecr start-lifecycle-policy-preview` before putting it, or write it into the "
            "baseline as lifecycle_policy, so that the audit can print the command.",
        ),
    )


CHECK = Check(
    id="settings.lifecycle-without-pull-time",
    aliases=("DST-16",),
    title="Lifecycle policies of copies do not count from the last pull",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=is_true("lifecycle_without_pull_time"),
    message="the lifecycle policy of {repository} at {destination_account}/{destination_region} counts from the last "
    "pull (rules of priority {pull_time_priorities:names}), and copies are seldom pulled",
    remedy=_remedy,
    when=("destination_present", "lifecycle_present"),
    unknown="whether the lifecycle policy of {repository} at {destination_account}/{destination_region} counts from "
    "the last pull is not known",
    evidence=("pull_time_priorities", "lifecycle_policy"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy"),
    controls=("own: NIST 800-53 CP-9",),
)
