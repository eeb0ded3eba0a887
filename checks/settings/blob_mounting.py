"""BLOB_MOUNTING of a registry that takes part in replication has the value that the baseline requires.

## What it checks

Where the baseline sets `registries.blob_mounting`, the account setting `BLOB_MOUNTING` of every registry that is a
source or a destination of replication must have that value.

## Why it matters

With blob mounting, a layer that the destination has already is not sent again. Across accounts that works only where
both registries have it enabled: one side alone saves nothing, and gives no error. Where it is disabled on purpose, one
registry with it enabled is an undocumented exception.

## How to fix

The remediation sets the account setting. It is one setting for the whole registry, for pushes by clients as well as for
replication, so it needs review.

## Limits of this check

It compares the setting, not what is saved. Registries that take no part in replication are not evaluated. Where the
endpoint does not know the setting, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR API reference, PutAccountSetting:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html
"""

from __future__ import annotations

from checks.expectations import equals
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, value = actions.registry(row), row["expected_blob_mounting"]
    return Remediation(
        summary=f"Set BLOB_MOUNTING of {'/'.join(place)} to {value}.",
        changes=(actions.set_account_setting(place, "BLOB_MOUNTING", row["blob_mounting"], value),),
    )


CHECK = Check(
    id="settings.blob-mounting",
    aliases=("DST-17",),
    title="BLOB_MOUNTING matches the baseline",
    severity=Severity.INFORMATIONAL,
    table=REGISTRIES,
    expect=equals("blob_mounting", "expected_blob_mounting"),
    message="BLOB_MOUNTING of {account}/{region} is {blob_mounting}, the baseline requires {expected_blob_mounting}",
    remediation=_remediation,
    when=("blob_mounting_required",),
    unknown="whether BLOB_MOUNTING of {account}/{region} has the required value is unknown",
    evidence=("is_source", "is_destination"),
    permissions=("ecr:DescribeRepositories", "ecr:GetAccountSetting"),
    controls=("own: NIST 800-53 CM-6",),
)
