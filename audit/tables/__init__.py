"""Evidence → the declared tables. All joins are made here; `checks.tables` documents rows and columns."""

from __future__ import annotations

import pandas as pd

from audit.evidence import Evidence
from audit.tables.evidence_index import index_evidence
from audit.tables.grants import grants_frame
from audit.tables.image_index import index_images
from audit.tables.images.differences import compare
from audit.tables.images.frame import images_frame
from audit.tables.links.frame import links_frame
from audit.tables.links.names import group_by_link
from audit.tables.misplaced_grants import MisplacedGrants
from audit.tables.organization import accounts_frame, gaps_frame, regions_frame, unknown_rows_frame, waivers_frame
from audit.tables.registries.frame import registries_frame
from audit.tables.replica_pairs import build_replicas
from audit.tables.replicas.frame import replicas_frame
from audit.tables.replication_graph import build_replication_graph
from audit.tables.repositories.frame import repositories_frame
from audit.tables.repository_index import index_repositories
from audit.tables.rules.frame import rules_frame
from audit.tables.templates.frame import templates_frame
from checks.baseline.schema import Baseline

__all__ = ["build_tables"]


def build_tables(evidence: Evidence, baseline: Baseline) -> dict[str, pd.DataFrame]:
    """Every table that `checks.tables` declares, by name: its columns in order and type, its keys unique, rows sorted.

    No content from AWS or a user makes this raise: what cannot be parsed is null, with the reason in another column.
    """
    index = index_evidence(evidence, baseline)
    repository_index = index_repositories(index)
    pairs = build_replicas(index, repository_index)
    images = index_images(index, repository_index)
    found = compare(index, repository_index, pairs, images)
    graph = build_replication_graph(index)
    misplaced = MisplacedGrants(index)
    return {
        "accounts": accounts_frame(index),
        "regions": regions_frame(index),
        "registries": registries_frame(index),
        "rules": rules_frame(index, graph.names),
        "links": links_frame(index, group_by_link(index, repository_index, pairs), graph, misplaced),
        "grants": grants_frame(index, misplaced),
        "templates": templates_frame(index),
        "repositories": repositories_frame(index, repository_index, pairs, images, graph),
        "replicas": replicas_frame(index, repository_index, pairs, images, found),
        "images": images_frame(index, repository_index, pairs, images, found),
        "gaps": gaps_frame(index),
        # Waivers are matched with findings, of which there are none yet.
        "waivers": waivers_frame(()),
        "unknown_rows": unknown_rows_frame(()),
    }
