"""The KMS key that a creation template names is enabled and lies in the template's Region.

## What it checks

The KMS key of a template must exist, be in the state `Enabled`, and lie in the template's Region. Templates that serve
other purposes than replication are evaluated as well. A template without a key of its own is not.

## Why it matters

A repository can be created only with a key that can be used at that moment. A template with a key that was disabled, is
pending deletion, or was copied from another Region stops every new repository, and with it every image that
should have gone into it, while replication into existing repositories continues as before.

## How to fix

Where the baseline names another key for these repositories, the remediation puts it into the template, with all other
fields sent again. Otherwise enable the key, cancel its deletion, or choose another one.

## Limits of this check

The key's state is what KMS answers to the audit role; a key of another account may be hidden from it, which makes the
answer unknown. Whether the template's role may use the key is not evaluated.

## References

- AWS Security Hub, ECR.5:
  https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.declared_templates import declared_template
from checks.tables import TEMPLATES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, prefix = actions.registry(row), row["prefix"]
    where = f"the template {prefix} at {'/'.join(place)}"
    declared = declared_template(context.baseline, prefix.rstrip("/"), context.place(place), {})
    encryption = declared.template.get("encryptionConfiguration", {})
    if encryption.get("kmsKey") and encryption["kmsKey"] != row["kms_key"]:
        return Remediation(
            summary=f"Name the key that the baseline requires in {where}.",
            changes=(actions.update_template(place, prefix, {"encryptionConfiguration": dict(encryption)}),),
        )
    return Remediation(
        summary=f"Make the KMS key of {where} usable, or name another one.",
        manual=(
            f"Examine the key {row['kms_key']}: its state is {row['key_state']}.",
            "Enable it, or cancel its deletion, if it is the right one.",
            f"Otherwise name an enabled key of {place[1]} in the template, and send every other field again as it is.",
        ),
    )


CHECK = Check(
    id="settings.template-key-usable",
    aliases=("DST-12",),
    title="KMS keys of creation templates are enabled and in the same Region",
    severity=Severity.HIGH,
    table=TEMPLATES,
    expect=in_set("key_state", "Enabled"),
    message="the template {prefix} at {account}/{region} cannot create repositories with {kms_key}: the key is "
    "{key_state}",
    remediation=_remediation,
    when=("key_named",),
    unknown="whether the KMS key of the template {prefix} at {account}/{region} can be used is unknown",
    unknown_reason="{key_state_unknown:clause}",
    evidence=("kms_key", "for_replication"),
    permissions=("ecr:DescribeRepositoryCreationTemplates", "kms:DescribeKey"),
    controls=("Security Hub ECR.5",),
)
