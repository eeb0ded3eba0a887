"""A creation template that needs a role has one that works.

## What it checks

A template for replication that sets KMS encryption or resource tags needs a custom role. The role must be named,
exist, lie in the template's own account, and trust `ecr.amazonaws.com`.

## Why it matters

The service-linked role that ECR uses otherwise can create plain repositories only. With a missing or unusable role,
the repository is not created and the image does not arrive, and it takes the first new repository, perhaps months
later, for that to show.

## How to fix

A person creates or corrects the role, because it is a permission of its own; the steps say what it must trust and
allow. The template is then updated with all of its fields: an update that leaves out the tag mutability resets it to
mutable.

## Limits of this check

The role's existence and trust are judged, not what its policies allow. A trust policy whose conditions cannot be
decided makes the answer unknown. Templates that are not applied for replication are not judged.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import TEMPLATES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    account = row["account"]
    where = f"the template {row['prefix']} at {account}/{row['region']}"
    return Remedy(
        summary=f"Give {where} a role that ECR can use.",
        manual=(
            f"In account {account}, let a role trust ecr.amazonaws.com (sts:AssumeRole) and allow it "
            "ecr:CreateRepository, ecr:ReplicateImage and ecr:TagResource, and with KMS also kms:CreateGrant, "
            "kms:RetireGrant and kms:DescribeKey on the key.",
            f"Name its ARN as customRoleArn of {where}, and send every other field of the template again as it is: "
            "imageTagMutability falls back to MUTABLE where it is left out.",
        ),
    )


CHECK = Check(
    id="settings.template-role-valid",
    aliases=("DST-11",),
    title="A creation template that needs a role has one that works",
    severity=Severity.HIGH,
    table=TEMPLATES,
    expect=is_true("role_valid"),
    message="the template {prefix} at {account}/{region} cannot create repositories: {role_problem}",
    remedy=_remedy,
    when=("role_needed", "for_replication"),
    unknown="whether the role of the template {prefix} at {account}/{region} can be used is not known"
    "{role_problem:because}",
    evidence=("custom_role", "role_problem", "kms_key"),
    permissions=("ecr:DescribeRepositoryCreationTemplates", "iam:GetRole"),
    controls=("own: NIST 800-53 CM-6",),
)
