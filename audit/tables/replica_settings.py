"""Settings of the destination repository of each replica: columns of the `replicas` table.

Each judgement is asked once for every distinct combination of what it depends on (see `coded`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from audit.tables.coded import Coded, Judged, code_flags, judge
from audit.tables.copied_policies import (
    LifecycleAnswer,
    RepositoryPolicyAnswer,
    judge_lifecycle,
    judge_repository_policy,
)
from audit.tables.copied_tags import TagsAnswer, judge_tags
from audit.tables.documents import Parsed, parse_object
from audit.tables.encryption import EncryptionAnswer, KeyAnswer, judge_encryption, judge_key
from audit.tables.known import Known
from audit.tables.mutability import MutabilityAnswer, judge_mutability
from audit.tables.pairs import Pairs, segments
from audit.tables.repositories import scan_types
from audit.tables.scan_levels import ScanningAnswer, judge_scanning
from audit.tables.stock import Stock
from audit.tables.template_effect import (
    InCharge,
    TemplateAnswer,
    as_some_source,
    judge_template,
    templates_in_charge,
)
from checks.baseline import Settings
from checks.model import RegistryId
from checks.requirements import merged_settings


def setting_columns(known: Known, stock: Stock, pairs: Pairs) -> dict[str, Any]:
    """Columns of `replicas` about settings; null where the destination repository does not exist."""
    source = {name: column.take(pairs.source_row) for name, column in stock.columns.items()}
    here = {name: column.take(pairs.destination_row) for name, column in stock.columns.items()}
    present, wanted = code_flags(pairs.present), _wanted(known, stock).take(pairs.name)
    place, delete = Coded(pairs.destination, known.universe), code_flags(pairs.delete_replication)
    keys = {registry: _keys(known, registry) for registry in known.universe}

    def encryption(
        here: bool | None, wanted: Settings, kind: str | None, key: str | None, at: RegistryId
    ) -> EncryptionAnswer:
        return judge_encryption(here, wanted, kind, key, at, keys[at])

    def key(here: bool | None, key: str | None, at: RegistryId) -> KeyAnswer:
        return KeyAnswer(key_named=False) if here is False else judge_key(key, at, keys[at])

    mode, filters = "tag_mutability", "mutability_exclusions"
    modes = (source[mode], source[filters], here[mode], here[filters])
    both_policies = (source["repository_policy"], here["repository_policy"])
    both_lifecycles = (source["lifecycle_policy"], here["lifecycle_policy"])
    scanning = scan_types(known)
    types = (scanning.take(pairs.destination), scanning.take(pairs.source))
    return {
        "source_tag_mutability": source[mode].texts(),
        "source_repository_policy": source["repository_policy"].texts(),
        "tag_mutability": here[mode].texts(),
        "mutability_exclusions": here[filters].texts(),
        **_columns(MutabilityAnswer, judge(judge_mutability, present, wanted, *modes)),
        **_columns(ScanningAnswer, judge(judge_scanning, present, wanted, here["scan_frequency"], *types)),
        **_columns(
            EncryptionAnswer, judge(encryption, present, wanted, here["encryption_type"], here["kms_key"], place)
        ),
        **_columns(KeyAnswer, judge(key, present, here["kms_key"], place)),
        **_columns(RepositoryPolicyAnswer, judge(judge_repository_policy, present, wanted, *both_policies)),
        **_columns(LifecycleAnswer, judge(judge_lifecycle, present, delete, wanted, *both_lifecycles)),
        **_columns(TagsAnswer, judge(judge_tags, present, wanted, _asked_for(here["tags"], wanted, _wants_tags))),
        **_template_columns(known, stock, pairs, wanted, source, here),
    }


def _template_columns(
    known: Known, stock: Stock, pairs: Pairs, wanted: Coded, source: Mapping[str, Coded], here: Mapping[str, Coded]
) -> dict[str, Any]:
    in_charge = templates_in_charge(known, stock, pairs)
    both = ("tag_mutability", "mutability_exclusions", "repository_policy", "lifecycle_policy")
    settings = (
        *(side[name] for side in (here, source) for name in both), here["encryption_type"], here["kms_key"],
        _asked_for(here["tags"], in_charge, _gives_tags),
        *(
            as_some_source(pairs, stock, [source[name] for name in names], [here[name] for name in names])
            for names in (both[:2], both[2:3], both[3:])
        ),
    )  # fmt: skip
    return _columns(TemplateAnswer, judge(judge_template, code_flags(pairs.present), wanted, in_charge, *settings))


def _asked_for(tags: Coded, by: Coded, asks: Callable[[Any], bool]) -> Coded:
    """*tags* where something asks for them: they differ from repository to repository, and make every row a case."""
    asking = np.array([*map(asks, by.values), False], dtype=np.bool_)
    return tags.where(asking[by.codes])


def _wants_tags(wanted: Settings) -> bool:
    return bool(wanted.tags)


def _gives_tags(in_charge: InCharge) -> bool:
    return in_charge.template is not None and bool(in_charge.template.document.get("resourceTags"))


def _columns(kind: type[Any], judged: Judged) -> dict[str, Any]:
    """A column for each field of the answers: a flag, a number, or text."""
    held = {"bool": judged.flags, "int": judged.counts, "str": judged.texts}
    return {field.name: held[str(field.type).partition(" ")[0]](field.name) for field in fields(kind)}


def _wanted(known: Known, stock: Stock) -> Coded:
    """What the baseline asks of a copy, for each distinct repository name."""
    prefixes = [prefix for entry in known.baseline.settings for prefix in entry.repositories]
    number: dict[int, int] = {}
    values: list[Settings] = []
    codes = np.empty(len(stock.names), dtype=np.int64)
    for start, stop in segments(stock.names, prefixes):
        settings = merged_settings(known.baseline, stock.names[start])
        if id(settings) not in number:
            number[id(settings)] = len(values)
            values.append(settings)
        codes[start:stop] = number[id(settings)]
    return Coded(codes, values)


def _keys(known: Known, registry: RegistryId) -> Parsed[Mapping[str, Any]]:
    record = known.registry(registry)
    return parse_object(record.keys if record else None, "what is known of the keys")
