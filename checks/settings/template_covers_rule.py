"""A creation template serves every repository that replication can create.

## What it checks

For each link, every repository name that the rules can replicate must be served by a repository creation template at
the destination that applies to replication. A template's prefix ends in an implied `/`: `prod` serves `prod/api`, and
neither `prod-x` nor `prod` itself. `ROOT` serves the rest.

## Why it matters

A repository that replication creates without a template is mutable, encrypted with AES-256, and has no policies.
Encryption can never be changed afterwards, and the rest has to be fixed repository by repository. The two kinds of
prefix look alike and mean different things: a rule for `prod` and a template for `prod` do not serve the same names.

## How to fix

The remediation creates the narrowest template that serves the rule's prefix, with what the baseline requires under it,
or applies an existing template to replication too. It changes no repository that exists. Where KMS or tags are wanted
and no role is known that a template could use, the template has to be completed by hand.

## Limits of this check

It checks whether there is a template, not whether its settings match the baseline. Templates act when ECR creates a
repository; repositories that exist, or that another tool creates, are not changed by them. Older documentation lists
Regions without templates; there, the put is refused.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
- Amazon ECR user guide, Private image replication:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from checks.changes import Change
from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.declared_templates import REPLICATION, declared_template, prefix_covering, templates_of
from checks.remediation.replication_grants import copied, tagging
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = actions.destination(row)
    present = templates_of(context.registries[place])
    unserved = names_in(row["prefixes_without_template"]) or copied(row)
    prefixes = tuple(dict.fromkeys(map(prefix_covering, unserved)))
    changes: list[Change] = []
    tagged: list[str] = []
    manual: list[str] = []
    safe = True
    for prefix in prefixes:
        if prefix in present:
            purposes = [*present[prefix].get("appliedFor", ()), REPLICATION]
            changes.append(actions.update_template(place, present[prefix]["prefix"], {"appliedFor": purposes}))
            tagged += [prefix] if present[prefix].get("resourceTags") else []
            safe = False
            continue
        declared = declared_template(context.baseline, prefix, context.place(place), present)
        if declared.blocker:
            manual.append(f"Create the template {prefix} at {'/'.join(place)} manually: {declared.blocker}.")
            continue
        changes.append(actions.create_template(place, prefix, declared.template))
        tagged += [prefix] if declared.template.get("resourceTags") else []
        safe = safe and declared.harmless
    grants = tagging(row, context, tuple(name for name in unserved if prefix_covering(name) in tagged))
    if manual:
        manual.append(
            "The role must be in that account, trust ecr.amazonaws.com, and allow ecr:CreateRepository, "
            "ecr:ReplicateImage, ecr:TagResource, kms:CreateGrant, kms:RetireGrant and kms:DescribeKey."
        )
    return Remediation(
        summary=f"Let the template {names_text(prefixes)} at {'/'.join(place)} serve what replication creates.",
        changes=(*grants, *changes),
        safe=bool(changes) and safe and not grants and not manual,
        manual=tuple(manual),
    )


CHECK = Check(
    id="settings.template-covers-rule",
    aliases=("DST-09",),
    title="A creation template serves every repository that replication can create",
    severity=Severity.MEDIUM,
    table=LINKS,
    expect=in_set("prefixes_without_template", "[]"),
    message="replication from account {source_account} to {destination_account}/{destination_region} can create "
    "repositories that no template serves: {prefixes_without_template:prefixes}",
    remediation=_remediation,
    unknown="whether templates at {destination_account}/{destination_region} serve what account {source_account} "
    "replicates there is unknown",
    evidence=("prefixes", "expected_prefixes"),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositoryCreationTemplates"),
    controls=("own: NIST 800-53 CM-2", "own: NIST 800-53 CM-6"),
)
