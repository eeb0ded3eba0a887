"""Where copies must be scanned, no policy of the organization keeps the account from setting that up.

## What it checks

Where the baseline wants copies scanned, the effective Inspector policy of the destination account is read from AWS
Organizations. There should be none that switches ECR scanning on or off in the destination's Region.

## Why it matters

Such a policy is often a good thing: scanning is decided once, for all accounts. But it outranks the account's own
settings, and ECR refuses changes of the registry's scanning configuration with `BlockedByOrganizationPolicyException`.
Whoever follows the advice of the group `settings` there gets an error, and should know beforehand whom to ask.

## How to fix

Nothing has to be done as long as copies are scanned as the baseline wants. If they are not, change the Inspector
policy in the management account or the delegated administrator, not the registry.

## Limits of this check

The policy is judged by the Regions that it lists for `ecr_scanning`. AWS does not document which changes ECR refuses
where a policy applies and does not list the Region; the answer is unknown there, as it is when the policy could not be
read. Without an organization nothing is judged.

## References

- AWS Organizations user guide, Amazon Inspector policy syntax and examples:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inspector_syntax.html
- Amazon ECR API reference, PutRegistryScanningConfiguration:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import REGISTRIES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    return Remedy(
        summary=f"Change how {row['account']}/{row['region']} is scanned in the organization's Inspector policy only.",
        manual=(
            "See what applies: `aws organizations describe-effective-policy --policy-type INSPECTOR_POLICY --target-id "
            f"{row['account']}`, from the management account.",
            "If copies are not scanned as the baseline wants, have whoever owns that policy change it; a change of the "
            "registry's own scanning configuration is refused.",
            "If they are, nothing needs to be done: accept this finding with a waiver.",
        ),
    )


CHECK = Check(
    id="organization.scan-policy-permits",
    aliases=("ORG-08",),
    title="No policy of the organization blocks changes of how copies are scanned",
    severity=Severity.INFORMATIONAL,
    table=REGISTRIES,
    expect=is_true("scan_changes_permitted"),
    message="changes of how {account}/{region} scans its images are refused: {scan_changes_problem}",
    remedy=_remedy,
    when=("scan_changes_judged",),
    unknown="whether {account}/{region} may change how it scans its images is not known{scan_changes_problem:because}",
    evidence=("account_name", "scan_changes_problem", "scanning_configuration"),
    permissions=("organizations:DescribeEffectivePolicy",),
    controls=("own: NIST 800-53 RA-5",),
)
