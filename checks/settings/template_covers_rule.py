"""A creation template serves every repository that replication can create.

## What it checks

For each link with rules, every repository name that they can replicate must be served by a repository creation template
at the destination that applies to replication. What the baseline requires and no rule replicates is not judged here. A
template's prefix ends in an implied `/`: `prod` serves `prod/api`, and neither `prod-x` nor `prod` itself. `ROOT`
serves the rest.

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

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.remediation.template_service import template_service
from checks.tables import LINKS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    unserved = names_in(row["prefixes_without_template"]) or names_in(row["prefixes"])
    service = template_service(row, context, unserved)
    role = (
        "The role must be in that account, trust ecr.amazonaws.com, and allow ecr:CreateRepository, "
        "ecr:ReplicateImage, ecr:TagResource, kms:CreateGrant, kms:RetireGrant and kms:DescribeKey."
    )
    manual = (*service.manual, role) if service.needs_role else service.manual
    return Remediation(
        summary=f"Let the template {names_text(service.prefixes)} at {'/'.join(actions.destination(row))} serve what "
        "replication creates.",
        changes=(*service.grants, *service.changes),
        safe=bool(service.changes) and service.safe and not service.grants and not manual,
        manual=manual,
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
    when=("present",),
    unknown="whether templates at {destination_account}/{destination_region} serve what account {source_account} "
    "replicates there is unknown",
    evidence=("prefixes",),
    at="destination",
    permissions=("ecr:DescribeRegistry", "ecr:DescribeRepositoryCreationTemplates"),
    controls=("own: NIST 800-53 CM-2", "own: NIST 800-53 CM-6"),
)
