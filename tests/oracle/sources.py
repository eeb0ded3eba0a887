"""The checks of repositories that are replicated: their settings at the source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.oracle.facts import Place, World
from tests.oracle.links import Link, Rows, said
from tests.oracle.policies import Answer, all_of
from tests.oracle.replicas import encrypted, meaning, policy_text, scan_frequencies

_LEVELS = ("MANUAL", "SCAN_ON_PUSH", "CONTINUOUS_SCAN")


def source_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """Check → row key → status, for every repository that was listed."""
    found: dict[str, Rows] = {"sources.scanned": {}, "sources.encryption": {}, "sources.repository-policy": {}}
    for place in world.places():
        for name, repository in (world.repositories(place) or {}).items():
            wanted, key = world.settings(name, place, "source_settings"), (*place, name)
            sends = _is_source(world, place, name, links)
            found["sources.scanned"][key] = _scanned(world, place, name, wanted, sends)
            found["sources.encryption"][key] = _encryption(world, place, repository, wanted, sends)
            found["sources.repository-policy"][key] = _policy(world, place, name, wanted, sends)
    return found


def _is_source(world: World, place: Place, name: str, links: list[Link]) -> Answer:
    """Whether a rule replicates it, or the baseline requires that."""
    mine = [link for link in links if link.source == place]
    if any(link.required and name.startswith(link.required) for link in mine):
        return True
    if world.rules(place) is None:
        return None
    return any(rule.matches(name) for link in mine for rule in link.rules)


def _scanned(world: World, place: Place, name: str, wanted: Mapping[str, Any], sends: Answer) -> str:
    scanning = wanted.get("scanning") or {}
    required = bool(wanted.get("scanning") is not None and scanning.get("required", True))
    applies = all_of((required or bool(scanning.get("type") or scanning.get("frequency")), sends))
    frequencies = scan_frequencies(world, place, name)
    if frequencies is None:
        return said(None, when=applies)
    level = max(_LEVELS.index(one) for one in {"MANUAL", *frequencies})
    if level == 0:
        return said(not required, when=applies)
    enough = level >= _LEVELS.index(scanning.get("frequency") or "SCAN_ON_PUSH")
    kind = world.registry(place).get("scanning", {}).get("scanType", "BASIC")
    return said(enough and (scanning.get("type") != "ENHANCED" or kind == "ENHANCED"), when=applies)


def _encryption(
    world: World, place: Place, repository: Mapping[str, Any], wanted: Mapping[str, Any], sends: Answer
) -> str:
    expected = wanted.get("encryption")
    found = repository.get("encryption", {"type": "AES256"})
    return said(encrypted(world, place, expected or {}, found), when=all_of((bool(expected), sends)))


def _policy(world: World, place: Place, name: str, wanted: Mapping[str, Any], sends: Answer) -> str:
    expected, found = wanted.get("repository_policy"), policy_text(world, place, name)
    applies = all_of((expected is not None, sends))
    if found is None or expected is None:
        return said(None, when=applies)
    if expected in ("required", "none"):
        return said(bool(found) == (expected == "required"), when=applies)
    return said(meaning(json.dumps(expected)) == meaning(found), when=applies)
