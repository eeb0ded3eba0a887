"""No Inspector policy of the organization sets ECR scanning where replicas or sources must be scanned.

## What it checks

Where the baseline requires that replicas are scanned, or by `source_settings` the repositories that are replicated, the
effective Inspector policy of that account is read from AWS Organizations. It should not enable or disable ECR scanning
in the registry's Region.

## Why it matters

Such a policy is often intended: scanning is decided once, for all accounts. But it takes precedence over the account's
own settings, and ECR refuses changes of the registry's scanning configuration with
`BlockedByOrganizationPolicyException`. The remediations of the groups `settings` and `sources` fail there, and this
finding says in advance who has to be asked.

## How to fix

Nothing has to be done as long as replicas are scanned as the baseline requires. If they are not, change the Inspector
policy in the management account or the delegated administrator, not the registry.

## Limits of this check

The policy is evaluated by the Regions that it lists for `ecr_scanning`. AWS does not document which changes ECR refuses
where a policy applies and does not list the Region; the answer is unknown there, as it is when the policy could not be
read. Without an organization the check does not apply.

## References

- AWS Organizations user guide, Amazon Inspector policy syntax and examples:
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inspector_syntax.html
- Amazon ECR API reference, PutRegistryScanningConfiguration:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import REGISTRIES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    return Remediation(
        summary=f"Change how {row['account']}/{row['region']} is scanned in the organization's Inspector policy only.",
        manual=(
            "See what applies: `aws organizations describe-effective-policy --policy-type INSPECTOR_POLICY --target-id "
            f"{row['account']}`, from the management account.",
            "If replicas are not scanned as the baseline requires, ask the owner of that policy to change it; a change "
            "of the registry's own scanning configuration is refused.",
            "If they are, nothing needs to be done: accept this finding with a waiver.",
        ),
    )


CHECK = Check(
    id="organization.scan-policy-permits",
    aliases=("ORG-08",),
    title="No organization policy blocks changes of how replicas and sources are scanned",
    severity=Severity.INFORMATIONAL,
    table=REGISTRIES,
    expect=in_set("inspector_policy_setting", ""),
    message="changes of how {account}/{region} scans its images are refused: ECR scanning in {region} is "
    "{inspector_policy_setting} by an Inspector policy of the organization",
    remediation=_remediation,
    when=("inspector_policy_relevant",),
    unknown="whether {account}/{region} may change how it scans its images is unknown",
    unknown_reason="{inspector_policy_problem:clause}",
    evidence=("account_name", "inspector_policy_problem", "scanning_configuration"),
    permissions=("organizations:DescribeEffectivePolicy",),
    controls=("own: NIST 800-53 RA-5",),
)
