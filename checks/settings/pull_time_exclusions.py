"""Pulls by the principals that the baseline lists do not update the last pull time of images.

## What it checks

Where the baseline lists `registries.pull_time_exclusions`, every registry that is a source or a destination of
replication must exclude each of those principals, with its own account id in place of `{account}`, from updating the
time of the last pull.

## Why it matters

A lifecycle rule that counts from the last pull takes a pull for use. A scanner or a mirror that pulls every image every
night is no use of the image, and still no image expires: storage grows, and so does the number of old images that can
still be deployed.

## How to fix

The remediation registers the exclusion for each missing principal. Nothing else changes at once; but images that only
the scanner kept alive expire as soon as a lifecycle rule finds them too old. Review those rules first.

## Limits of this check

Principals are compared literally, and only roles and users can be excluded, 100 in a registry. Whether a principal
exists is not evaluated. A principal of another partition (`arn:aws-cn:…`) is skipped for registries of this one.

## References

- Amazon ECR API reference, RegisterPullTimeUpdateExclusion:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
- Amazon ECR user guide, Lifecycle policy properties:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

import re

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REGISTRIES

_MOST = 100
_PRINCIPAL = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII)
"""PullTimeUpdateExclusionList and PrincipalArn of the ECR service model."""


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    missing, present = names_in(row["missing_pull_time_exclusions"]), names_in(row["pull_time_exclusions"])
    place = actions.registry(row)
    summary = f"Exclude {names_text(missing)} from updating pull times in {'/'.join(place)}."
    odd = tuple(one for one in missing if len(one) > 200 or not _PRINCIPAL.fullmatch(one))
    if odd:
        step = (
            f"Correct pull_time_exclusions in the baseline: ECR takes the ARN of a role or a user, not "
            f"{names_text(odd)}."
        )
        return Remediation(summary=summary, manual=(step,))
    if len(present) + len(missing) > _MOST:
        step = (
            f"Deregister exclusions that are not needed: {'/'.join(place)} has {len(present)}, {len(missing)} are "
            f"missing, and ECR accepts {_MOST}."
        )
        return Remediation(summary=summary, manual=(step, "Audit again: the commands are printed once there is room."))
    return Remediation(
        summary=summary, changes=tuple(actions.exclude_pull_time(place, principal) for principal in missing)
    )


CHECK = Check(
    id="settings.pull-time-exclusions",
    aliases=("DST-16",),
    title="The required principals are excluded from pull-time updates",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=in_set("missing_pull_time_exclusions", "[]"),
    message="in {account}/{region}, pulls by these principals still update the last pull time of images: "
    "{missing_pull_time_exclusions:names}",
    remediation=_remediation,
    when=("pull_time_exclusions_required",),
    unknown="whether {account}/{region} excludes the required principals from pull-time updates is unknown",
    evidence=("pull_time_exclusions",),
    permissions=("ecr:DescribeRepositories", "ecr:ListPullTimeUpdateExclusions"),
    controls=("own: NIST 800-53 SI-12",),
)
