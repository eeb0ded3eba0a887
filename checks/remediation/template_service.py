"""Creation templates that serve what replication creates at a destination, as the baseline declares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checks.changes import Change
from checks.model import RemediationContext, Row
from checks.remediation import actions
from checks.remediation.declared_templates import REPLICATION, declared_template, prefix_covering, templates_of
from checks.remediation.replication_grants import tagging


@dataclass(frozen=True, slots=True)
class TemplateService:
    """What makes templates serve some prefixes of a link."""

    prefixes: tuple[str, ...]
    """Prefixes of the templates."""
    grants: tuple[Change, ...]
    """Permissions for the tags that they set."""
    changes: tuple[Change, ...]
    manual: tuple[str, ...]
    """Steps for templates that no command can create."""
    safe: bool
    """Whether the templates can be created without review."""
    needs_role: bool
    """Whether one of the manual steps needs a role for templates."""


def template_service(row: Row, context: RemediationContext, unserved: Sequence[str]) -> TemplateService:
    """Templates for the prefixes *unserved* of a link, a row of `links`: created, or applied to replication too."""
    place = actions.destination(row)
    present = templates_of(context.registries[place])
    prefixes = tuple(dict.fromkeys(map(prefix_covering, unserved)))
    changes: list[Change] = []
    tagged: list[str] = []
    manual: list[str] = []
    safe, needs_role = True, False
    for prefix in prefixes:
        if prefix in present:
            purposes = [*present[prefix].get("appliedFor", ()), REPLICATION]
            changes.append(actions.update_template(place, present[prefix]["prefix"], {"appliedFor": purposes}))
            tagged += [prefix] if present[prefix].get("resourceTags") else []
            safe = False
            continue
        declared = declared_template(context.baseline, prefix, context.place(place), present)
        if declared.incomplete:
            manual.append(f"Create the template {prefix} at {'/'.join(place)} manually: {declared.incomplete}.")
            needs_role = needs_role or bool(declared.blocker)
            continue
        changes.append(actions.create_template(place, prefix, declared.template))
        tagged += [prefix] if declared.template.get("resourceTags") else []
        safe = safe and declared.harmless
    grants = tagging(row, context, tuple(name for name in unserved if prefix_covering(name) in tagged))
    return TemplateService(prefixes, grants, tuple(changes), tuple(manual), safe, needs_role)
