"""The `replicas` table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.tables.categorical import Categorical
from audit.tables.evidence_index import EvidenceIndex, account_texts, partition_texts, region_texts
from audit.tables.frames import NO, UNKNOWN, YES, Flags, frame, integers
from audit.tables.image_index import ImageIndex
from audit.tables.images.differences import Differences
from audit.tables.links.endpoints import can_receive
from audit.tables.replica_pairs import Pairs
from audit.tables.replicas.expiry import expiry_columns
from audit.tables.replicas.exposure import categorical_texts, exposure_columns
from audit.tables.replicas.images import image_columns, status_columns
from audit.tables.replicas.settings import setting_columns
from audit.tables.repository_index import RepositoryIndex
from checks.tables import REPLICAS


def replicas_frame(
    index: EvidenceIndex, repository_index: RepositoryIndex, pairs: Pairs, images: ImageIndex, found: Differences
) -> pd.DataFrame:
    """One row per source repository and destination registry of a rule or of the baseline."""
    settings = setting_columns(index, repository_index, pairs)
    expected = categorical_texts(settings["expected_repository_policy"])
    return frame(
        REPLICAS,
        {
            "source_account": account_texts(index, pairs.source),
            "source_region": region_texts(index, pairs.source),
            "repository": Categorical(pairs.name, repository_index.names).texts(),
            "destination_account": account_texts(index, pairs.destination),
            "destination_region": region_texts(index, pairs.destination),
            "partition": partition_texts(index, pairs.source),
            "matched": pairs.matched,
            "matching_rules": integers(pairs.matching_rules.astype(np.float64), pairs.matching_rules != UNKNOWN),
            "expected": pairs.expected,
            "required_by": pairs.required_by.texts(),
            "delete_replication": pairs.delete_replication,
            "destination_present": pairs.present,
            "destination_can_receive": _receiving(index, pairs),
            **image_columns(index, repository_index, pairs, images, found),
            **expiry_columns(index, repository_index, pairs, images, found),
            **status_columns(pairs, images, found),
            **settings,
            **exposure_columns(index, repository_index, pairs, expected),
        },
    )


def _receiving(index: EvidenceIndex, pairs: Pairs) -> Flags:
    """Whether each destination can receive replicas from its source: one answer for all replicas of a link."""
    size = len(index.universe)
    links, case = np.unique(pairs.source * size + pairs.destination, return_inverse=True)
    ends = ((index.universe[link // size], index.universe[link % size]) for link in links.tolist())
    answers = np.array([YES if can_receive(index, *each) else NO for each in ends], dtype=np.int8)
    found: Flags = answers[case.reshape(-1)]
    return found
