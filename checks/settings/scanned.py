"""Copies are scanned for vulnerabilities where they lie.

## What it checks

Where the baseline asks that a destination repository be scanned, its effective scan frequency, as AWS reports it for
that repository, must not be `MANUAL`.

## Why it matters

Scanning belongs to the registry, per account and Region, and is not replicated. An image that is scanned on push at
the source can lie in the copy for years without anybody being told about a vulnerability found since, and the copy is
what runs after a failover. No creation template can set it, because scanning is not a setting of the repository any
more.

## How to fix

The remedy adds a filter to the registry's scanning configuration for the prefix that the baseline names, and keeps
the rules that exist. It never lowers the scan type, and raises it where the baseline or an enhanced source asks for
it. Basic scanning on push costs nothing and is marked safe; enhanced scanning is billed per image and needs a
decision. An organization-wide policy of Amazon Inspector can refuse the change; then it has to be made there.

## Limits of this check

Only whether copies are scanned is judged, not how (see `settings.scan-type`), nor what the scans found. Regions
without a registry scanning configuration are unknown.

## References

- AWS Security Hub, ECR.1:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Configuring enhanced scanning:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-enabling.html
"""

from __future__ import annotations

import json

from checks import wanted
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.requirements import merged_settings
from checks.scan_prefixes import prefix_asking
from checks.tables import REPLICAS
from checks.wording import listed


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place = wanted.destination(row)
    asked = merged_settings(context.baseline, row["repository"]).scanning
    # Basic scanning where the source has enhanced scanning would be the next finding (`settings.scan-type`).
    scan_type, frequency = row["expected_scan_type"] or "", (asked.frequency or "") if asked else ""
    registry = context.registries.get(place) or {}
    present = json.loads(registry.get("scanning_configuration") or "{}").get("scanType")
    basic = "ENHANCED" not in (scan_type, present) and frequency != "CONTINUOUS_SCAN" and present is not None
    prefix = prefix_asking(row["repository"], context)
    return Remedy(
        summary=f"Scan {listed((prefix,))} in {'/'.join(place)}.",
        edits=(wanted.cover_scanning(place, (prefix,), scan_type, frequency),),
        safe=basic,
    )


CHECK = Check(
    id="settings.scanned",
    aliases=("DST-03",),
    title="Copies are scanned",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=is_true("scanned"),
    message="{repository} at {destination_account}/{destination_region} is not scanned: its frequency is "
    "{scan_frequency}",
    remedy=_remedy,
    when=("scanning_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} is scanned is not known",
    evidence=("scan_frequency",),
    at="destination",
    permissions=("ecr:GetRegistryScanningConfiguration", "ecr:BatchGetRepositoryScanningConfiguration"),
    controls=("Security Hub ECR.1", "NIST 800-53 RA-5", "PCI DSS v4.0.1 6.2.3", "PCI DSS v4.0.1 6.2.4"),
)
