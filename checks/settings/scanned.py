"""Replica repositories are scanned for vulnerabilities.

## What it checks

Where the baseline requires that a destination repository is scanned, its effective scan frequency, as ECR reports it
for that repository, must be `SCAN_ON_PUSH` or `CONTINUOUS_SCAN`, not `MANUAL`.

## Why it matters

Scanning belongs to the registry, per account and Region, and is not replicated. An image that is scanned on push at
the source can lie in the replica for years without a notification about a vulnerability found since, and the replica
is what runs after a failover. No creation template can set it, because scanning is no longer a setting of the
repository.

## How to fix

The remediation adds a filter to the registry's scanning configuration for the prefix that the baseline names, and
keeps the existing rules. It never lowers the scan type, and raises it where the baseline or a source with enhanced
scanning requires it. Basic scanning on push costs nothing and is marked safe; enhanced scanning is billed per image
and needs a decision. An Amazon Inspector policy of the organization can refuse the change; then it has to be made
there.

## Limits of this check

It evaluates only whether replicas are scanned, not how (see `settings.scan-type`), nor what the scans found. Regions
without a registry scanning configuration are unknown.

## References

- AWS Security Hub, ECR.1:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Configuring enhanced scanning:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-enabling.html
"""

from __future__ import annotations

from checks.baseline.merged_settings import merged_settings
from checks.engine.text import prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.repository_settings import required_prefix, scanning
from checks.tables import REPLICAS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = actions.destination(row)
    asked = merged_settings(context.baseline, row["repository"], context.place(place)).scanning
    prefix = required_prefix(row["repository"], context, place)
    changes, safe = scanning(row, context, place, asked, prefix)
    return Remediation(
        summary=f"Scan {prefixes_text((prefix,))} in {'/'.join(place)}.",
        changes=changes,
        safe=safe,
    )


CHECK = Check(
    id="settings.scanned",
    aliases=("DST-03",),
    title="Replica repositories are scanned for vulnerabilities",
    severity=Severity.HIGH,
    table=REPLICAS,
    expect=in_set("scan_frequency", "SCAN_ON_PUSH", "CONTINUOUS_SCAN"),
    message="{repository} at {destination_account}/{destination_region} is not scanned: its scan frequency is "
    "{scan_frequency}",
    remediation=_remediation,
    when=("scanning_required",),
    unknown="whether {repository} at {destination_account}/{destination_region} is scanned is unknown",
    evidence=("scan_type",),
    at="destination",
    permissions=("ecr:GetRegistryScanningConfiguration", "ecr:BatchGetRepositoryScanningConfiguration"),
    controls=("Security Hub ECR.1", "NIST 800-53 RA-5", "PCI DSS v4.0.1 6.2.3", "PCI DSS v4.0.1 6.2.4"),
)
