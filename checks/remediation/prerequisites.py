"""Prerequisites at a destination before replication creates repositories there.

ECR sets the encryption of a repository at creation, from the creation template that applies to its name, or else
AES-256 (ECR user guide, repository-creation-templates.html). A rule or a backfill that precedes the right template
leaves replicas that can only be deleted and created again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.baseline.merged_settings import merged_settings, prefixes_of_settings
from checks.changes import Change, CreateTemplate
from checks.model import RegistryId, Remediation, RemediationContext
from checks.remediation import actions
from checks.remediation.creation_templates import LINK_COLUMNS
from checks.remediation.declared_templates import (
    REPLICATION,
    ROOT,
    UNDETERMINED,
    Template,
    declared_template,
    prefix_covering,
    templates_of,
)
from checks.remediation.replication_grants import tagging

if TYPE_CHECKING:
    from checks.baseline.sections import Encryption


@dataclass(frozen=True, slots=True)
class Prerequisites:
    """Changes and blockers before a rule or a backfill."""

    changes: tuple[Change, ...] = ()
    blockers: tuple[str, ...] = ()
    """Why replicas would not be encrypted as the baseline requires, and no command can fix it: clauses."""

    def steps(self, destination: RegistryId) -> tuple[str, ...]:
        """Manual steps, where there are blockers."""
        at = "/".join(destination)
        return (
            *(f"At {at}, {blocker}." for blocker in self.blockers),
            f"Create a repository creation template for replication at {at} that encrypts as the baseline requires, or "
            "add the ARN of the key to the baseline. Until then no replication or backfill commands are "
            "generated, because "
            "the encryption of a repository cannot be changed after its creation.",
            "Then run the audit again to get the commands.",
        )


def unable_to_receive(destination: RegistryId, required_by: Iterable[str]) -> Remediation:
    """Instead of a rule to a registry at which nothing can arrive; other checks report why, and how to change it."""
    at = "/".join(destination)
    return Remediation(
        summary=f"Let {at} receive replicas, or require another destination.",
        manual=(
            f"Nothing can arrive at {at} now, so no rule is generated: its account is not active, or its Region is not "
            "enabled or not valid. See organization.accounts-active, organization.region-enabled and "
            "rules.destination-region-valid.",
            f"Change that and audit again, or correct this destination in the baseline ({', '.join(required_by)}).",
        ),
    )


def prerequisites(
    context: RemediationContext, source: RegistryId, destination: RegistryId, prefixes: Iterable[str]
) -> Prerequisites:
    """What *destination* needs before repositories that begin with *prefixes* are replicated there from *source*."""
    registry = context.registries.get(destination) or {}
    unread = registry.get("templates") is None
    present = {} if unread else templates_of(registry)
    changes: list[Change] = []
    blockers: list[str] = []
    scope = context.place(destination)
    for names in _separate_prefixes(context, prefixes):
        settings = merged_settings(context.baseline, names, scope)
        asked = settings.encryption
        if "encryption" in settings.undetermined:
            blockers.append(f"{names or 'every repository'}{'*' if names else ''}: {UNDETERMINED}")
            continue
        if asked is None or (unread and asked.type == "AES256"):
            continue
        serving = _serving(present, names)
        if not unread and gives(serving, asked, destination):
            continue
        found = "the creation templates could not be read" if unread else None
        prepared = found or _template(context, destination, names, present)
        if isinstance(prepared, str):
            blockers.append(f"{names or 'every repository'}{'*' if names else ''}: {prepared}")
            continue
        changes.append(prepared)
        if isinstance(prepared, CreateTemplate) and prepared.template.get("resourceTags"):
            row = dict(zip(LINK_COLUMNS, (*source, *destination), strict=True))
            changes.extend(tagging(row, context, (names,)))
    return Prerequisites(tuple(changes), tuple(dict.fromkeys(blockers)))


def gives(template: Template | None, asked: Encryption, place: RegistryId) -> bool:
    """Whether a repository that *template* creates at *place* is encrypted as *asked*; None: no template."""
    encryption = (template or {}).get("encryptionConfiguration") or {}
    kind, key = encryption.get("encryptionType", "AES256"), encryption.get("kmsKey") or ""
    if kind != asked.type:
        return False
    if asked.key == "customer":
        return bool(key) and not key.endswith(":alias/aws/ecr")
    return not asked.key or bool(key == asked.key.replace("{region}", place[1]).replace("{account}", place[0]))


def _separate_prefixes(context: RemediationContext, prefixes: Iterable[str]) -> Iterator[str]:
    """*prefixes*, and those below them for which the baseline has other requirements."""
    declared = prefixes_of_settings(context.baseline.settings)
    for prefix in prefixes:
        yield prefix
        yield from (longer for longer in declared if longer.startswith(prefix) and longer != prefix)


def _serving(present: Mapping[str, Template], names: str) -> Template | None:
    """The template for replication that applies to names that begin with *names*, without more specific ones."""
    serving = {prefix: one for prefix, one in present.items() if REPLICATION in (one.get("appliedFor") or ())}
    bounded = [prefix for prefix in serving if prefix != ROOT and names.startswith(f"{prefix}/")]
    return serving[max(bounded, key=len)] if bounded else serving.get(ROOT)


def _template(
    context: RemediationContext, place: RegistryId, names: str, present: Mapping[str, Template]
) -> Change | str:
    """The change that gives *names* the right template, or why there is none, as a clause."""
    prefix = prefix_covering(names)
    declared = declared_template(context.baseline, prefix, context.place(place), present)
    asked = merged_settings(context.baseline, names, context.place(place)).encryption
    if declared.blocker:
        return declared.blocker
    if asked is None or not gives(declared.template, asked, place):
        return f"no template applies to these names alone, because its prefix {prefix} also matches others"
    if prefix not in present and declared.undetermined:
        return declared.undetermined
    if prefix not in present:
        return actions.create_template(place, prefix, declared.template)
    names_of_template = ("encryptionConfiguration", "customRoleArn")
    changes = {name: declared.template[name] for name in names_of_template if name in declared.template}
    if present[prefix].get("customRoleArn"):
        changes.pop("customRoleArn", None)
    if REPLICATION not in (present[prefix].get("appliedFor") or ()):
        changes["appliedFor"] = [*(present[prefix].get("appliedFor") or ()), REPLICATION]
    return actions.update_template(place, present[prefix]["prefix"], changes)
