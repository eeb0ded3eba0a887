"""Columns of the `links` table about registries that pass copies on, and registries that copy to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.tables.flows import Flows, Outgoing
from audit.tables.frames import compact
from audit.tables.known import Known
from audit.tables.link_accounts import region_columns
from audit.tables.link_bounds import may_copy
from audit.tables.pairs import is_expected
from audit.tables.repository_names import RepositoryNames
from audit.tables.senders import grant_verdict
from checks.iam import Verdict
from checks.model import RegistryId
from checks.requirements import is_covered, minimal_prefixes, shared_prefixes


def chain_columns(known: Known, flows: Flows, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
    """Whether *source* itself copies to wherever *destination* would pass its repositories on.

    ECR user guide, replication.html: a replication action happens once for a push, and copies are not replicated again.
    """
    here, names = flows.out_of(source), flows.names[source]
    columns: dict[str, Any] = {"chain_registries": None, "chain_prefixes": None, "chain_missing": None}
    if here is None:
        return {"chain_complete": None, **columns}
    passed, onward = here.get(destination, ()), flows.out_of(destination)
    if names.exist_under(passed) is False:
        onward = {}
    if onward is None:
        return {"chain_complete": None, **columns}
    missing = dict(_missing(known, flows, source, destination, here, onward))
    certain = {end: found for end, found in missing.items() if found}
    return {
        "chain_complete": False if certain else None if missing else True,
        "chain_registries": compact(["/".join(end) for end in certain]),
        "chain_prefixes": compact(minimal_prefixes(prefix for found in certain.values() for prefix in found)),
        "chain_missing": compact([_told(known, source, end, found) for end, found in certain.items()]),
    }


def _missing(
    known: Known, flows: Flows, source: RegistryId, destination: RegistryId, here: Outgoing, onward: Outgoing
) -> Iterator[tuple[RegistryId, list[str]]]:
    """Registries behind *destination*, with the prefixes that do not get there; none where that is only possible."""
    passed, names = here.get(destination, ()), flows.names[source]
    for end, prefixes in sorted(onward.items()):
        if end == source or not _can_receive(known, source, end):
            continue
        there = here.get(end, ())
        lacking = [prefix for prefix in shared_prefixes(passed, prefixes) if not is_covered(prefix, there)]
        found = [prefix for prefix in lacking if _some_left(names, prefix, there)]
        if found or (lacking and not names.complete):
            yield end, found


def _can_receive(known: Known, source: RegistryId, end: RegistryId) -> bool:
    """False where nothing can arrive at all, whoever sends it: other checks tell that."""
    return known.state(end[0]) in (None, "ACTIVE") and bool(
        region_columns(known, source, end)["destination_region_valid"]
    )


def _some_left(names: RepositoryNames, prefix: str, taken: tuple[str, ...]) -> bool:
    """Whether a name begins with *prefix* and with none of *taken*, which are minimal and none of which covers it."""
    return names.count_under(prefix) > sum(names.count_under(each) for each in taken if each.startswith(prefix))


def _told(known: Known, source: RegistryId, end: RegistryId, prefixes: list[str]) -> dict[str, Any]:
    """One registry that is left out, with what a remedy has to know."""
    return {
        "account": end[0],
        "region": end[1],
        "prefixes": prefixes,
        "allowed": may_copy(known, source, end),
        "grant": grant_word(known, source, end, tuple(prefixes)),
    }


def grant_word(known: Known, source: RegistryId, end: RegistryId, prefixes: tuple[str, ...]) -> str:
    """`given`, `lacking`, `denied`, or `unknown`: what the policy of *end* says to copies out of *source*."""
    if source[0] == end[0]:
        return "given"
    verdict = grant_verdict(known, source, end, prefixes)
    if verdict is None or verdict.verdict is Verdict.INDETERMINATE:
        return "unknown"
    if verdict.denying or verdict.verdict is Verdict.DENIED_EXPLICIT:
        return "denied"
    return "given" if verdict.covers_rule and verdict.create_covered else "lacking"


def circle_columns(known: Known, flows: Flows, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
    """Whether *source* and *destination* copy the same names to each other, and which direction can go."""
    here, back = flows.out_of(source), flows.out_of(destination)
    if here is None or (destination in here and back is None):
        return {"one_way": None, "circle_prefixes": None, "circle_settled": None}
    forth, returned = here.get(destination, ()), (back or {}).get(source, ())
    shared = shared_prefixes(forth, returned)
    wanted = _expected(known, source, destination), _expected(known, destination, source)
    settled = ""
    if shared and wanted == (False, True) and all(is_covered(prefix, returned) for prefix in forth):
        settled = "this"
    if shared and wanted == (True, False) and all(is_covered(prefix, forth) for prefix in returned):
        settled = "reverse"
    return {"one_way": not shared, "circle_prefixes": compact(list(shared)), "circle_settled": settled}


def _expected(known: Known, source: RegistryId, destination: RegistryId) -> bool | None:
    demands = known.demands.get(source)
    if demands is None:
        return None
    return is_expected([demand for demand in demands if destination in demand.destinations])
