"""All checks of severity critical or high, and some others, restated: check → row key → status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.oracle.facts import World
from tests.oracle.grants import link_grants, statement_grants
from tests.oracle.links import (
    Rows,
    link_checks,
    links_of,
    registry_checks,
    rule_checks,
    second_region,
    topology_checks,
)
from tests.oracle.others import other_checks
from tests.oracle.replicas import image_checks, replica_checks, template_checks
from tests.oracle.sources import source_checks


def judgement(document: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Rows]:
    """What an audit must say of the world in *document* under *baseline*."""
    world = World(document, baseline)
    links = links_of(world)
    return {
        **link_checks(world, links),
        **topology_checks(world, links),
        **registry_checks(world, links),
        **rule_checks(world),
        "topology.second-region": second_region(world, links),
        **link_grants(world, links),
        **statement_grants(world),
        **replica_checks(world, links),
        **image_checks(world, links),
        **template_checks(world, links),
        **other_checks(world, links),
        **source_checks(world, links),
    }
