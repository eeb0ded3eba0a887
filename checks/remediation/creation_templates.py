"""Changes that bring a creation template in line with the baseline, or why they must be made manually."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.baseline.merged_settings import merged_settings
from checks.baseline.requirements import minimal_prefixes
from checks.changes import Change, CreateTemplate, UpdateTemplate
from checks.model import RegistryId, RemediationContext
from checks.remediation import actions
from checks.remediation.declared_templates import ROOT, DeclaredTemplate, Template, declared_template, prefix_covering
from checks.remediation.replication_grants import tagging

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "tag_mutability": ("imageTagMutability", "imageTagMutabilityExclusionFilters"),
    "encryption": ("encryptionConfiguration",),
    "lifecycle_policy": ("lifecyclePolicy",),
    "repository_policy": ("repositoryPolicy",),
    "tags": ("resourceTags",),
}
"""Fields of a template that hold each setting."""

LINK_COLUMNS = ("source_account", "source_region", "destination_account", "destination_region")
"""The columns of a link that `replication_grants` needs."""


@dataclass(slots=True)
class TemplatePlan:
    """Changes and blockers, collected prefix by prefix."""

    context: RemediationContext
    place: RegistryId
    present: Mapping[str, Template]
    """The registry's templates by prefix."""
    changes: list[CreateTemplate | UpdateTemplate] = field(default_factory=list)
    blockers: list[str] = field(default_factory=list)
    """Clauses, each with the template that it is about."""

    def correct(self, prefix: str, settings: Iterable[str]) -> None:
        """Set in the template *prefix* what the baseline requires in *settings* (`encryption`, `tags` …)."""
        template = self.present[prefix]
        asked = list(settings)
        declared = self._declared(prefix)
        blocker = self._blocker(prefix, asked, declared)
        if blocker:
            self.blockers.append(f"the template {prefix}: {blocker}")
            return
        names = [name for setting in asked for name in _FIELDS[setting]]
        changes = {name: declared.template[name] for name in names if name in declared.template}
        if "resourceTags" in changes:
            changes["resourceTags"] = _with_others(template, changes["resourceTags"])
        if {"encryption", "tags"} & set(asked) and not template.get("customRoleArn"):
            changes |= {"customRoleArn": role} if (role := declared.template.get("customRoleArn")) else {}
        self.changes.append(actions.update_template(self.place, template["prefix"], changes))

    def serve(self, names: str) -> None:
        """Create a template, as declared, for repositories whose names begin with *names*."""
        prefix = prefix_covering(names)
        if names != f"{prefix}/":
            self.blockers.append(
                f"no template can apply to {names}* alone, because the prefix of a template ends in a slash"
            )
            return
        if prefix in self.present:
            self.blockers.append(f"the template {prefix} already exists, and does not apply to replication")
            return
        declared = self._declared(prefix)
        if declared.incomplete:
            self.blockers.append(f"a template {prefix}: {declared.incomplete}")
            return
        self.changes.append(actions.create_template(self.place, prefix, declared.template))

    def grants(self) -> tuple[Change, ...]:
        """Grants that allow replication to set the tags of these templates; across accounts only."""
        found: list[Change] = []
        for change in self.changes:
            template = change.template if isinstance(change, CreateTemplate) else change.changes
            if not template.get("resourceTags"):
                continue
            prefix = change.prefix.rstrip("/")
            for source, names in _sources(self.context, self.place, "" if prefix == ROOT else f"{prefix}/"):
                row = dict(zip(LINK_COLUMNS, (*source, *self.place), strict=True))
                found.extend(tagging(row, self.context, names))
        return tuple(found)

    def _declared(self, prefix: str) -> DeclaredTemplate:
        return declared_template(self.context.baseline, prefix, self.context.place(self.place), self.present)

    def _blocker(self, prefix: str, asked: Sequence[str], declared: DeclaredTemplate) -> str:
        if "repository_policy" in asked and "repositoryPolicy" not in declared.template:
            names, scope = "" if prefix == ROOT else f"{prefix}/", self.context.place(self.place)
            policy = merged_settings(self.context.baseline, names, scope).repository_policy
            if policy == "required":
                return "the baseline requires a repository policy, and does not specify it"
            return "it has a repository policy and must not have one: delete the template and create it again without"
        if "encryption" in asked and "encryptionConfiguration" not in declared.template:
            return declared.blocker
        # KMS and tags need a role. An existing one is kept.
        needs_role = {"encryption", "tags"} & set(asked) and not self.present[prefix].get("customRoleArn")
        return declared.blocker if needs_role else ""


def _sources(
    context: RemediationContext, place: RegistryId, names: str
) -> Iterator[tuple[RegistryId, tuple[str, ...]]]:
    """Registries whose rules replicate names that begin with *names* to *place*, each with the replicated prefixes."""
    for source, registry in context.registries.items():
        copied: list[str] = []
        for rule in json.loads(registry.get("replication_configuration") or "{}").get("rules") or ():
            if place not in ((one.get("registryId"), one.get("region")) for one in rule.get("destinations") or ()):
                continue
            filters = [one["filter"] for one in rule.get("repositoryFilters") or ()] or [""]
            copied += [
                max(each, names, key=len) for each in filters if each.startswith(names) or names.startswith(each)
            ]
        if copied:
            yield source, minimal_prefixes(copied)


def _with_others(template: Template, tags: Sequence[Mapping[str, str]]) -> list[Mapping[str, Any]]:
    """*tags*, and the others that the template has: an update replaces them all."""
    keys = {tag["Key"] for tag in tags}
    return [*(tag for tag in template.get("resourceTags") or () if tag["Key"] not in keys), *tags]
