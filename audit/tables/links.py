"""The `links` table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

from audit.tables.documents import Rule
from audit.tables.flows import Flows
from audit.tables.frames import compact, frame_of_rows
from audit.tables.known import Demand, Known
from audit.tables.link_accounts import account_columns, enabled_columns, region_columns
from audit.tables.link_backfills import backfill_columns
from audit.tables.link_bounds import bound_columns
from audit.tables.link_chains import chain_columns, circle_columns
from audit.tables.link_deletion import deletion_conflict_columns
from audit.tables.link_grants import grant_columns
from audit.tables.link_names import LinkNames
from audit.tables.link_rivals import Rivals, find_rivals
from audit.tables.link_signing import signing_columns
from audit.tables.link_tags import tag_columns
from audit.tables.link_templates import template_columns
from audit.tables.pairs import is_expected, names_of
from checks.model import RegistryId
from checks.requirements import destination_allowed, is_covered, minimal_prefixes
from checks.tables import LINKS


@dataclass(frozen=True, slots=True)
class Link:
    """A source registry and a destination registry that a rule or the baseline brings together."""

    source: RegistryId
    destination: RegistryId
    rules: tuple[Rule, ...] | None
    """Rules that have the destination; None: the source's rules were not read."""
    demands: tuple[Demand, ...]

    @property
    def prefixes(self) -> tuple[str, ...] | None:
        """What the rules copy."""
        return None if self.rules is None else _fewest(tuple(p for rule in self.rules for p in rule.prefixes))

    @property
    def demanded(self) -> tuple[Demand, ...]:
        """The demands that certainly apply, or else those that may."""
        return tuple(demand for demand in self.demands if demand.certain) or self.demands

    @property
    def expected_prefixes(self) -> tuple[str, ...]:
        """What the baseline requires to be copied."""
        return _fewest(tuple(prefix for demand in self.demanded for prefix in demand.prefixes))

    @property
    def copied(self) -> tuple[str, ...]:
        """What the link copies, or would copy once the baseline is followed."""
        return _fewest((*(self.prefixes or ()), *self.expected_prefixes))


@lru_cache(maxsize=4_096)
def _fewest(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """`minimal_prefixes`, once for the many links that copy the same names."""
    return minimal_prefixes(prefixes)


def links_frame(known: Known, names: LinkNames, flows: Flows) -> pd.DataFrame:
    """One row a source registry in scope and a destination."""
    rivals = find_rivals(known, names, flows)
    return frame_of_rows(LINKS, (_row(known, names, rivals, link) for link in _links(known)))


def _links(known: Known) -> Iterable[Link]:
    for source in known.sources:
        rules, demands = known.rules[source].value, known.demands[source]
        named = {pair for rule in rules or () for pair in rule.destinations}
        required = {pair for demand in demands for pair in demand.destinations}
        for destination in sorted((named | required) - {source}):
            yield Link(
                source=source,
                destination=destination,
                rules=None if rules is None else tuple(rule for rule in rules if destination in rule.destinations),
                demands=tuple(demand for demand in demands if destination in demand.destinations),
            )


def _row(known: Known, names: LinkNames, rivals: Rivals, link: Link) -> dict[str, Any]:
    source, destination = link.source, link.destination
    return {
        "source_account": source[0],
        "source_region": source[1],
        "destination_account": destination[0],
        "destination_region": destination[1],
        "source_account_name": known.name(source[0]),
        "destination_account_name": known.name(destination[0]),
        "partition": known.parts[source].registry.partition,
        **_requirement_columns(link),
        **_declaration_columns(known, link),
        **region_columns(known, source, destination),
        **enabled_columns(known, source, destination),
        **backfill_columns(known.parts[source].registry.backfills, destination),
        **account_columns(known, source[0], destination[0]),
        **grant_columns(known, names, source, destination, link.copied),
        **tag_columns(known, source, destination, link.copied),
        **template_columns(known, destination, link.copied),
        **signing_columns(known, source, destination, link.copied),
        **deletion_conflict_columns(destination, known.rules[source].value, known.demands[source]),
        **chain_columns(known, rivals.flows, source, destination),
        **circle_columns(known, rivals.flows, source, destination),
        **rivals.columns(source, destination),
        **bound_columns(known, source, destination, present=None if link.rules is None else bool(link.rules)),
    }


def _requirement_columns(link: Link) -> dict[str, Any]:
    prefixes, expected = link.prefixes, link.expected_prefixes
    missing = None if prefixes is None else [prefix for prefix in expected if not is_covered(prefix, prefixes)]
    present = None if link.rules is None else bool(link.rules)
    return {
        "present": present,
        "expected": is_expected(link.demands),
        "required_by": names_of(link.demands),
        "rules": None if link.rules is None else compact([rule.number for rule in link.rules]),
        "prefixes": None if prefixes is None else compact(prefixes),
        "expected_prefixes": compact(expected),
        "missing_prefixes": None if missing is None else compact(missing),
        "requirement_met": None if missing is None else not missing,
        "expected_delete_replication": _expected_delete(link, missing),
    }


def _expected_delete(link: Link, missing: list[str] | None) -> str:
    """`on` or `off` where the demands agree: those that are not met, if any, since a new rule would be for them."""
    unmet = [demand for demand in link.demanded if set(demand.prefixes) & set(missing or ())]
    wanted = {demand.requirement.delete_replication for demand in unmet or link.demanded} - {None}
    if len(wanted) != 1:
        return ""
    return "on" if True in wanted else "off"


def _declaration_columns(known: Known, link: Link) -> dict[str, Any]:
    forbidden = known.baseline.undeclared_replication == "forbidden"
    expected = is_expected(link.demands)
    allowed = destination_allowed(known.baseline, *link.destination, *known.paths(link.destination[0]))
    present = None if link.rules is None else bool(link.rules)
    return {
        "declaration_applies": present if forbidden else False,
        "declared": True if expected or allowed else None if expected is None or allowed is None else False,
    }
