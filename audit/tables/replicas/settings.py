"""Settings of the destination repository of each replica: columns of the `replicas` table.

Each distinct combination of inputs is evaluated once (see `categorical`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from audit.tables.categorical import CaseResults, Categorical, encode_flags, evaluate_cases
from audit.tables.documents import Parsed, parse_object
from audit.tables.encryption import EncryptionAnswer, KeyAnswer, check_key, compare_encryption
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.replica_pairs import Pairs, segments
from audit.tables.replicas.mutability import MutabilityAnswer, compare_mutability
from audit.tables.replicas.policies import (
    LifecycleAnswer,
    RepositoryPolicyAnswer,
    TagsAnswer,
    compare_lifecycle,
    compare_repository_policy,
    compare_tags,
)
from audit.tables.replicas.scanning import ScanningAnswer, compare_scanning
from audit.tables.replicas.template_effect import (
    ServingTemplate,
    TemplateAnswer,
    compare_with_template,
    same_as_a_source,
    serving_templates,
)
from audit.tables.repositories.frame import scan_types
from audit.tables.repository_index import RepositoryIndex
from checks.baseline.requirements import merged_settings
from checks.baseline.sections import Settings
from checks.model import RegistryId


def setting_columns(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> dict[str, Any]:
    """Columns of `replicas` about settings; null where the destination repository does not exist."""
    source = {name: column.take(pairs.source_row) for name, column in repository_index.columns.items()}
    here = {name: column.take(pairs.destination_row) for name, column in repository_index.columns.items()}
    present, wanted = encode_flags(pairs.present), _wanted(index, repository_index).take(pairs.name)
    place, delete = Categorical(pairs.destination, index.universe), encode_flags(pairs.delete_replication)
    keys = {registry: _keys(index, registry) for registry in index.universe}

    def encryption(
        here: bool | None, wanted: Settings, kind: str | None, key: str | None, at: RegistryId
    ) -> EncryptionAnswer:
        return compare_encryption(here, wanted, kind, key, at, keys[at])

    def key(here: bool | None, key: str | None, at: RegistryId) -> KeyAnswer:
        return KeyAnswer(key_named=False) if here is False else check_key(key, at, keys[at])

    mode, filters = "tag_mutability", "mutability_exclusions"
    modes = (source[mode], source[filters], here[mode], here[filters])
    both_policies = (source["repository_policy"], here["repository_policy"])
    both_lifecycles = (source["lifecycle_policy"], here["lifecycle_policy"])
    scanning = scan_types(index)
    types = (scanning.take(pairs.destination), scanning.take(pairs.source))
    return {
        "source_tag_mutability": source[mode].texts(),
        "source_mutability_exclusions": source[filters].texts(),
        "source_repository_policy": source["repository_policy"].texts(),
        "tag_mutability": here[mode].texts(),
        "mutability_exclusions": here[filters].texts(),
        **_columns(MutabilityAnswer, evaluate_cases(compare_mutability, present, wanted, *modes)),
        **_columns(ScanningAnswer, evaluate_cases(compare_scanning, present, wanted, here["scan_frequency"], *types)),
        **_columns(
            EncryptionAnswer,
            evaluate_cases(encryption, present, wanted, here["encryption_type"], here["kms_key"], place),
        ),
        **_columns(KeyAnswer, evaluate_cases(key, present, here["kms_key"], place)),
        **_columns(RepositoryPolicyAnswer, evaluate_cases(compare_repository_policy, present, wanted, *both_policies)),
        **_columns(LifecycleAnswer, evaluate_cases(compare_lifecycle, present, delete, wanted, *both_lifecycles)),
        **_columns(
            TagsAnswer, evaluate_cases(compare_tags, present, wanted, _asked_for(here["tags"], wanted, _wants_tags))
        ),
        **_template_columns(index, repository_index, pairs, wanted, source, here),
    }


def _template_columns(
    index: EvidenceIndex,
    repository_index: RepositoryIndex,
    pairs: Pairs,
    wanted: Categorical,
    source: Mapping[str, Categorical],
    here: Mapping[str, Categorical],
) -> dict[str, Any]:
    serving = serving_templates(index, repository_index, pairs)
    both = ("tag_mutability", "mutability_exclusions", "repository_policy", "lifecycle_policy")
    settings = (
        *(side[name] for side in (here, source) for name in both), here["encryption_type"], here["kms_key"],
        _asked_for(here["tags"], serving, _gives_tags),
        *(
            same_as_a_source(pairs, repository_index, [source[name] for name in names], [here[name] for name in names])
            for names in (both[:2], both[2:3], both[3:])
        ),
    )  # fmt: skip
    return _columns(
        TemplateAnswer, evaluate_cases(compare_with_template, encode_flags(pairs.present), wanted, serving, *settings)
    )


def _asked_for(tags: Categorical, by: Categorical, asks: Callable[[Any], bool]) -> Categorical:
    """*tags* where *by* needs them: they differ between repositories, and would make every row a separate case."""
    asking = np.array([*map(asks, by.values), False], dtype=np.bool_)
    return tags.where(asking[by.codes])


def _wants_tags(wanted: Settings) -> bool:
    return bool(wanted.tags)


def _gives_tags(serving: ServingTemplate) -> bool:
    return serving.template is not None and bool(serving.template.document.get("resourceTags"))


def _columns(kind: type[Any], judged: CaseResults) -> dict[str, Any]:
    """A column for each field of the results: a flag, a number, or text."""
    held = {"bool": judged.flags, "int": judged.counts, "str": judged.texts}
    return {field.name: held[str(field.type).partition(" ")[0]](field.name) for field in fields(kind)}


def _wanted(index: EvidenceIndex, repository_index: RepositoryIndex) -> Categorical:
    """What the baseline requires of a replica, for each distinct repository name."""
    prefixes = [prefix for entry in index.baseline.settings for prefix in entry.repositories]
    number: dict[int, int] = {}
    values: list[Settings] = []
    codes = np.empty(len(repository_index.names), dtype=np.int64)
    for start, stop in segments(repository_index.names, prefixes):
        settings = merged_settings(index.baseline, repository_index.names[start])
        if id(settings) not in number:
            number[id(settings)] = len(values)
            values.append(settings)
        codes[start:stop] = number[id(settings)]
    return Categorical(codes, values)


def _keys(index: EvidenceIndex, registry: RegistryId) -> Parsed[Mapping[str, Any]]:
    record = index.registry(registry)
    return parse_object(record.keys if record else None, "the KMS key information")
