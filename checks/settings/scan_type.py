"""Copies that are scanned are scanned as thoroughly as the baseline asks.

## What it checks

Where a destination repository is scanned, the scan type of its registry and its effective frequency must be at least
those that the baseline names: `ENHANCED` is more than `BASIC`, `CONTINUOUS_SCAN` more than `SCAN_ON_PUSH`. Where the
baseline requires scanning without naming a type, the source is the example: a registry with enhanced scanning may not
feed one with basic scanning.

## Why it matters

Basic scanning looks at an image once, when it is pushed. Enhanced scanning goes on looking, and knows packages of
programming languages besides those of the operating system. A copy that is scanned by less shows fewer findings than
its source, which reads as if it were the safer of the two.

## How to fix

The remedy raises the registry's scan type, or adds the repositories to its rule for continuous scanning, and keeps the
rules that exist. Nothing is lowered. The scan type is one for the whole registry: raising it changes how every
repository there is scanned, and Amazon Inspector bills enhanced scanning per image. That needs a decision. An
organization-wide policy of Amazon Inspector can refuse the change; then it has to be made there.

## Limits of this check

The effective frequency is the one that AWS reports for the repository: a scan filter without `*` takes every name that
*contains* it, and of several rules the continuous one wins. Repositories that are not scanned at all are the
business of `settings.scanned`. What the scans found is not looked at.

## References

- AWS Security Hub, ECR.1:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Scan images for software vulnerabilities:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
- Amazon ECR user guide, Configuring enhanced scanning:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-enabling.html
"""

from __future__ import annotations

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.requirements import merged_settings
from checks.scan_prefixes import prefix_asking
from checks.tables import REPLICAS
from checks.wording import listed


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place, prefix = wanted.destination(row), prefix_asking(row["repository"], context)
    asked = merged_settings(context.baseline, row["repository"]).scanning
    frequency = (asked.frequency or "") if asked else ""
    enhanced = "ENHANCED" in (row["expected_scan_type"], row["scan_type"]) or frequency == "CONTINUOUS_SCAN"
    how = "enhanced scanning" if enhanced else "basic scanning"
    return Remedy(
        summary=f"Scan {listed((prefix,))} in {'/'.join(place)} with {how}"
        f"{', continuously' if frequency == 'CONTINUOUS_SCAN' else ''}; the scan type is that of the whole registry.",
        edits=(wanted.cover_scanning(place, (prefix,), row["expected_scan_type"] or "", frequency),),
    )


CHECK = Check(
    id="settings.scan-type",
    aliases=("DST-04",),
    title="Copies are scanned with the declared type and frequency",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=is_true("scan_level_reached"),
    message="{repository} at {destination_account}/{destination_region} is scanned by less than is asked for: "
    "{scan_level_problem}",
    remedy=_remedy,
    when=("scan_level_declared",),
    unknown="whether {repository} at {destination_account}/{destination_region} is scanned with the declared type and "
    "frequency is not known",
    evidence=("scan_type", "scan_frequency", "expected_scan_type", "source_scan_type"),
    at="destination",
    permissions=("ecr:GetRegistryScanningConfiguration", "ecr:BatchGetRepositoryScanningConfiguration"),
    controls=("Security Hub ECR.1",),
)
