"""The key that a creation template names can be used.

## What it checks

The KMS key of a template must exist, be enabled, and lie in the template's Region.

## Why it matters

A repository can be created only with a key that works at that moment. A template with a key that was disabled, is
waiting for its deletion, or was copied from another Region stops every new repository, and with it every image that
should have gone into it, while the copies of old repositories go on as if nothing were wrong.

## How to fix

Where the baseline names another key for these repositories, the remedy puts it into the template, with all other
fields sent again. Otherwise a person enables the key, cancels its deletion, or chooses one.

## Limits of this check

The key's state is what KMS answers to the audit role; a key of another account may be hidden from it, which makes the
answer unknown. Whether the template's role may use the key is not judged.

## References

- AWS Security Hub, ECR.5:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from checks import wanted
from checks.declared_templates import declared_template
from checks.expectations import is_true
from checks.model import Check, Remedy, RemedyContext, Row, Severity
from checks.tables import TEMPLATES


def _remedy(row: Row, context: RemedyContext) -> Remedy:
    place, prefix = wanted.registry(row), row["prefix"]
    where = f"the template {prefix} at {'/'.join(place)}"
    declared = declared_template(context.baseline, prefix.rstrip("/"), place, {})
    encryption = declared.template.get("encryptionConfiguration", {})
    if encryption.get("kmsKey") and encryption["kmsKey"] != row["kms_key"]:
        return Remedy(
            summary=f"Name the declared key in {where}.",
            edits=(wanted.update_template(place, prefix, {"encryptionConfiguration": dict(encryption)}),),
        )
    return Remedy(
        summary=f"Make the key of {where} usable, or name another.",
        manual=(
            f"Look at the key {row['kms_key']}: {row['key_problem']}.",
            "Enable it, or cancel its deletion, if it is the right one.",
            f"Otherwise name an enabled key of {place[1]} in the template, and send every other field again as it is.",
        ),
    )


CHECK = Check(
    id="settings.template-key-usable",
    aliases=("DST-12",),
    title="The key that a creation template names can be used",
    severity=Severity.HIGH,
    table=TEMPLATES,
    expect=is_true("key_usable"),
    message="the template {prefix} at {account}/{region} cannot create repositories with {kms_key}: {key_problem}",
    remedy=_remedy,
    when=("key_named",),
    unknown="whether the key of the template {prefix} at {account}/{region} can be used is not known"
    "{key_problem:because}",
    evidence=("kms_key", "key_problem", "for_replication"),
    permissions=("ecr:DescribeRepositoryCreationTemplates", "kms:DescribeKey"),
    controls=("Security Hub ECR.5",),
)
