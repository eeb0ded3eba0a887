"""Settings of the destination repository of each replica: columns of the `replicas` table.

Each distinct combination of inputs is evaluated once (see `categorical`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from audit.tables.categorical import Categorical, columns_of, encode_flags, evaluate_cases
from audit.tables.determined import determined, if_determined
from audit.tables.encryption import EncryptionAnswer, KeyAnswer, check_key, compare_encryption
from audit.tables.evidence_index import EvidenceIndex, keys_of, scan_types
from audit.tables.replica_pairs import Pairs
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
    in_form,
    same_as_a_source,
    serving_templates,
)
from audit.tables.repository_index import RepositoryIndex
from audit.tables.required_settings import required_settings
from checks.baseline.merged_settings import merged_settings
from checks.baseline.sections import Settings
from checks.model import RegistryId
from checks.policy_comparison import lifecycle_form
from checks.policy_documents.canonical import policy_form


def setting_columns(index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs) -> dict[str, Any]:
    """Columns of `replicas` about settings; null where the destination repository does not exist."""
    source = {name: column.take(pairs.source_row) for name, column in repository_index.columns.items()}
    here = {name: column.take(pairs.destination_row) for name, column in repository_index.columns.items()}
    present = encode_flags(pairs.present)
    wanted = required_settings(
        index, repository_index, index.baseline.settings, merged_settings, pairs.destination, pairs.name
    )
    place, delete = Categorical(pairs.destination, index.universe), encode_flags(pairs.delete_replication)
    keys = {registry: keys_of(index, registry) for registry in index.universe}

    def encryption(
        here: bool | None, wanted: Settings, kind: str | None, key: str | None, at: RegistryId
    ) -> EncryptionAnswer:
        return if_determined("encryption", here, wanted, compare_encryption(here, wanted, kind, key, at, keys[at]))

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
        **columns_of(
            MutabilityAnswer, evaluate_cases(determined("tag_mutability", compare_mutability), present, wanted, *modes)
        ),
        **columns_of(
            ScanningAnswer,
            evaluate_cases(determined("scanning", compare_scanning), present, wanted, here["scan_frequency"], *types),
        ),
        **columns_of(
            EncryptionAnswer,
            evaluate_cases(encryption, present, wanted, here["encryption_type"], here["kms_key"], place),
        ),
        **columns_of(KeyAnswer, evaluate_cases(key, present, here["kms_key"], place)),
        **columns_of(
            RepositoryPolicyAnswer,
            evaluate_cases(determined("repository_policy", compare_repository_policy), present, wanted, *both_policies),
        ),
        **columns_of(LifecycleAnswer, evaluate_cases(_lifecycle, present, delete, wanted, *both_lifecycles)),
        **columns_of(
            TagsAnswer,
            evaluate_cases(
                determined("tags", compare_tags), present, wanted, _asked_for(here["tags"], wanted, _wants_tags)
            ),
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
    forms = {"repository_policy": policy_form, "lifecycle_policy": lifecycle_form}
    source_forms, here_forms = (
        {**side, **{name: in_form(side[name], form) for name, form in forms.items()}} for side in (source, here)
    )
    both = ("tag_mutability", "mutability_exclusions", "repository_policy", "lifecycle_policy")
    settings = (
        *(side[name] for side in (here, source) for name in both), here["encryption_type"], here["kms_key"],
        _asked_for(here["tags"], serving, _gives_tags),
        *(
            same_as_a_source(
                pairs, repository_index, [source_forms[name] for name in names], [here_forms[name] for name in names]
            )
            for names in (both[:2], both[2:3], both[3:])
        ),
    )  # fmt: skip
    return columns_of(
        TemplateAnswer, evaluate_cases(compare_with_template, encode_flags(pairs.present), wanted, serving, *settings)
    )


def _asked_for(tags: Categorical, by: Categorical, asks: Callable[[Any], bool]) -> Categorical:
    """*tags* where *by* needs them: they differ between repositories, and would make every row a separate case."""
    asking = np.array([*map(asks, by.values), False], dtype=np.bool_)
    return tags.where(asking[by.codes])


def _wants_tags(wanted: Settings) -> bool:
    return bool(wanted.tags) or "tags" in wanted.undetermined


def _gives_tags(serving: ServingTemplate) -> bool:
    return serving.template is not None and bool(serving.template.document.get("resourceTags"))


def _lifecycle(
    present: bool | None, delete: bool | None, wanted: Settings, source: str | None, here: str | None
) -> LifecycleAnswer:
    answer = compare_lifecycle(present, delete, wanted, source, here)
    return if_determined("lifecycle_policy", present, wanted, answer)
