"""Columns of the `repositories` table about repositories that are replicated: whether they are, and their settings
compared with `source_settings` of the baseline.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

import numpy as np

from audit.tables.categorical import Categorical, columns_of, encode_flags, evaluate_cases
from audit.tables.determined import determined, if_determined
from audit.tables.encryption import compare_encryption
from audit.tables.evidence_index import EvidenceIndex, keys_of, scan_types
from audit.tables.frames import NO, UNKNOWN, YES, Flags, compact
from audit.tables.replica_pairs import Pairs
from audit.tables.replicas.mutability import compare_mutability
from audit.tables.replicas.policies import compare_repository_policy
from audit.tables.replicas.scanning import compare_scanning
from audit.tables.repository_index import RepositoryIndex
from audit.tables.required_settings import required_settings
from checks.baseline.merged_settings import merged_source_settings
from checks.baseline.sections import Settings
from checks.model import RegistryId
from checks.policy_comparison import rule_count, same_lifecycle

_NO_POLICY, _SOME_POLICY, _OTHER_POLICY, _BASELINES_POLICY = (
    "no lifecycle policy", "a lifecycle policy", "another lifecycle policy", "the lifecycle policy of the baseline",
)  # fmt: skip
_Kind = TypeVar("_Kind", bound=Any)
_NOT_SCANNED = "no scanning rule of the registry applies to it"


@dataclass(frozen=True, slots=True)
class SourceMutability:
    """Columns about tag mutability, by the columns' names."""

    tag_mutability_required: bool | None
    tag_mutability_setting: str | None
    expected_tag_mutability: str | None
    expected_exclusions: str | None
    expected_tag_mutability_setting: str | None


@dataclass(frozen=True, slots=True)
class SourceScanning:
    """Columns about scanning, by the columns' names."""

    scanning_required: bool | None
    expected_scan_type: str | None
    scan_shortfalls: str | None


@dataclass(frozen=True, slots=True)
class SourceLifecycle:
    """Columns about the lifecycle policy, by the columns' names."""

    lifecycle_policy_required: bool | None
    lifecycle_policy_kind: str | None
    expected_lifecycle_policy_kind: str | None
    required_lifecycle_policy: str | None


@dataclass(frozen=True, slots=True)
class SourceEncryption:
    """Columns about encryption, by the columns' names."""

    encryption_required: bool | None
    encryption: str | None
    encryption_in_baseline_terms: str | None
    expected_encryption: str | None


@dataclass(frozen=True, slots=True)
class SourceRepositoryPolicy:
    """Columns about the repository policy, by the columns' names."""

    repository_policy_required: bool | None
    repository_policy_kind: str | None
    expected_repository_policy_kind: str | None
    expected_repository_policy: str | None


@dataclass(frozen=True, slots=True)
class SourceTags:
    """Columns about resource tags, by the columns' names."""

    tags_required: bool | None
    missing_tag_keys: str | None
    missing_tags: str | None
    tag_count: int | None


def source_flags(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> Flags:
    """Whether a rule replicates each repository, or the baseline requires that."""
    found = np.full(len(repository_index.name), NO, dtype=np.int8)
    in_scope = {index.universe.index(registry) for registry in index.sources}
    for at in sorted(in_scope):
        if index.rules[index.universe[at]].value is None:
            first, last = repository_index.range_of(at)
            found[first:last] = UNKNOWN
    found[pairs.source_row[(pairs.matched == UNKNOWN) | (pairs.expected == UNKNOWN)]] = UNKNOWN
    found[pairs.source_row[(pairs.matched == YES) | (pairs.expected == YES)]] = YES
    return found


def source_columns(index: EvidenceIndex, repository_index: RepositoryIndex, is_source: Flags) -> dict[str, Any]:
    """Whether each repository is a source, and how its settings compare with what the baseline requires of sources."""
    source, own = encode_flags(is_source), repository_index.columns
    wanted = required_settings(
        index,
        repository_index,
        index.baseline.source_settings,
        merged_source_settings,
        repository_index.registry,
        repository_index.name,
    )
    place = Categorical(repository_index.registry, index.universe)
    keys = {registry: keys_of(index, registry) for registry in index.universe}
    types = scan_types(index).take(repository_index.registry)

    def encryption(
        source: bool | None, wanted: Settings, kind: str | None, key: str | None, at: RegistryId
    ) -> SourceEncryption:
        answer = compare_encryption(source, wanted, kind, key, at, keys[at])
        return if_determined("encryption", source, wanted, _narrowed(SourceEncryption, answer))

    tags = own["tags"].where(np.array([*map(_wants_tags, wanted.values), False], dtype=np.bool_)[wanted.codes])
    return {
        "is_source": is_source,
        **columns_of(SourceMutability, evaluate_cases(
            determined("tag_mutability", _mutability), source, wanted, own["tag_mutability"],
            own["mutability_exclusions"],
        )),
        **columns_of(SourceScanning, evaluate_cases(
            determined("scanning", _scanning), source, wanted, own["scan_frequency"], types
        )),
        **columns_of(SourceEncryption, evaluate_cases(
            encryption, source, wanted, own["encryption_type"], own["kms_key"], place
        )),
        **columns_of(SourceLifecycle, evaluate_cases(
            determined("lifecycle_policy", _lifecycle), source, wanted, own["lifecycle_policy"]
        )),
        **columns_of(SourceRepositoryPolicy, evaluate_cases(
            determined("repository_policy", _repository_policy), source, wanted, own["repository_policy"]
        )),
        **columns_of(SourceTags, evaluate_cases(determined("tags", _tags), source, wanted, tags)),
    }  # fmt: skip


def _mutability(source: bool | None, wanted: Settings, mode: str | None, filters: str | None) -> SourceMutability:
    return _narrowed(SourceMutability, compare_mutability(source, wanted, None, None, mode, filters))


def _scanning(source: bool | None, wanted: Settings, frequency: str | None, scan_type: str | None) -> SourceScanning:
    asked = wanted.scanning
    required = asked is not None and (asked.required or asked.type is not None or asked.frequency is not None)
    answer = compare_scanning(source, wanted, frequency, scan_type, "")
    shortfalls = answer.scan_shortfalls if answer.scan_level_required else "[]"
    if frequency == "MANUAL":
        shortfalls = compact([_NOT_SCANNED] if asked is not None and asked.required else [])
    return SourceScanning(
        scanning_required=source if required else False,
        expected_scan_type=answer.expected_scan_type,
        scan_shortfalls=None if frequency is None or answer.scan_level_required is None else shortfalls,
    )


def _lifecycle(source: bool | None, wanted: Settings, here: str | None) -> SourceLifecycle:
    asked = wanted.lifecycle_policy
    if asked is None or asked == "not-required":
        return SourceLifecycle(False, None, "", "")
    document = compact(asked) if isinstance(asked, dict) else ""
    return SourceLifecycle(
        lifecycle_policy_required=source,
        lifecycle_policy_kind=None if here is None else _lifecycle_kind(here, document),
        expected_lifecycle_policy_kind=_BASELINES_POLICY if document else _SOME_POLICY,
        required_lifecycle_policy=document,
    )


def _lifecycle_kind(here: str, document: str) -> str | None:
    """The lifecycle policy *here* in the terms of the requirement; None: it cannot be parsed."""
    rules = rule_count(here)
    if not rules:
        return None if rules is None else _NO_POLICY
    if not document:
        return _SOME_POLICY
    same = same_lifecycle(document, here)
    return None if same is None else _BASELINES_POLICY if same else _OTHER_POLICY


def _repository_policy(source: bool | None, wanted: Settings, here: str | None) -> SourceRepositoryPolicy:
    return _narrowed(SourceRepositoryPolicy, compare_repository_policy(source, wanted, None, here))


def _tags(source: bool | None, wanted: Settings, tags: str | None) -> SourceTags:
    if not wanted.tags or tags is None:
        return SourceTags(source if wanted.tags else False, None, None, None)
    held = json.loads(tags or "{}")
    missing = {key: value for key, value in sorted(wanted.tags.items()) if held.get(key) != value}
    return SourceTags(source, compact(list(missing)), compact(missing), len(held))


def _wants_tags(wanted: Settings) -> bool:
    return bool(wanted.tags)


def _narrowed(kind: type[_Kind], answer: Any) -> _Kind:
    """The fields of *answer* that *kind* has too."""
    values = asdict(answer)
    narrowed: _Kind = kind(**{field.name: values[field.name] for field in fields(kind)})
    return narrowed
