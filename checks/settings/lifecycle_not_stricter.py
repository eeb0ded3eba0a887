"""The lifecycle policy of a replica repository expires no image that the source keeps.

## What it checks

The lifecycle policy at the destination must not expire an image that the source keeps. The texts are compared rule by
rule, without looking at images: the same selection with a smaller number fails, and so does a selection that the source
never expires. A side without a policy expires nothing: a source without one keeps everything, so every policy at the
destination that expires images fails, and a replica without one passes. A policy that the baseline writes out for the
replica passes, because that is a decision.

## Why it matters

A replica is kept for the day on which the source is lost or wrong. That day the version that is needed is rarely the
newest. Where the replica's policy keeps ten images and the source's fifty, four fifths of what can be deployed today
cannot be deployed from the replica, and no earlier sign shows it.

## How to fix

The remediation puts the policy that the baseline determines, or else the source's own, on the replica repository. Where
neither has one, how long the replica keeps images has to be decided first.
Lifecycle policies expire images soon after they are put: run the lifecycle policy preview first. Where that policy
counts from the last pull, no command is printed, because replicas are seldom pulled. Images that the replica has lost
come back with a backfill.

## Limits of this check

Ages count from the push, which for a replica is its arrival, so equal ages pass. Rules that move images to the archive,
and policies whose selections overlap in different ways, are not evaluated and give unknown. Whether there is a policy
at all is `settings.lifecycle-policy-present`. Deletions that replication itself carries over are not evaluated here.

## References

- Amazon ECR user guide, Lifecycle policy properties:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
- Amazon ECR user guide, Automate the cleanup of images by using lifecycle policies:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.policy_comparison import pull_time_priorities
from checks.remediation import actions
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, repository = actions.destination(row), row["repository"]
    where, source = f"{repository} at {'/'.join(place)}", "/".join(actions.source(row))
    declared = row["expected_lifecycle_policy"]
    policy = declared or row["source_lifecycle_policy"]
    if policy == "":
        return _decision(row, where, source)
    if pull_time_priorities(policy) != ():
        return Remediation(
            summary=f"Make {where} keep what {source} keeps.",
            manual=(
                f"Decide what the replica has to keep: today {row['earlier_expiry']}. The policy to follow counts from "
                "the last pull, and replicas are seldom pulled.",
                "Write a policy that counts by number or from the push into the baseline as lifecycle_policy, then "
                "audit again: the command is printed from then on.",
            ),
        )
    whose = "the required lifecycle policy" if declared else f"the lifecycle policy of {source}"
    return Remediation(
        summary=f"Put {whose} on {where}; it deletes images.",
        changes=(actions.put_lifecycle_policy(place, repository, row["lifecycle_policy"], policy),),
    )


def _decision(row: Row, where: str, source: str) -> Remediation:
    """The steps where neither the baseline nor the source has a policy to put."""
    account, region = actions.destination(row)
    removal = (
        f"If it is to keep everything, remove its policy in account {account}, and from the creation template that "
        f"sets it: `aws ecr delete-lifecycle-policy --region {region} --repository-name {row['repository']}`."
    )
    return Remediation(
        summary=f"Make {where} keep what {source} keeps, which has no lifecycle policy.",
        manual=(
            f"Decide how long {where} keeps images: today {row['earlier_expiry']}.",
            # Where the baseline requires a policy, removing it would only fail another check.
            *(() if row["lifecycle_policy_required"] else (removal,)),
            "If the policy is intended, write it into the baseline as lifecycle_policy of this repository; or put it "
            "on the source as well, where it expires images too.",
        ),
    )


CHECK = Check(
    id="settings.lifecycle-not-stricter",
    aliases=("DST-15",),
    title="Replica lifecycle policy expires no image that the source keeps",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=in_set("earlier_expiry", ""),
    message="{repository} at {destination_account}/{destination_region} expires images that the source keeps: "
    "{earlier_expiry}",
    remediation=_remediation,
    when=("destination_present",),
    unknown="whether {repository} at {destination_account}/{destination_region} keeps what the source keeps is unknown",
    unknown_reason="{earlier_expiry_unknown:clause}",
    evidence=("lifecycle_policy", "source_lifecycle_policy", "delete_replication"),
    at="destination",
    permissions=("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy"),
    controls=("own: NIST 800-53 CP-9",),
)
