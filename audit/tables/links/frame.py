"""The `links` table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from audit.tables.documents import Rule
from audit.tables.evidence_index import AppliedRequirement, EvidenceIndex
from audit.tables.frames import compact, frame_of_rows
from audit.tables.links.backfills import backfill_columns
from audit.tables.links.chains import chain_columns, mutual_columns
from audit.tables.links.endpoints import (
    account_columns,
    bound_columns,
    can_receive,
    enabled_columns,
    region_columns,
    signing_columns,
    template_columns,
)
from audit.tables.links.grants import grant_columns, obstacle_columns, tag_columns
from audit.tables.links.names import LinkNames
from audit.tables.links.source_conflicts import SourceConflicts, find_source_conflicts
from audit.tables.misplaced_grants import MisplacedGrants
from audit.tables.replica_pairs import is_expected, names_of
from audit.tables.replication_graph import ReplicationGraph
from audit.tables.rules.deletion import deletion_conflict_columns
from checks.baseline.requirements import destination_allowed, is_covered, minimal_prefixes
from checks.model import RegistryId
from checks.tables import LINKS


@dataclass(frozen=True, slots=True)
class Link:
    """A source registry and a destination registry of a rule or of the baseline."""

    source: RegistryId
    destination: RegistryId
    rules: tuple[Rule, ...] | None
    """Rules that have the destination; None: the source's rules were not read."""
    applied_requirements: tuple[AppliedRequirement, ...]

    @property
    def prefixes(self) -> tuple[str, ...] | None:
        """What the rules replicate."""
        return None if self.rules is None else _fewest(tuple(p for rule in self.rules for p in rule.prefixes))

    @property
    def effective_requirements(self) -> tuple[AppliedRequirement, ...]:
        """The requirements that certainly apply, or else those that may apply."""
        return tuple(applied for applied in self.applied_requirements if applied.certain) or self.applied_requirements

    @property
    def expected_prefixes(self) -> tuple[str, ...]:
        """What the baseline requires to be replicated."""
        return _fewest(tuple(prefix for applied in self.effective_requirements for prefix in applied.prefixes))

    @property
    def replicated(self) -> tuple[str, ...]:
        """What the rules replicate and what the baseline requires."""
        return _fewest((*(self.prefixes or ()), *self.expected_prefixes))

    @property
    def missing_prefixes(self) -> tuple[str, ...] | None:
        """What the baseline requires and no rule replicates."""
        if self.prefixes is None:
            return None
        return tuple(prefix for prefix in self.expected_prefixes if not is_covered(prefix, self.prefixes))


@lru_cache(maxsize=4_096)
def _fewest(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """`minimal_prefixes`, once for the many links with the same prefixes."""
    return minimal_prefixes(prefixes)


def links_frame(
    index: EvidenceIndex, names: LinkNames, graph: ReplicationGraph, misplaced: MisplacedGrants
) -> pd.DataFrame:
    """One row per source registry in scope and destination."""
    conflicts = find_source_conflicts(index, names, graph)
    return frame_of_rows(LINKS, (_row(index, names, conflicts, misplaced, link) for link in _links(index)))


def _links(index: EvidenceIndex) -> Iterable[Link]:
    for source in index.sources:
        rules, applied_requirements = index.rules[source].value, index.applied_requirements[source]
        named = {pair for rule in rules or () for pair in rule.destinations}
        required = {pair for applied in applied_requirements for pair in applied.destinations}
        for destination in sorted((named | required) - {source}):
            yield Link(
                source=source,
                destination=destination,
                rules=None if rules is None else tuple(rule for rule in rules if destination in rule.destinations),
                applied_requirements=tuple(
                    applied for applied in applied_requirements if destination in applied.destinations
                ),
            )


def _row(
    index: EvidenceIndex, names: LinkNames, conflicts: SourceConflicts, misplaced: MisplacedGrants, link: Link
) -> dict[str, Any]:
    source, destination = link.source, link.destination
    return {
        "source_account": source[0],
        "source_region": source[1],
        "destination_account": destination[0],
        "destination_region": destination[1],
        "source_account_name": index.name(source[0]),
        "destination_account_name": index.name(destination[0]),
        "partition": index.parts[source].registry.partition,
        **_requirement_columns(link),
        **_declaration_columns(index, link),
        **region_columns(index, source, destination),
        "destination_can_receive": can_receive(index, source, destination),
        **enabled_columns(index, source, destination),
        **backfill_columns(index.parts[source].registry.backfills, destination),
        **account_columns(index, source[0], destination[0]),
        **grant_columns(index, names, (source, destination), (link.prefixes, link.replicated), misplaced),
        **obstacle_columns(index, source, destination, link.missing_prefixes),
        **tag_columns(index, source, destination, link.prefixes),
        **template_columns(index, destination, link.prefixes),
        **signing_columns(index, source, destination, link.replicated),
        **deletion_conflict_columns(destination, index.rules[source].value, index.applied_requirements[source]),
        **chain_columns(index, conflicts.graph, source, destination),
        **mutual_columns(index, conflicts.graph, source, destination),
        **conflicts.columns(source, destination),
        **bound_columns(index, source, destination, present=None if link.rules is None else bool(link.rules)),
    }


def _requirement_columns(link: Link) -> dict[str, Any]:
    prefixes, expected, missing = link.prefixes, link.expected_prefixes, link.missing_prefixes
    present = None if link.rules is None else bool(link.rules)
    return {
        "present": present,
        "expected": is_expected(link.applied_requirements),
        "required_by": names_of(link.applied_requirements),
        "rules": None if link.rules is None else compact([rule.number for rule in link.rules]),
        "prefixes": None if prefixes is None else compact(prefixes),
        "expected_prefixes": compact(expected),
        "missing_prefixes": None if missing is None else compact(missing),
        "expected_delete_replication": _expected_delete(link, missing),
    }


def _expected_delete(link: Link, missing: Sequence[str] | None) -> str:
    """`on` or `off` where the requirements agree; only unmet ones count, if any, because a new rule is for them."""
    unmet = [applied for applied in link.effective_requirements if set(applied.prefixes) & set(missing or ())]
    wanted = {applied.requirement.delete_replication for applied in unmet or link.effective_requirements} - {None}
    if len(wanted) != 1:
        return ""
    return "on" if True in wanted else "off"


def _declaration_columns(index: EvidenceIndex, link: Link) -> dict[str, Any]:
    forbidden = index.baseline.undeclared_replication == "forbidden"
    expected = is_expected(link.applied_requirements)
    allowed = destination_allowed(index.baseline, *link.destination, *index.paths(link.destination[0]))
    present = None if link.rules is None else bool(link.rules)
    unknown = expected is None or allowed is None
    declaration = "required" if expected else "allowed" if allowed else None if unknown else "undeclared"
    return {"declaration_required": present if forbidden else False, "declaration": declaration}
