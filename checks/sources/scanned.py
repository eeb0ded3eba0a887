"""Source repositories are scanned as the baseline requires.

## What it checks

Where `source_settings` of the baseline requires `scanning` for a repository that is replicated, a scanning rule of its
registry must apply to it, with at least the required scan type and frequency: enhanced scanning satisfies a required
basic one, and continuous scanning a required scan on push. With `required: false`, a repository that is not scanned
passes, and one that is scanned must have them.

## Why it matters

The source is where images enter the organization. A vulnerability that is found there is found before the image is in
every Region and account; replicas that are scanned find it later, once in each place.

## How to fix

The remediation adds the prefix to the scanning rules of the registry. Basic scanning costs nothing. Enhanced scanning
is Amazon Inspector's and has a price per image; the scan type applies to the whole registry, so it needs review.

## Limits of this check

The configuration is evaluated, not whether scans succeed, nor what they find. A repository that was created a moment
ago may show no rule yet.

## References

- AWS Security Hub, ECR.1:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Scan images for vulnerabilities:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
"""

from __future__ import annotations

from checks.baseline.merged_settings import merged_source_settings
from checks.engine.text import prefixes_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.repository_settings import required_prefix, scanning
from checks.tables import REPOSITORIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = actions.registry(row)
    asked = merged_source_settings(context.baseline, row["repository"], context.place(place)).scanning
    prefix = required_prefix(row["repository"], context, place, context.baseline.source_settings)
    changes, safe = scanning(row, context, place, asked, prefix)
    return Remediation(
        summary=f"Scan {prefixes_text((prefix,))} in {place} as the baseline requires; the scan type applies to "
        "the whole registry.",
        changes=changes,
        safe=safe,
    )


CHECK = Check(
    id="sources.scanned",
    aliases=("SRC-02",),
    title="Source repositories are scanned as the baseline requires",
    severity=Severity.HIGH,
    table=REPOSITORIES,
    expect=in_set("scan_shortfalls", "[]"),
    message="the source {repository} in {account}/{region} is not scanned as required: {scan_shortfalls:names}",
    remediation=_remediation,
    when=("scanning_required",),
    unknown="whether the source {repository} in {account}/{region} is scanned as required is unknown",
    evidence=("scan_frequency", "scan_type", "expected_scan_type"),
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:DescribeRegistry",
        "ecr:BatchGetRepositoryScanningConfiguration",
        "ecr:GetRegistryScanningConfiguration",
    ),
    controls=("Security Hub ECR.1", "NIST 800-53 RA-5"),
)
