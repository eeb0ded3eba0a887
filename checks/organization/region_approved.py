"""Registries hold repositories only in Regions that the baseline allows.

## What it checks

With `allowed_regions` in the baseline, each registry in scope that holds repositories must lie in one of them. Without
that key the check does not apply.

## Why it matters

Contracts and law may bind images, and what they contain, to places. A Region that was not approved is often also not
monitored: its images are not scanned by the same rules, not backed up, and found last in an incident.

## How to fix

Replicate what is needed to an allowed Region, move its consumers, and delete the repositories. A service control
policy that denies ECR outside the allowed Regions prevents new ones. If the Region is intended after all, add it to the
baseline.

## Limits of this check

It evaluates where repositories lie, not where rules replicate to; that is the group `topology`. Repositories that hold
no image count as well. Whether images of an allowed Region are pulled from elsewhere is not evaluated.

## References

- AWS Organizations user guide, Service control policy examples, deny access based on the requested Region:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
- Amazon ECR user guide, Private registries:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, allowed = f"{row['account']}/{row['region']}", names_text(names_in(row["allowed_regions"]))
    return Remediation(
        summary=f"Move the repositories of {place} to an allowed Region.",
        manual=(
            f"Copy what is still needed to one of the allowed Regions ({allowed}), by a replication rule with a "
            "backfill, or by pushing it there.",
            f"Let its consumers pull from there, then delete the repositories in {place}.",
            f"Deny `ecr:CreateRepository` outside the allowed Regions by a service control policy; if "
            f"{row['region']} is intended after all, add it to allowed_regions in the baseline instead.",
        ),
    )


CHECK = Check(
    id="organization.region-approved",
    aliases=("ORG-06",),
    title="Repositories lie only in allowed Regions",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=in_set("disallowed_region", ""),
    message="{account}/{region} holds {repository_count:count repository}, and the baseline allows only "
    "{allowed_regions:names}",
    remediation=_remediation,
    when=("region_restricted",),
    unknown="it is unknown whether {account}/{region} holds repositories",
    evidence=("allowed_regions", "repository_count", "account_name", "ou_path"),
    permissions=("ecr:DescribeRepositories",),
    controls=("own: NIST 800-53 CM-8", "own: NIST 800-53 CM-6"),
)
