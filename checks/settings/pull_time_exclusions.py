"""Pulls of scanners do not keep images alive.

## What it checks

Where the baseline lists `registries.pull_time_exclusions`, every registry that is a source or a destination of
replication must exclude each of those principals, with its own account id in place of `{account}`, from updating the
time of the last pull.

## Why it matters

A lifecycle rule that counts from the last pull trusts that a pull means use. A scanner or a mirror that pulls every
image every night means nothing by it, and yet nothing expires any more: storage grows, and so does the pile of old
images that can still be deployed.

## How to fix

The remedy registers the exclusion for each principal that is missing. Nothing else changes at once; but images that
only the scanner kept alive expire as soon as a lifecycle rule finds them too old. Look at those rules before.

## Limits of this check

Principals are compared literally, and only roles and users can be excluded, 100 in a registry. Whether a principal
exists is not asked. A principal of another partition (`arn:aws-cn:…`) is nothing for a registry of this one.

## References

- Amazon ECR API reference, RegisterPullTimeUpdateExclusion:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
- Amazon ECR user guide, Lifecycle policy properties:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

import re

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES
from checks.wording import listed, names_in

_MOST = 100
_PRINCIPAL = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII)
"""PullTimeUpdateExclusionList and PrincipalArn of the ECR service model."""


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    missing, present = names_in(row["missing_pull_time_exclusions"]), names_in(row["pull_time_exclusions"])
    place = wanted.registry(row)
    summary = f"Exclude {listed(missing)} from updating pull times in {'/'.join(place)}."
    odd = tuple(one for one in missing if len(one) > 200 or not _PRINCIPAL.fullmatch(one))
    if odd:
        step = (
            f"Correct pull_time_exclusions in the baseline: ECR takes the ARN of a role or a user, not {listed(odd)}."
        )
        return Remedy(summary=summary, manual=(step,))
    if len(present) + len(missing) > _MOST:
        step = (
            f"Withdraw exclusions that nobody needs: {'/'.join(place)} has {len(present)}, {len(missing)} are missing, "
            f"and ECR takes {_MOST}."
        )
        return Remedy(summary=summary, manual=(step, "Audit again: the commands are printed once there is room."))
    return Remedy(summary=summary, edits=tuple(wanted.exclude_pull_time(place, principal) for principal in missing))


CHECK = Check(
    id="settings.pull-time-exclusions",
    aliases=("DST-16",),
    title="Pulls of the declared principals do not renew the pull time",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=is_true("pull_time_exclusions_present"),
    message="in {account}/{region}, pulls still renew the pull time of images for: "
    "{missing_pull_time_exclusions:names}",
    remedy=_remedy,
    when=("pull_time_exclusions_declared",),
    unknown="whether {account}/{region} excludes the declared principals from updating pull times is not known",
    evidence=("pull_time_exclusions", "missing_pull_time_exclusions"),
    permissions=("ecr:DescribeRepositories", "ecr:ListPullTimeUpdateExclusions"),
    controls=("own: NIST 800-53 SI-12",),
)
