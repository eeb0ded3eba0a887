"""How a finding's resource is named outside: as an ARN, and by its type."""

from __future__ import annotations

from checks.model import Finding


def resource_arn(finding: Finding, partition: str) -> str:
    """ARN of the thing that a finding is about: repository, registry or account; empty where it belongs to none.

    Repository ARNs as in the ECR user guide (security_iam_service-with-iam.html). AWS has no ARN for a registry; the
    form used is the one that other audit tools write, `arn:aws:ecr:REGION:ACCOUNT:registry/ACCOUNT`.
    """
    account, region = finding.account, finding.region
    if not account:
        return ""
    if not region:
        return f"arn:{partition}:iam::{account}:root"
    repository = finding.key.get("repository")
    if repository:
        return f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"
    return f"arn:{partition}:ecr:{region}:{account}:registry/{account}"


def resource_type(finding: Finding) -> str:
    """`AwsEcrRepository`, `AwsEcrRegistry` or `AwsAccount`; empty where a finding belongs to no account."""
    if not finding.account:
        return ""
    if not finding.region:
        return "AwsAccount"
    return "AwsEcrRepository" if finding.key.get("repository") else "AwsEcrRegistry"
