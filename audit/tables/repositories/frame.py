"""The `repositories` table, and its columns about the limit of images per repository."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from audit.tables.categorical import Categorical, encode, evaluate_cases
from audit.tables.evidence_index import EvidenceIndex, account_texts, region_texts, scan_types
from audit.tables.frames import YES, Flags, compact, frame, integers
from audit.tables.image_index import ImageIndex
from audit.tables.replica_pairs import Pairs
from audit.tables.replication_graph import ReplicationGraph
from audit.tables.repositories.replicas import replica_columns
from audit.tables.repositories.source_settings import source_columns, source_flags
from audit.tables.repository_index import RepositoryIndex
from audit.tables.thresholds import severity_of_count, warning_threshold
from checks.baseline.merged_settings import merged_settings, merged_source_settings
from checks.tables import REPOSITORIES


def image_limit_columns(
    index: EvidenceIndex, repository_index: RepositoryIndex, images: ImageIndex, is_source: Flags
) -> dict[str, Any]:
    """Images of every status, compared with the limit per repository (ECR user guide, service-quotas.html)."""
    limit = index.baseline.limits.images_per_repository
    counted = np.where(images.read, images.counts, -1)
    counts = encode(None if number < 0 else number for number in counted.tolist())
    severities = evaluate_cases(lambda count: severity_of_count(count, limit, limit.maximum), counts)
    warning = warning_threshold(limit, limit.maximum)
    return {
        "image_total": integers(counted.astype(np.float64), counted >= 0),
        "images_limit": np.full(len(counted), limit.maximum, dtype=np.int64),
        "images_warning_threshold": np.full(len(counted), warning, dtype=np.int64),
        "images_severity": encode(severities.answers).take(severities.case).texts(),
        "expected_lifecycle_policy": _lifecycle(
            index, repository_index, is_source, np.flatnonzero(counted >= warning).tolist()
        ).texts(),
    }


def _lifecycle(
    index: EvidenceIndex, repository_index: RepositoryIndex, is_source: Flags, rows: list[int]
) -> Categorical:
    """The lifecycle policy of the baseline for the repositories at *rows*, where they have another one or none."""
    found = [""] * len(repository_index.name)
    present = repository_index.columns["lifecycle_policy"]
    for row in rows:
        place = index.place(index.universe[repository_index.registry[row]])
        name = repository_index.names[repository_index.name[row]]
        policy = merged_settings(index.baseline, name, place).lifecycle_policy
        if is_source[row] == YES:
            policy = merged_source_settings(index.baseline, name, place).lifecycle_policy or policy
        seen = present.values[present.codes[row]] if present.codes[row] >= 0 else None
        if isinstance(policy, dict) and seen is not None and not _same(seen, policy):
            found[row] = compact(policy)
    return encode(found)


def _same(text: str, policy: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(text or "{}") == policy)
    except ValueError:
        return False


def repositories_frame(
    index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex, graph: ReplicationGraph
) -> pd.DataFrame:
    """One row per repository that was read."""
    is_source = source_flags(index, repository_index, pairs)
    texts = {name: column.texts() for name, column in repository_index.columns.items()}
    return frame(
        REPOSITORIES,
        {
            "account": account_texts(index, repository_index.registry),
            "region": region_texts(index, repository_index.registry),
            "repository": Categorical(repository_index.name, repository_index.names).texts(),
            "created_at": repository_index.created_at,
            "detailed": repository_index.detailed,
            "scan_type": scan_types(index).take(repository_index.registry).texts(),
            "image_count": integers(repository_index.image_count, repository_index.image_count >= 0),
            **texts,
            **image_limit_columns(index, repository_index, images, is_source),
            **source_columns(index, repository_index, is_source),
            **replica_columns(index, repository_index, pairs, graph),
        },
    )
