"""Columns of the `templates` table: the settings that the baseline requires, and the access to repositories that the
template creates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from audit.tables.documents import Parsed, Template
from audit.tables.encryption import compare_encryption
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact
from audit.tables.registries.policy_reach import denials_under
from audit.tables.replicas.exposure import organization_of
from checks.baseline.merged_settings import merged_settings, prefixes_of_settings
from checks.baseline.requirements import minimal_prefixes
from checks.baseline.schema import Baseline
from checks.baseline.sections import Settings
from checks.iam import PolicyProblem
from checks.iam.access import Circumstances, Exposure, certain, closed_policy, exposure, none_of, own_clauses
from checks.iam.three_valued import every
from checks.model import Place, RegistryId
from checks.policy_comparison import same_lifecycle
from checks.policy_documents.canonical import same_policy
from checks.remediation.declared_templates import declared_template

ROOT = "ROOT"

_OF_TEMPLATES = frozenset({"tag_mutability", "encryption", "lifecycle_policy", "repository_policy", "tags"})
"""Settings that a template can have."""

Verdicts = Mapping[str, bool | None]
"""Field → whether a template sets it as required, three-valued; fields that are not required are absent."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What determines the names to which a template of one registry applies."""

    place: RegistryId
    scope: Place
    """The same for scopes of the baseline."""
    keys: Parsed[Mapping[str, Any]]
    templates: Sequence[Template]
    """Those of the registry that apply to replication."""
    arriving: Sequence[str]
    """Prefixes that are, or are required to be, replicated there."""


def arriving_prefixes(index: EvidenceIndex) -> dict[RegistryId, tuple[str, ...]]:
    """For each registry the prefixes that a rule or the baseline replicates to it."""
    found: dict[RegistryId, set[str]] = {}
    for source, parsed in index.rules.items():
        for rule in parsed.value or ():
            for registry in rule.destinations:
                if registry != source:
                    found.setdefault(registry, set()).update(rule.prefixes)
    for applied_requirements in index.applied_requirements.values():
        for applied in applied_requirements:
            for registry in applied.destinations:
                found.setdefault(registry, set()).update(applied.prefixes)
    return {registry: minimal_prefixes(prefixes) for registry, prefixes in found.items()}


def declaration_columns(baseline: Baseline, template: Template, around: Surroundings) -> dict[str, Any]:
    """Compare *template* for the names of its own prefix, and for prefixes below it with other settings."""
    if not template.for_replication:
        return _columns({}, [], applies=False)
    own = "" if template.prefix == ROOT else f"{template.prefix}/"
    asked = {own: merged_settings(baseline, own, around.scope)}
    below = list(_below(baseline, template, own, around))
    asked |= {prefix: merged_settings(baseline, prefix, around.scope) for prefix in below}
    verdicts = {prefix: compare_fields(template.document, settings, around) for prefix, settings in asked.items()}
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
    return f"{prefix}*" if prefix else "repositories to which no other template applies"


def _below(baseline: Baseline, template: Template, own: str, around: Surroundings) -> Iterable[str]:
    """Prefixes of the baseline below *own* to which *template* applies, that are replicated and have other settings."""
    deeper = tuple(
        f"{other.prefix}/"
        for other in around.templates
        if other.prefix not in (ROOT, template.prefix) and other.prefix.startswith(own)
    )
    usual = merged_settings(baseline, own, around.scope)
    for prefix in prefixes_of_settings(baseline.settings):
        if prefix == own or not prefix.startswith(own) or prefix.startswith(deeper):
            continue
        arrives = any(prefix.startswith(each) or each.startswith(prefix) for each in around.arriving)
        if arrives and merged_settings(baseline, prefix, around.scope) != usual:
            yield prefix


def compare_fields(template: Mapping[str, Any], settings: Settings, around: Surroundings) -> Verdicts:
    """Compare each field of *settings* that a template can have with the document *template*."""
    verdicts: dict[str, bool | None] = {}
    if settings.tag_mutability not in (None, "same-as-source"):
        verdicts["tag_mutability"] = _same_mutability(template, settings)
    if settings.encryption is not None:
        encryption = template.get("encryptionConfiguration") or {}
        kind, key = encryption.get("encryptionType", "AES256"), encryption.get("kmsKey") or ""
        found = compare_encryption(True, settings, kind, key, around.place, around.keys)
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
    return verdicts | dict.fromkeys(settings.undetermined & _OF_TEMPLATES)


def _same_mutability(template: Mapping[str, Any], settings: Settings) -> bool:
    mode = template.get("imageTagMutability") or "MUTABLE"
    filters = {each.get("filter") for each in template.get("imageTagMutabilityExclusionFilters") or ()}
    return bool(mode == settings.tag_mutability and filters == set(settings.mutability_exclusions))


def _same_policy(template: Mapping[str, Any], asked: object) -> bool | None:
    held = template.get("repositoryPolicy") or ""
    if isinstance(asked, dict):
        return same_policy(compact(asked), held)
    return bool(held) is (asked == "required")


@dataclass(frozen=True, slots=True)
class TemplateExposure:
    """Columns of `templates` about exposure, by the columns' names."""

    policy_exposures: str | None = None
    policy_exposures_unknown: str | None = None
    closed_policy: str | None = None


def exposure_columns(index: EvidenceIndex, place: RegistryId, template: Template) -> dict[str, str | None]:
    """What the repository policy of *template* allows other principals on every replica repository that it creates."""
    return asdict(_judged(index, place, template))


def _judged(index: EvidenceIndex, place: RegistryId, template: Template) -> TemplateExposure:
    text = template.document.get("repositoryPolicy") or ""
    own = own_clauses(text) if isinstance(text, str) else PolicyProblem("the repository policy is not text")
    if isinstance(own, PolicyProblem):
        return TemplateExposure(policy_exposures_unknown=own.message)
    # The tags of repositories that do not exist yet are unknown.
    circumstances = Circumstances(organization_of(index), index.evidence.partition, time=index.evidence.started_at)
    prefix = "" if template.prefix == ROOT else f"{template.prefix}/"
    record = index.parts[place].registry
    denials = denials_under(record, prefix) if own else ()
    found = exposure(own, denials or (), circumstances, place[0])
    if denials is None and not found.none:
        return TemplateExposure(policy_exposures_unknown="the registry policy was not read, and it may deny it")
    closed = every(none_of(each) for each in (found.outsiders, found.pushers, found.deleters))
    if closed is None:
        return TemplateExposure(policy_exposures_unknown="")
    return TemplateExposure(
        policy_exposures=compact(_exposures(found)),
        policy_exposures_unknown="",
        closed_policy=None if closed else _closed(index, place, template, circumstances),
    )


def _exposures(found: Exposure) -> list[str]:
    kinds = (
        ("access from outside the organization", found.outsiders),
        ("push", found.pushers),
        ("delete", found.deleters),
    )
    return [f"{access} by {principal}" for access, holders in kinds for principal in certain(holders)]


def _closed(index: EvidenceIndex, place: RegistryId, template: Template, circumstances: Circumstances) -> str:
    """The policy to set; empty: it must be written manually."""
    declared = declared_template(index.baseline, template.prefix, index.place(place), {}).template.get(
        "repositoryPolicy"
    )
    if declared is None:
        return closed_policy(str(template.document["repositoryPolicy"]), circumstances, place[0]) or ""
    clauses = own_clauses(declared)
    good = not isinstance(clauses, PolicyProblem) and exposure(clauses, (), circumstances, place[0]).none
    return declared if good else ""
