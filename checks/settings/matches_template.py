"""A replica repository has the settings that its creation template would give it today.

## What it checks

For each destination repository that exists, the creation template for replication that serves its name: the longest
prefix that matches, with its implied `/`, or `ROOT`. In what the baseline leaves open, the repository must have what
that template would give it: tag mutability, encryption, and repository policy, lifecycle policy and resource tags where
the template has them. Tag mutability and policies that equal the source's own are as good as the template's.

## Why it matters

Templates act only when ECR creates a repository. Changing one changes no repository that exists: those keep what they
were created with. Old and new replicas then behave differently under one prefix, and what the template says about a
replica is no longer evidence of anything.

## How to fix

The remediation brings the repository in line with the template, setting by setting, where that does no harm: it never
makes tags mutable, never freezes tags that move at the source, never puts a lifecycle policy that keeps less than the
source's, and never a repository policy that the source does not have, because that could widen access to the replica.
Where one of these would be needed, or the encryption differs, no command is printed for the repository; the steps say
what to decide, and which side, replica or template, to change.

## Limits of this check

What the baseline requires of a repository is covered by the check of that setting, and not here. Settings that the
template leaves out are not compared. A template that names no key accepts any. Templates that apply only to purposes
other than replication are not evaluated.

## References

- Amazon ECR user guide, Repository creation templates:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from checks.baseline.merged_settings import merged_settings
from checks.changes import AnyChange, Change
from checks.engine.text import names_in
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.policy_comparison import pull_time_priorities, strictness
from checks.policy_documents.canonical import same_policy
from checks.remediation import actions, repository_settings
from checks.remediation.declared_templates import Template, templates_of
from checks.remediation.repository_settings import recreating
from checks.tables import REPLICAS

_Change = Change | tuple[str, ...]
"""A change that a command can make, or manual steps."""


def _mutability(row: Row, context: RemediationContext, template: Template) -> _Change:
    mode = template.get("imageTagMutability") or "MUTABLE"
    exclusions = [one["filter"] for one in template.get("imageTagMutabilityExclusionFilters") or ()]
    present, where = row["tag_mutability"], _where(row)
    frees = mode.startswith("MUTABLE") or (present == "IMMUTABLE" and mode != present)
    if frees and mode != present:
        return (
            f"{where} is {present}, and the template {row['template_prefix']} would make it {mode}: find out which is "
            "intended. As a rule the stricter one is; then write it into the template, or into the baseline.",
        )
    if repository_settings.would_freeze(row, context, mode, exclusions) is not False:
        return repository_settings.choosing(row, mode).manual
    return actions.set_tag_mutability(actions.destination(row), row["repository"], present, mode, exclusions)


def _encryption(row: Row, context: RemediationContext, template: Template) -> _Change:
    asked = template.get("encryptionConfiguration") or {}
    key = f" with key {asked['kmsKey']}" if asked.get("kmsKey") else ""
    wanted_encryption = f"{asked.get('encryptionType', 'AES256')}{key}"
    first = (
        f"Encryption is fixed at creation. Decide whether {_where(row)} must have {wanted_encryption} like new "
        "repositories."
    )
    return (first, "If so:", *recreating(row, wanted_encryption))


def _repository_policy(row: Row, context: RemediationContext, template: Template) -> _Change:
    policy, source = template["repositoryPolicy"], row["source_repository_policy"]
    if not source or not same_policy(source, policy):
        return (
            f"Compare the repository policy of the template {row['template_prefix']} with that of {row['repository']} "
            f"at {'/'.join(actions.source(row))}: the replica must allow no principal that its source does not allow.",
            f"Correct the template, or put the intended policy on {_where(row)}; the source's counts as equal.",
        )
    place, seen = actions.destination(row), row["repository_policy"]
    return actions.put_repository_policy(place, row["repository"], seen, policy)


def _lifecycle_policy(row: Row, context: RemediationContext, template: Template) -> _Change:
    policy, source = template["lifecyclePolicy"], row["source_lifecycle_policy"]
    # A source without a policy expires nothing.
    keeps = source is not None and strictness(source, policy).not_stricter
    if not keeps or pull_time_priorities(policy) != ():
        return (
            f"Compare the lifecycle policy of the template {row['template_prefix']} with that of {row['repository']} "
            f"at {'/'.join(actions.source(row))}: it may keep less, as a repository without one keeps every image, or "
            "counts from the last pull, which replicas seldom see.",
            f"Correct the template first, or put the source's policy on {_where(row)}, which counts as equal.",
        )
    return actions.put_lifecycle_policy(actions.destination(row), row["repository"], row["lifecycle_policy"], policy)


def _tags(row: Row, context: RemediationContext, template: Template) -> _Change:
    declared = merged_settings(context.baseline, row["repository"], context.place(actions.destination(row))).tags
    tags = {tag["Key"]: tag.get("Value", "") for tag in template["resourceTags"] if tag["Key"] not in declared}
    return actions.tag_repository(actions.destination(row), row["repository"], tags)


_CHANGES: Mapping[str, Callable[[Row, RemediationContext, Template], _Change]] = MappingProxyType(
    {
        "tag_mutability": _mutability,
        "encryption": _encryption,
        "repository_policy": _repository_policy,
        "lifecycle_policy": _lifecycle_policy,
        "tags": _tags,
    }
)


def _where(row: Row) -> str:
    return f"{row['repository']} at {'/'.join(actions.destination(row))}"


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    template = templates_of(context.registries[actions.destination(row)])[row["template_prefix"]]
    differences = names_in(row["template_differences"])
    by_field = {name: _CHANGES[name](row, context, template) for name in differences}
    steps = [step for change in by_field.values() if not isinstance(change, AnyChange) for step in change]
    changes = [change for change in by_field.values() if isinstance(change, AnyChange)]
    summary = f"Bring {_where(row)} in line with the template {row['template_prefix']}."
    if not steps:
        return Remediation(summary=summary, changes=tuple(changes))
    rest = [f"Set {_named(name)} to what the template says." for name, change in by_field.items() if change in changes]
    return Remediation(summary=summary, manual=(*steps, *rest))


def _named(name: str) -> str:
    return {"tags": "the resource tags"}.get(name, f"the {name.replace('_', ' ')}")


CHECK = Check(
    id="settings.matches-template",
    aliases=("DST-13",),
    title="Replica repositories match the creation template that serves them",
    severity=Severity.MEDIUM,
    table=REPLICAS,
    expect=in_set("template_differences", "[]"),
    message="{repository} at {destination_account}/{destination_region} differs from what the template "
    "{template_prefix} would give it: {template_differences:names}",
    remediation=_remediation,
    when=("template_in_charge",),
    unknown="whether {repository} at {destination_account}/{destination_region} has what a template would give it is "
    "unknown",
    unknown_reason="a setting or the template was not read",
    evidence=("template_prefix", "tag_mutability", "encryption"),
    at="destination",
    permissions=(
        "ecr:DescribeRepositories",
        "ecr:DescribeRepositoryCreationTemplates",
        "ecr:GetRepositoryPolicy",
        "ecr:GetLifecyclePolicy",
        "ecr:ListTagsForResource",
    ),
    controls=("own: NIST 800-53 CM-2", "own: NIST 800-53 CM-6"),
)
