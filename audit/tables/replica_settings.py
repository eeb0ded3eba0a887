"""Settings of the destination repository of each replica: columns of the `replicas` table.

Each judgement is asked once for every distinct combination of what it depends on (see `coded`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from audit.tables.coded import Coded, Judged, code_flags, judge
from audit.tables.copied_policies import (
    LifecycleAnswer,
    RepositoryPolicyAnswer,
    judge_lifecycle,
    judge_repository_policy,
)
from audit.tables.documents import Parsed, Registry, parse_object
from audit.tables.encryption import EncryptionAnswer, KeyAnswer, judge_encryption, judge_key
from audit.tables.known import Known
from audit.tables.mutability import MutabilityAnswer, judge_mutability
from audit.tables.pairs import Pairs, segments
from audit.tables.stock import Stock
from checks.baseline import Settings
from checks.requirements import merged_settings


@dataclass(frozen=True, slots=True)
class ScanningAnswer:
    """Columns of `replicas` about scanning, by the columns' names."""

    scanning_required: bool | None
    scan_frequency: str | None
    scanned: bool | None


def judge_scanning(present: bool | None, wanted: Settings, frequency: str | None) -> ScanningAnswer:
    """MANUAL is ECR's word for a repository that no scanning rule of its registry takes."""
    required = present if wanted.scanning is not None and wanted.scanning.required else False
    return ScanningAnswer(required, frequency, None if frequency is None else frequency != "MANUAL")


def setting_columns(known: Known, stock: Stock, pairs: Pairs) -> dict[str, Any]:
    """Columns of `replicas` about settings; null where the destination repository does not exist."""
    source = {name: column.take(pairs.source_row) for name, column in stock.columns.items()}
    here = {name: column.take(pairs.destination_row) for name, column in stock.columns.items()}
    present, wanted = code_flags(pairs.present), _wanted(known, stock).take(pairs.name)
    place, delete = Coded(pairs.destination, known.universe), code_flags(pairs.delete_replication)
    keys = {registry: _keys(known, registry) for registry in known.universe}

    def encryption(
        here: bool | None, wanted: Settings, kind: str | None, key: str | None, at: Registry
    ) -> EncryptionAnswer:
        return judge_encryption(here, wanted, kind, key, at, keys[at])

    def key(here: bool | None, key: str | None, at: Registry) -> KeyAnswer:
        return KeyAnswer(key_named=False) if here is False else judge_key(key, at, keys[at])

    mode, filters = "tag_mutability", "mutability_exclusions"
    modes = (source[mode], source[filters], here[mode], here[filters])
    both_policies = (source["repository_policy"], here["repository_policy"])
    both_lifecycles = (source["lifecycle_policy"], here["lifecycle_policy"])
    return {
        "source_tag_mutability": source[mode].texts(),
        "tag_mutability": here[mode].texts(),
        "mutability_exclusions": here[filters].texts(),
        **_columns(MutabilityAnswer, judge(judge_mutability, present, wanted, *modes)),
        **_columns(ScanningAnswer, judge(judge_scanning, present, wanted, here["scan_frequency"])),
        **_columns(
            EncryptionAnswer, judge(encryption, present, wanted, here["encryption_type"], here["kms_key"], place)
        ),
        **_columns(KeyAnswer, judge(key, present, here["kms_key"], place)),
        **_columns(RepositoryPolicyAnswer, judge(judge_repository_policy, present, wanted, *both_policies)),
        **_columns(LifecycleAnswer, judge(judge_lifecycle, present, delete, wanted, *both_lifecycles)),
    }


def _columns(kind: type[Any], judged: Judged) -> dict[str, Any]:
    """A column for each field of the answers: a flag, or text."""
    return {
        field.name: judged.flags(field.name) if str(field.type).startswith("bool") else judged.texts(field.name)
        for field in fields(kind)
    }


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


def _keys(known: Known, registry: Registry) -> Parsed[Mapping[str, Any]]:
    record = known.registry(registry)
    return parse_object(record.keys if record else None, "what is known of the keys")
