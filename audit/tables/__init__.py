"""Evidence → the declared tables. The only place that joins; what a row means is said in `checks.tables`."""

from __future__ import annotations

import pandas as pd

from audit.evidence import Evidence
from audit.tables.accounts import accounts_frame, regions_frame
from audit.tables.flows import lay_out
from audit.tables.gaps import gaps_frame
from audit.tables.grants import grants_frame
from audit.tables.image_differences import compare
from audit.tables.image_stock import take_image_stock
from audit.tables.images import images_frame
from audit.tables.known import know
from audit.tables.link_names import group_by_link
from audit.tables.links import links_frame
from audit.tables.pairs import pair_up
from audit.tables.registries import registries_frame
from audit.tables.replicas import replicas_frame
from audit.tables.repositories import repositories_frame
from audit.tables.rules import rules_frame
from audit.tables.stock import take_stock
from audit.tables.templates import templates_frame
from audit.tables.waivers import waivers_frame
from checks.baseline import Baseline

__all__ = ["build_tables"]


def build_tables(evidence: Evidence, baseline: Baseline) -> dict[str, pd.DataFrame]:
    """Every table that `checks.tables` declares, by name: its columns in order and type, its keys unique, rows sorted.

    Nothing that AWS or a user wrote makes this raise: what cannot be understood is null, with the reason beside it.
    """
    known = know(evidence, baseline)
    stock = take_stock(known)
    pairs = pair_up(known, stock)
    images = take_image_stock(known, stock)
    found = compare(known, stock, pairs, images)
    flows = lay_out(known)
    return {
        "accounts": accounts_frame(known),
        "regions": regions_frame(known),
        "registries": registries_frame(known),
        "rules": rules_frame(known, flows.names),
        "links": links_frame(known, group_by_link(known, stock, pairs), flows),
        "grants": grants_frame(known),
        "templates": templates_frame(known),
        "repositories": repositories_frame(known, stock, pairs, images, flows),
        "replicas": replicas_frame(known, stock, pairs, images, found),
        "images": images_frame(known, stock, pairs, images, found),
        "gaps": gaps_frame(known),
        # Waivers are held against findings, of which there are none yet.
        "waivers": waivers_frame(()),
    }
