"""Replica repositories are scanned with at least the required scan type and frequency.

## What it checks

Where a destination repository is scanned, the scan type of its registry and its effective frequency must be at least
those that the baseline names: `ENHANCED` is more than `BASIC`, `CONTINUOUS_SCAN` more than `SCAN_ON_PUSH`. Where the
baseline requires scanning without naming a type, the source sets it: a registry with enhanced scanning must not
replicate to one with basic scanning.

## Why it matters

Basic scanning examines an image once, when it is pushed. Enhanced scanning continues to examine it, and knows packages
of programming languages besides those of the operating system. A replica with a lower scan level shows fewer findings
than its source, which reads as if it were the safer of the two.

## How to fix

The remediation raises the registry's scan type, or adds the repositories to its rule for continuous scanning, and
keeps the existing rules. Nothing is lowered. The scan type applies to the whole registry: raising it changes how every
repository there is scanned, and Amazon Inspector bills enhanced scanning per image. That needs a decision. An Amazon
Inspector policy of the organization can refuse the change; then it has to be made there.

## Limits of this check

The effective frequency is the one that ECR reports for the repository: a scan filter without `*` takes every name that
*contains* it, and of several rules the continuous one wins. Repositories that are not scanned at all are covered by
`settings.scanned`. What the scans found is not evaluated.

## References

- AWS Security Hub, ECR.1:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Scan images for software vulnerabilities:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
- Amazon ECR user guide, Configuring enhanced scanning:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-enabling.html
"""

from __future__ import annotations

from checks.baseline.merged_settings import merged_settings
from checks.engine.text import prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.repository_settings import required_prefix
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = actions.destination(row)
    prefix = required_prefix(row["repository"], context, place)
    asked = merged_settings(context.baseline, row["repository"], context.place(place)).scanning
    frequency = (asked.frequency or "") if asked else ""
    enhanced = "ENHANCED" in (row["expected_scan_type"], row["scan_type"]) or frequency == "CONTINUOUS_SCAN"
    how = "enhanced scanning" if enhanced else "basic scanning"
    return Remediation(
        summary=f"Scan {prefixes_text((prefix,))} in {'/'.join(place)} with {how}"
        f"{', continuously' if frequency == 'CONTINUOUS_SCAN' else ''}; the scan type applies to the whole registry.",
        changes=(actions.cover_scanning(place, (prefix,), row["expected_scan_type"] or "", frequency),),
    )


CHECK = Check(
    id="settings.scan-type",
    aliases=("DST-04",),
    title="Replica scan type and frequency are at least those required",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=in_set("scan_shortfalls", "[]"),
    message="{repository} at {destination_account}/{destination_region} is scanned at a lower level than required: "
    "{scan_shortfalls:names}",
    remediation=_remediation,
    when=("scan_level_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} is scanned with the required type and "
    "frequency is unknown",
    evidence=("scan_type", "scan_frequency", "expected_scan_type", "source_scan_type"),
    at="destination",
    permissions=("ecr:GetRegistryScanningConfiguration", "ecr:BatchGetRepositoryScanningConfiguration"),
    controls=("Security Hub ECR.1",),
)
