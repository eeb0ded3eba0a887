"""The custom role of a creation template exists and trusts ecr.amazonaws.com.

## What it checks

A template for replication that sets KMS encryption or resource tags needs a custom role. The role must be named,
exist, lie in the template's own account, and trust `ecr.amazonaws.com`.

## Why it matters

The service-linked role that ECR uses otherwise can create plain repositories only. With a missing or unusable role,
the repository is not created and the image does not arrive, and only the first new repository, perhaps months later,
shows it.

## How to fix

Create or correct the role by hand, because it is a permission of its own; the steps say what it must trust and allow.
Then update the template with all of its fields: an update that leaves out the tag mutability resets it to mutable.

## Limits of this check

The role's existence and trust policy are evaluated, not what its policies allow. A trust policy whose conditions cannot
be evaluated makes the answer unknown. Templates that do not apply to replication are not evaluated.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.tables import TEMPLATES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    account = row["account"]
    where = f"the template {row['prefix']} at {account}/{row['region']}"
    return Remediation(
        summary=f"Give {where} a role that ECR can use.",
        manual=(
            f"In account {account}, create a role that trusts ecr.amazonaws.com (sts:AssumeRole), and allow it "
            "ecr:CreateRepository, ecr:ReplicateImage and ecr:TagResource, and with KMS also kms:CreateGrant, "
            "kms:RetireGrant and kms:DescribeKey on the key.",
            f"Name its ARN as customRoleArn of {where}, and send every other field of the template again as it is: "
            "imageTagMutability falls back to MUTABLE where it is left out.",
        ),
    )


CHECK = Check(
    id="settings.template-role-valid",
    aliases=("DST-11",),
    title="Custom roles of creation templates exist and trust ecr.amazonaws.com",
    severity=Severity.HIGH,
    table=TEMPLATES,
    expect=in_set("custom_role_state", "trusts ecr.amazonaws.com"),
    message="the template {prefix} at {account}/{region} cannot create repositories: it needs a custom role, and the "
    "role {custom_role_state}",
    remediation=_remediation,
    when=("role_needed", "for_replication"),
    unknown="whether the role of the template {prefix} at {account}/{region} can be used is unknown",
    unknown_reason="{custom_role_state_unknown:clause}",
    evidence=("custom_role", "kms_key"),
    permissions=("ecr:DescribeRepositoryCreationTemplates", "iam:GetRole"),
    controls=("own: NIST 800-53 CM-6",),
)
