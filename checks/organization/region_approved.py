"""Repositories lie only in Regions that the baseline allows.

## What it checks

With `allowed_regions` in the baseline, each registry in scope that holds repositories must lie in one of them. Without
that key nothing is judged.

## Why it matters

Contracts and law may bind images, and what is baked into them, to places. A Region that nobody approved is also one
that nobody watches: its images are not scanned by the same rules, not backed up, and found last in an incident.

## How to fix

Copy what is needed to an allowed Region, move its consumers, and delete the repositories. A service control policy
that denies ECR outside of the allowed Regions keeps them from coming back. If the Region is wanted after all, add it
to the baseline.

## Limits of this check

It judges where repositories lie, not where rules send copies; that is the group `topology`. Repositories that hold no
image count as well. Whether images of an allowed Region are pulled from elsewhere is not seen.

## References

- AWS Organizations user guide, Service control policy examples, deny access based on the requested Region:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
- Amazon ECR user guide, Private registries:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES
from checks.wording import listed, names_in


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place, allowed = f"{row['account']}/{row['region']}", listed(names_in(row["allowed_regions"]))
    return Remedy(
        summary=f"Move the repositories of {place} to an allowed Region.",
        manual=(
            f"Copy what is still needed to one of the allowed Regions ({allowed}), by a replication rule with a "
            "backfill, or by pushing it there.",
            f"Let its consumers pull from there, then delete the repositories in {place}.",
            f"Deny `ecr:CreateRepository` outside of the allowed Regions by a service control policy; if "
            f"{row['region']} is wanted after all, add it to allowed_regions in the baseline instead.",
        ),
    )


CHECK = Check(
    id="organization.region-approved",
    aliases=("ORG-06",),
    title="Repositories lie in allowed Regions only",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=is_true("region_approved"),
    message="{account}/{region} holds {repository_count:count repository}, and the baseline allows only "
    "{allowed_regions:names}",
    remedy=_remedy,
    when=("region_judged",),
    unknown="whether {account}/{region} holds repositories is not known",
    evidence=("account_name", "ou_path", "repository_count", "allowed_regions"),
    permissions=("ecr:DescribeRepositories",),
    controls=("own: NIST 800-53 CM-8", "own: NIST 800-53 CM-6"),
)
