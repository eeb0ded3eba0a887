"""Creation templates give replica repositories the settings that the baseline requires.

## What it checks

Each creation template that applies to replication is compared with the baseline's settings for the names that it
serves: tag mutability, encryption, the lifecycle policy and repository policy that the baseline writes out, and
resource tags. First for names under its own prefix; then for prefixes below it for which the baseline requires other
settings, as far as replication creates repositories there and no template of their own serves them.

## Why it matters

A template is how a setting gets into repositories that do not exist yet. Where it is wrong, each new repository is
created wrong: most of that has to be fixed repository by repository, and encryption cannot be fixed at all. A `ROOT`
template is wrong most easily, because it serves every name without a template of its own.

## How to fix

The remediation sends the template again with the fields that the baseline requires, all others as they are, or creates
a template of its own for the prefix below; where that adds tags, replication is given the permission to tag. Nothing
that exists is changed. Where the baseline does not say which key or which policy, where no role is known that KMS or
tags need, or where no prefix separates the names, no command is printed for the template, and the steps say what to
decide.

## Limits of this check

`same-as-source`, and `required` for a lifecycle policy, are nothing that a template can guarantee, and are not
evaluated. Whether key and role of a template can be used is `settings.template-key-usable` and
`settings.template-role-valid`; whether there is a template at all is `settings.template-covers-rule`. A customer
managed key is recognised only where AWS KMS could be read.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
- Amazon ECR API reference, UpdateRepositoryCreationTemplate:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateRepositoryCreationTemplate.html
"""

from __future__ import annotations

import json

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.creation_templates import TemplatePlan
from checks.remediation.declared_templates import ROOT, templates_of
from checks.tables import TEMPLATES


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place, prefix = actions.registry(row), row["prefix"]
    plan = TemplatePlan(context, place, templates_of(context.registries[place]))
    contradicted = json.loads(row["settings_contradicted"])
    own = contradicted.pop("" if prefix == ROOT else f"{prefix}/", ())
    # Once the template changes, what it serves below its own prefix needs a template that does not.
    apart = names_in(row["settings_below"]) if own else tuple(contradicted)
    if own:
        plan.correct(prefix, own)
    for names in apart:
        plan.serve(names)
    at = "/".join(place)
    differing = names_text(names_in(row["differing_settings"]))
    summary = f"Make templates at {at} give new repositories what the baseline requires: {differing}."
    if not plan.blockers:
        return Remediation(summary=summary, changes=(*plan.grants(), *plan.changes))
    return Remediation(
        summary=summary,
        manual=(
            *(f"At {at}, resolve manually {blocker}." for blocker in plan.blockers),
            "Write what is missing into the baseline, or send the template manually with every field: "
            "imageTagMutability falls back to MUTABLE where it is left out. Then audit again.",
        ),
    )


CHECK = Check(
    id="settings.template-as-declared",
    aliases=("DST-10",),
    title="Creation template settings match the baseline",
    severity=Severity.MEDIUM,
    table=TEMPLATES,
    expect=in_set("differing_settings", "[]"),
    message="the template {prefix} at {account}/{region} gives new repositories other settings than the baseline "
    "requires: {differing_settings:names}",
    remediation=_remediation,
    when=("settings_required",),
    unknown="whether the template {prefix} at {account}/{region} gives what the baseline requires is unknown",
    evidence=("settings_contradicted", "settings_below", "template_json"),
    permissions=("ecr:DescribeRepositoryCreationTemplates", "kms:DescribeKey"),
    controls=("own: NIST 800-53 CM-2", "own: NIST 800-53 CM-6"),
)
