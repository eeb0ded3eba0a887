"""Columns of the `links` table about chains of rules, and registries that replicate to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact
from audit.tables.links.endpoints import can_receive, may_copy
from audit.tables.replica_pairs import is_expected
from audit.tables.replication_graph import Outgoing, ReplicationGraph, grant_verdict
from audit.tables.repository_index import RepositoryNames
from checks.baseline.requirements import is_covered, minimal_prefixes, shared_prefixes
from checks.iam import GrantVerdict
from checks.model import RegistryId


def chain_columns(
    index: EvidenceIndex, graph: ReplicationGraph, source: RegistryId, destination: RegistryId
) -> dict[str, Any]:
    """The registries to which *destination* replicates the same repositories and *source* itself does not.

    ECR user guide, replication.html: a replication action happens once for a push, and is not chained.
    """
    here, names = graph.out_of(source), graph.names[source]
    unknown = dict.fromkeys(("unreached_registries", "unreached_prefixes", "unreached_details"))
    if here is None:
        return unknown
    passed, onward = here.get(destination, ()), graph.out_of(destination)
    if names.exist_under(passed) is False:
        onward = {}
    if onward is None:
        return unknown
    missing = dict(_missing(index, graph, source, destination, here, onward))
    certain = {end: found for end, found in missing.items() if found}
    return {
        "unreached_registries": compact(["/".join(end) for end in certain]) if certain or not missing else None,
        "unreached_prefixes": compact(minimal_prefixes(prefix for found in certain.values() for prefix in found)),
        "unreached_details": compact([_detail(index, source, end, found) for end, found in certain.items()]),
    }


def _missing(
    index: EvidenceIndex,
    graph: ReplicationGraph,
    source: RegistryId,
    destination: RegistryId,
    here: Outgoing,
    onward: Outgoing,
) -> Iterator[tuple[RegistryId, list[str]]]:
    """Registries that *destination* replicates to, with the prefixes that do not arrive; empty where uncertain."""
    passed, names = here.get(destination, ()), graph.names[source]
    for end, prefixes in sorted(onward.items()):
        if end == source or not can_receive(index, source, end):
            continue
        there = here.get(end, ())
        lacking = [prefix for prefix in shared_prefixes(passed, prefixes) if not is_covered(prefix, there)]
        found = [prefix for prefix in lacking if _some_left(names, prefix, there)]
        if found or (lacking and not names.complete):
            yield end, found


def _some_left(names: RepositoryNames, prefix: str, taken: tuple[str, ...]) -> bool:
    """Whether a name begins with *prefix* and with none of *taken*, which are minimal and none of which covers it."""
    return names.count_under(prefix) > sum(names.count_under(each) for each in taken if each.startswith(prefix))


def _detail(index: EvidenceIndex, source: RegistryId, end: RegistryId, prefixes: list[str]) -> dict[str, Any]:
    """One registry that is not reached, with what the remediation needs."""
    return {
        "account": end[0],
        "region": end[1],
        "prefixes": prefixes,
        "allowed": may_copy(index, source, end),
        "grant": grant_word(index, source, end, tuple(prefixes)),
    }


def grant_word(index: EvidenceIndex, source: RegistryId, end: RegistryId, prefixes: tuple[str, ...]) -> str:
    """`given`, `lacking`, `denied`, or `unknown`: whether the registry policy of *end* allows replication from
    *source*."""
    if source[0] == end[0]:
        return "given"
    verdict = grant_verdict(index, source, end, prefixes)
    if verdict is None or verdict.verdict is GrantVerdict.INDETERMINATE:
        return "unknown"
    if verdict.denying or verdict.verdict is GrantVerdict.DENIED_EXPLICIT:
        return "denied"
    return "given" if verdict.covers_rule and verdict.create_covered else "lacking"


def mutual_columns(
    index: EvidenceIndex, graph: ReplicationGraph, source: RegistryId, destination: RegistryId
) -> dict[str, Any]:
    """What *source* and *destination* replicate to each other, and which direction can be removed."""
    here, back = graph.out_of(source), graph.out_of(destination)
    if here is None or (destination in here and back is None):
        return {"mutual_prefixes": None, "removable_direction": None}
    forth, returned = here.get(destination, ()), (back or {}).get(source, ())
    shared = shared_prefixes(forth, returned)
    wanted = _expected(index, source, destination), _expected(index, destination, source)
    removable = ""
    if shared and wanted == (False, True) and all(is_covered(prefix, returned) for prefix in forth):
        removable = "this"
    if shared and wanted == (True, False) and all(is_covered(prefix, forth) for prefix in returned):
        removable = "reverse"
    return {"mutual_prefixes": compact(list(shared)), "removable_direction": removable}


def _expected(index: EvidenceIndex, source: RegistryId, destination: RegistryId) -> bool | None:
    applied_requirements = index.applied_requirements.get(source)
    if applied_requirements is None:
        return None
    return is_expected([applied for applied in applied_requirements if destination in applied.destinations])
