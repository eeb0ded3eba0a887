"""Statements that mean a link and stand in the wrong registry: another Region of the destination account, or the
source's own registry.

Only the destination can grant, in the policy of that very Region (ECR user guide, registry-permissions.html). A
statement elsewhere and the refused link have one cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from audit.tables.evidence_index import EvidenceIndex
from audit.tables.replication_graph import granted
from checks.iam import PolicyProblem, parse_policy
from checks.iam.decision import action_match
from checks.iam.parse import Statement
from checks.iam.request import REPLICATE
from checks.model import RegistryId


@dataclass(frozen=True, slots=True)
class _Link:
    """A replication between two accounts that rules or requirements ask for."""

    source: RegistryId
    destination: RegistryId
    prefixes: tuple[str, ...]


class MisplacedGrants:
    """Pairs of a statement and a link without a grant. Links are evaluated only where a statement may mean them."""

    def __init__(self, index: EvidenceIndex) -> None:
        self._index = index
        self._links = dict.fromkeys(_links(index))
        self._pairs = {(link.source[0], link.destination) for link in self._links}
        self._into: dict[str, list[_Link]] = defaultdict(list)
        self._from: dict[str, list[_Link]] = defaultdict(list)
        for link in self._links:
            self._into[link.destination[0]].append(link)
            self._from[link.source[0]].append(link)
        self._refused: dict[_Link, bool] = {}
        self._places: dict[tuple[str, RegistryId], set[RegistryId]] = defaultdict(set)
        for place, statement in _grants(index):
            for link in self._meant(place, statement):
                self._places[link.source[0], link.destination].add(place)

    def for_link(self, source: RegistryId, destination: RegistryId) -> tuple[RegistryId, ...]:
        """Registries that hold a statement which means the link from *source*, which *destination* does not grant."""
        return tuple(sorted(self._places.get((source[0], destination), ())))

    def missing_at(self, place: RegistryId, statement: Statement) -> tuple[RegistryId, ...]:
        """Destinations without a grant for which *statement* of *place* seems to be meant."""
        return tuple(sorted({link.destination for link in self._meant(place, statement)}))

    def _meant(self, place: RegistryId, statement: Statement) -> Iterator[_Link]:
        if not _grants_by_name(statement):
            return
        named = statement.principals.accounts
        for link in self._into.get(place[0], ()):
            elsewhere = link.destination != place and link.source[0] in named
            if elsewhere and (link.source[0], place) not in self._pairs and self._is_refused(link):
                yield link
        for link in self._from.get(place[0], ()):
            back = (link.destination[0], place) in self._pairs
            if {link.source[0], link.destination[0]} & named and not back and self._is_refused(link):
                yield link

    def _is_refused(self, link: _Link) -> bool:
        if link not in self._refused:
            answer = granted(self._index, link.source, link.destination, link.prefixes)
            self._refused[link] = answer is False
        return self._refused[link]


def _links(index: EvidenceIndex) -> Iterator[_Link]:
    asked: dict[tuple[RegistryId, RegistryId], dict[str, None]] = defaultdict(dict)
    for source, parsed in index.rules.items():
        for rule in parsed.value or ():
            for destination in rule.destinations:
                asked[source, destination] |= dict.fromkeys(rule.prefixes)
    for source, applied_requirements in index.applied_requirements.items():
        for applied in applied_requirements:
            for destination in applied.destinations if applied.certain else ():
                asked[source, destination] |= dict.fromkeys(applied.prefixes)
    for (source, destination), prefixes in asked.items():
        if source[0] != destination[0]:
            yield _Link(source, destination, tuple(prefixes))


def _grants(index: EvidenceIndex) -> Iterator[tuple[RegistryId, Statement]]:
    for place, part in index.parts.items():
        policy = parse_policy(part.registry.registry_policy or "")
        if not isinstance(policy, PolicyProblem):
            yield from ((place, statement) for statement in policy.statements)


def _grants_by_name(statement: Statement) -> bool:
    """Whether it allows replication to accounts that it names alone."""
    allows = statement.effect == "Allow" and action_match(statement, REPLICATE) is True
    return allows and not statement.principals.unbounded
