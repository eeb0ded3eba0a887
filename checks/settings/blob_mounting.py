"""Registries that take part in replication mount layers as the baseline asks.

## What it checks

Where the baseline sets `registries.blob_mounting`, the account setting `BLOB_MOUNTING` of every registry that is a
source or a destination of replication must have that value.

## Why it matters

With blob mounting, a layer that the destination has already is not sent again. Across accounts that works only where
both registries have it enabled: one side alone saves nothing, and gives no error. Where it is disabled on purpose, one
registry with it enabled is an exception that nobody has recorded.

## How to fix

The remedy sets the account setting. It is one setting for the whole registry, for pushes by clients as well as for
replication, so it needs a reader.

## Limits of this check

It compares the setting, not what is saved. Registries that take no part in replication are not judged. Where the
endpoint does not know the setting, the answer is unknown.

## References

- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
- Amazon ECR API reference, PutAccountSetting:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place, value = wanted.registry(row), row["expected_blob_mounting"]
    return Remedy(
        summary=f"Set BLOB_MOUNTING of {'/'.join(place)} to {value}.",
        edits=(wanted.set_account_setting(place, "BLOB_MOUNTING", row["blob_mounting"], value),),
    )


CHECK = Check(
    id="settings.blob-mounting",
    aliases=("DST-17",),
    title="Sources and destinations mount layers as declared",
    severity=Severity.INFORMATIONAL,
    table=REGISTRIES,
    expect=is_true("blob_mounting_as_declared"),
    message="BLOB_MOUNTING of {account}/{region} is {blob_mounting}, the baseline asks for {expected_blob_mounting}",
    remedy=_remedy,
    when=("blob_mounting_declared",),
    unknown="whether BLOB_MOUNTING of {account}/{region} is as declared is not known",
    evidence=("blob_mounting", "expected_blob_mounting"),
    permissions=("ecr:DescribeRepositories", "ecr:GetAccountSetting"),
    controls=("own: NIST 800-53 CM-6",),
)
