"""Changes of repository creation templates.

An update without a field sets AWS's default for it (ECR API reference,
UpdateRepositoryCreationTemplate: an omitted imageTagMutability means MUTABLE), so every field is sent again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from checks.changes import Change, CreateTemplate, UpdateTemplate
from checks.policy_documents.validation import DocumentKind, refusal
from checks.remediation.changes import once
from checks.remediation.merge_result import CannotApplyError, Merged, merge_one_by_one

Template = Mapping[str, Any]
Asked = CreateTemplate | UpdateTemplate

FIELDS = (
    "prefix",
    "description",
    "appliedFor",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "encryptionConfiguration",
    "resourceTags",
    "customRoleArn",
    "repositoryPolicy",
    "lifecyclePolicy",
)
"""Fields that can be written. AWS sets the times of creation and change."""

DOCUMENTS = {"repositoryPolicy": DocumentKind.REPOSITORY, "lifecyclePolicy": DocumentKind.LIFECYCLE}
"""Fields that hold a policy document."""

PREFIX = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*/?|ROOT")
"""Prefix of the ECR service model."""


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """One template: as audited, None where there was none, and its target state."""

    seen: Template | None
    wanted: Template

    @property
    def prefix(self) -> str:
        """The prefix as AWS has it."""
        return str(self.wanted["prefix"])


Changes = Mapping[str, TemplateChange]
"""Changes by prefix without its trailing slash."""


def parse(text: str | None) -> Mapping[str, Template]:
    """Templates by prefix without its trailing slash. Raises CannotApplyError where they were not read."""
    if text is None:
        raise CannotApplyError("the creation templates could not be read")
    try:
        templates = json.loads(text or "[]")
        return {key_of(template["prefix"]): writable(template) for template in templates}
    except (ValueError, TypeError, KeyError) as problem:
        raise CannotApplyError(f"the creation templates are not the JSON array that AWS documents: {problem}") from None


def merge(seen: Mapping[str, Template], changes: Iterable[Asked]) -> Merged[Changes]:
    """The target state of each template that a change names. Where changes disagree about a field, the first
    applies.
    """

    def apply(changes: Changes, change: Asked) -> Changes:
        key = key_of(change.prefix)
        return {**changes, key: _changed(seen.get(key), changes.get(key), change)}

    # One finding may update a template that another one creates.
    return merge_one_by_one({}, sorted(once(changes), key=lambda change: change.kind), apply)


def key_of(prefix: str) -> str:
    """*prefix* without the trailing slash that AWS implies."""
    return prefix.rstrip("/")


def prefix_of(change: Change) -> str:
    """The prefix of the template that *edit* changes; empty for any other change."""
    return change.prefix if isinstance(change, Asked) else ""


def writable(template: Template) -> dict[str, Any]:
    """The fields of *template* that can be written and are not empty."""
    return {name: template[name] for name in FIELDS if template.get(name) not in (None, "", [])}


def _changed(seen: Template | None, before: TemplateChange | None, change: Asked) -> TemplateChange:
    changes = dict(change.template if isinstance(change, CreateTemplate) else change.changes)
    changes.pop("prefix", None)
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise CannotApplyError(f"a creation template has no field {', '.join(sorted(unknown))}")
    if isinstance(change, UpdateTemplate) and seen is None and before is None:
        raise CannotApplyError(f"there was no creation template {change.prefix} to update")
    original: Template = seen or {"prefix": change.prefix}
    present = before.wanted if before else original
    wanted = dict(present)
    for name, value in changes.items():
        if name == "appliedFor" and isinstance(change, CreateTemplate):
            wanted[name] = list(dict.fromkeys((*present.get(name, ()), *value)))
        elif name in present and present.get(name) not in (original.get(name), value):
            raise CannotApplyError(f"two findings require different values of {name} in the creation template")
        else:
            wanted[name] = value
    return TemplateChange(seen, _checked(wanted))


def _checked(template: Template) -> Template:
    """*template* ready to be sent, always with mutability. Raises CannotApplyError where AWS would reject it."""
    wanted = {**template, "imageTagMutability": template.get("imageTagMutability") or "MUTABLE"}
    if not wanted["imageTagMutability"].endswith("_WITH_EXCLUSION"):
        wanted.pop("imageTagMutabilityExclusionFilters", None)
    if not PREFIX.fullmatch(wanted["prefix"]) or len(wanted["prefix"]) > 256:
        raise CannotApplyError(f"AWS does not accept the template prefix {wanted['prefix']!r}")
    if not wanted.get("appliedFor"):
        raise CannotApplyError("a creation template needs at least one value of appliedFor")
    for name, kind in DOCUMENTS.items():
        if wanted.get(name) and (reason := refusal(kind, wanted[name])):
            raise CannotApplyError(f"{reason}; correct the {kind} of the template manually, or in the baseline")
    return writable(wanted)
