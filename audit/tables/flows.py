"""What every registry copies to which others, by rules: the map behind chains, circles and rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.tables.documents import Rule
from audit.tables.known import Known
from audit.tables.repository_names import RepositoryNames, repository_names
from audit.tables.senders import UnreadSenders, unread_senders
from checks.model import RegistryId
from checks.requirements import minimal_prefixes

Outgoing = Mapping[RegistryId, tuple[str, ...]]
"""Destination → the prefixes that are copied there, as few as possible."""


@dataclass(frozen=True, slots=True)
class Flows:
    """The registries that were read, with what goes out of each."""

    outgoing: Mapping[RegistryId, Outgoing | None]
    """None: its rules were not read."""
    names: Mapping[RegistryId, RepositoryNames]
    unread: UnreadSenders
    unlisted: tuple[RegistryId, ...]
    """Registries whose repositories were not all listed."""

    def arriving_unlisted(self, destination: RegistryId) -> tuple[str, ...]:
        """Prefixes that come to *destination* from registries whose repositories were not all listed."""
        return tuple(
            prefix for source in self.unlisted for prefix in (self.outgoing[source] or {}).get(destination, ())
        )

    def out_of(self, registry: RegistryId) -> Outgoing | None:
        """What *registry* copies where; None where that is not known, as for one outside the run."""
        return self.outgoing.get(registry)


def lay_out(known: Known) -> Flows:
    """The map of everything that was read, in scope or not."""
    names = dict(repository_names(known))
    outgoing = {
        key: None if parsed.value is None else _outgoing(key, parsed.value) for key, parsed in known.rules.items()
    }
    unlisted = tuple(key for key, held in names.items() if not held.complete)
    return Flows(outgoing, names, unread_senders(known, names), unlisted)


def _outgoing(source: RegistryId, rules: Sequence[Rule]) -> Outgoing:
    found: dict[RegistryId, list[str]] = {}
    for rule in rules:
        for destination in rule.destinations:
            if destination != source:
                found.setdefault(destination, []).extend(rule.prefixes)
    return {destination: minimal_prefixes(prefixes) for destination, prefixes in found.items()}
