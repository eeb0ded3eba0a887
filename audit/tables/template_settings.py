"""Where a creation template differs from the baseline: columns of the `templates` table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.tables.documents import Parsed, Template
from audit.tables.encryption import judge_encryption
from audit.tables.frames import compact
from audit.tables.known import Known
from checks.baseline import Baseline, Settings
from checks.lifecycles import same_lifecycle
from checks.model import RegistryId
from checks.policy_texts import same_policy
from checks.requirements import merged_settings, minimal_prefixes

ROOT = "ROOT"

Verdicts = Mapping[str, bool | None]
"""Field → whether a template gives it as asked, three-valued; fields that are not asked for are absent."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides which names a template of one registry serves."""

    place: RegistryId
    keys: Parsed[Mapping[str, Any]]
    templates: Sequence[Template]
    """Those of the registry that apply to replication."""
    arriving: Sequence[str]
    """Prefixes that replication brings there, or shall."""


def arriving_prefixes(known: Known) -> dict[RegistryId, tuple[str, ...]]:
    """For each registry the prefixes that a rule, or the baseline, has replicated to it."""
    found: dict[RegistryId, set[str]] = {}
    for parsed in known.rules.values():
        for rule in parsed.value or ():
            for registry in rule.destinations:
                found.setdefault(registry, set()).update(rule.prefixes)
    for demands in known.demands.values():
        for demand in demands:
            for registry in demand.destinations:
                found.setdefault(registry, set()).update(demand.prefixes)
    return {registry: minimal_prefixes(prefixes) for registry, prefixes in found.items()}


def declaration_columns(baseline: Baseline, template: Template, around: Surroundings) -> dict[str, Any]:
    """Compare *template* for the names of its own prefix, and for those below it with settings of their own."""
    if not template.for_replication:
        return _columns({}, [], applies=False)
    own = "" if template.prefix == ROOT else f"{template.prefix}/"
    asked = {own: merged_settings(baseline, own)}
    below = list(_below(baseline, template, own, around))
    asked |= {prefix: merged_settings(baseline, prefix) for prefix in below}
    verdicts = {prefix: judge(template.document, settings, around) for prefix, settings in asked.items()}
    return _columns(verdicts, below, applies=any(verdicts.values()))


def _columns(verdicts: Mapping[str, Verdicts], below: Sequence[str], *, applies: bool) -> dict[str, Any]:
    wrong = {prefix: [field for field, alike in held.items() if alike is False] for prefix, held in verdicts.items()}
    contradicted = {prefix: fields for prefix, fields in wrong.items() if fields}
    open_questions = any(alike is None for held in verdicts.values() for alike in held.values())
    differing = [
        f"{field.replace('_', ' ')} of {_named(prefix)}" for prefix, fields in contradicted.items() for field in fields
    ]
    return {
        "settings_required": applies,
        "differing_settings": compact(differing) if differing or (applies and not open_questions) else None,
        "settings_contradicted": compact(contradicted),
        "settings_below": compact(below),
    }


def _named(prefix: str) -> str:
    return f"{prefix}*" if prefix else "repositories that no other template serves"


def _below(baseline: Baseline, template: Template, own: str, around: Surroundings) -> Iterable[str]:
    """Prefixes of the baseline below *own* that *template* serves, that are replicated and set apart."""
    deeper = tuple(
        f"{other.prefix}/"
        for other in around.templates
        if other.prefix not in (ROOT, template.prefix) and other.prefix.startswith(own)
    )
    usual = merged_settings(baseline, own)
    prefixes = {prefix for entry in baseline.settings for prefix in entry.repositories}
    for prefix in sorted(prefixes):
        if prefix == own or not prefix.startswith(own) or prefix.startswith(deeper):
            continue
        arrives = any(prefix.startswith(each) or each.startswith(prefix) for each in around.arriving)
        if arrives and merged_settings(baseline, prefix) != usual:
            yield prefix


def judge(template: Mapping[str, Any], settings: Settings, around: Surroundings) -> Verdicts:
    """Each field of *settings* that a template can have, against the document *template*."""
    verdicts: dict[str, bool | None] = {}
    if settings.tag_mutability not in (None, "same-as-source"):
        verdicts["tag_mutability"] = _same_mutability(template, settings)
    if settings.encryption is not None:
        encryption = template.get("encryptionConfiguration") or {}
        kind, key = encryption.get("encryptionType", "AES256"), encryption.get("kmsKey") or ""
        found = judge_encryption(True, settings, kind, key, around.place, around.keys)
        held = found.encryption_in_baseline_terms
        verdicts["encryption"] = None if held is None else held == found.expected_encryption
    if isinstance(settings.lifecycle_policy, dict):
        wanted = compact(settings.lifecycle_policy)
        verdicts["lifecycle_policy"] = same_lifecycle(wanted, template.get("lifecyclePolicy") or "")
    if settings.repository_policy not in (None, "same-as-source"):
        verdicts["repository_policy"] = _same_policy(template, settings.repository_policy)
    if settings.tags:
        tags = {tag.get("Key"): tag.get("Value") for tag in template.get("resourceTags") or ()}
        verdicts["tags"] = settings.tags.items() <= tags.items()
    return verdicts


def _same_mutability(template: Mapping[str, Any], settings: Settings) -> bool:
    mode = template.get("imageTagMutability") or "MUTABLE"
    filters = {each.get("filter") for each in template.get("imageTagMutabilityExclusionFilters") or ()}
    return bool(mode == settings.tag_mutability and filters == set(settings.mutability_exclusions))


def _same_policy(template: Mapping[str, Any], asked: object) -> bool | None:
    held = template.get("repositoryPolicy") or ""
    if isinstance(asked, dict):
        return same_policy(compact(asked), held)
    return bool(held) is (asked == "required")
