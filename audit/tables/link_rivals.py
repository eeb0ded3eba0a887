"""Columns of the `links` table about several sources of one name: who else replicates it into the same destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.coded import Codes
from audit.tables.flows import Flows
from audit.tables.frames import NO, YES, compact
from audit.tables.known import Known
from audit.tables.link_names import Link, LinkNames
from checks.model import RegistryId
from checks.requirements import shared_prefixes

LISTED = 20
"""Repositories that a row names."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What one link copies and another source copies to the same place too."""

    certain: bool
    """Whether it is certain that the names come from both, and are not copies of one another."""
    rivals: frozenset[int]
    """The other sources, positions in `Known.universe`."""
    names: Codes
    """Positions in the stock's names."""
    required_elsewhere: bool
    """Whether the baseline requires each of those names of every other source, and none of them of this one."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """The contests of all links, and what is needed to say that there is none."""

    known: Known
    names: LinkNames
    flows: Flows
    contests: Mapping[Link, Contest]
    incomplete: Mapping[RegistryId, Sequence[tuple[RegistryId, tuple[str, ...]]]]
    """Destination → sources that were not completely listed, with what they copy there."""

    def columns(self, source: RegistryId, destination: RegistryId) -> dict[str, Any]:
        """Whether *source* alone replicates its repositories into *destination*."""
        contest = self.contests.get((source, destination))
        if contest is None:
            alone = self._is_alone(source, destination)
            return _columns(alone, (), (), required_elsewhere=False)
        names = [self.names.stock.names[at] for at in contest.names.tolist()]
        rivals = sorted("/".join(self.known.universe[at]) for at in contest.rivals)
        whole = len(names) == self._copied(source, destination)
        return _columns(
            False if contest.certain else None, rivals, names, required_elsewhere=contest.required_elsewhere and whole
        )

    def _copied(self, source: RegistryId, destination: RegistryId) -> int:
        copied = (self.flows.out_of(source) or {}).get(destination, ())
        return sum(self.flows.names[source].count_under(prefix) for prefix in copied)

    def _is_alone(self, source: RegistryId, destination: RegistryId) -> bool | None:
        """True where nobody else can send the same names; None where somebody might whom the run could not read."""
        outgoing = self.flows.out_of(source)
        if outgoing is None:
            return None
        copied, own = outgoing.get(destination, ()), self.flows.names[source]
        others = [each for each, _ in self.incomplete.get(destination, ()) if each != source]
        if not own.complete:
            others = [each for each in self.known.sources if each != source]
        if any(shared_prefixes(copied, (self.flows.out_of(each) or {}).get(destination, ())) for each in others):
            return None
        senders = [each for each in self.flows.unread.into(destination) if each != source]
        if senders and not own.complete and copied:
            return None
        names = self.names.names((source, destination)) if senders else ()
        return None if any(self.flows.unread.may_send(name, destination) for name in names) else True


def _columns(
    alone: bool | None, rivals: Sequence[str], names: Sequence[str], *, required_elsewhere: bool
) -> dict[str, Any]:
    return {
        "one_source": alone,
        "rival_sources": compact(list(rivals)),
        "rival_repositories": compact(list(names[:LISTED])),
        "rival_repository_count": len(names),
        "rivals_required": required_elsewhere,
    }


def find_rivals(known: Known, names: LinkNames, flows: Flows) -> Rivals:
    """Group what is copied by destination and name. Copies that are replicated again are no source of their own."""
    incomplete: dict[RegistryId, list[tuple[RegistryId, tuple[str, ...]]]] = {}
    for source in known.sources:
        if not flows.names[source].complete:
            for destination, prefixes in (flows.out_of(source) or {}).items():
                incomplete.setdefault(destination, []).append((source, prefixes))
    return Rivals(known, names, flows, _contests(known, names, flows), incomplete)


def _contests(known: Known, names: LinkNames, flows: Flows) -> dict[Link, Contest]:
    pairs, size = names.pairs, len(names.stock.names)
    rows = np.flatnonzero(pairs.matched == YES)
    arriving = pairs.destination[rows] * size + pairs.name[rows]
    rows = rows[~np.isin(pairs.source[rows] * size + pairs.name[rows], arriving)]
    place = pairs.destination[rows] * size + pairs.name[rows]
    _, group, counts = np.unique(place, return_inverse=True, return_counts=True)
    rows, group = rows[counts[group] > 1], group[counts[group] > 1]
    certain = ~_perhaps_copies(known, names, flows, rows)
    required = pairs.expected[rows] == YES
    sources = _sources_of(group, pairs.source[rows])
    certain_in_group = np.bincount(group, weights=certain)
    others_required = np.bincount(group, weights=required)[group] - required == _counts(group) - 1
    settled = others_required & (pairs.expected[rows] == NO)
    contested = certain & (certain_in_group[group] > 1)
    return {
        link: Contest(
            certain=bool(contested[at].any()),
            rivals=frozenset().union(*{sources[each] for each in group[at].tolist()})
            - {int(pairs.source[rows[at[0]]])},
            names=np.sort(pairs.name[rows[at]]),
            required_elsewhere=bool(settled[at].all()),
        )
        for link, at in _by_link(known, pairs.source[rows], pairs.destination[rows])
    }


def _counts(group: Codes) -> Codes:
    """For each element the number of elements of its group."""
    counts: Codes = np.bincount(group)[group] if len(group) else group
    return counts


def _perhaps_copies(known: Known, names: LinkNames, flows: Flows, rows: Codes) -> NDArray[np.bool_]:
    """Which source repositories may be copies out of a registry whose rules nobody could read."""
    pairs = names.pairs
    exposed = {at: known.universe[at] for at in np.unique(pairs.source[rows]).tolist()}
    exposed = {at: source for at, source in exposed.items() if flows.unread.into(source)}
    if not exposed:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.array(
        [
            at in exposed and flows.unread.may_send(names.stock.names[name], exposed[at])
            for at, name in zip(pairs.source[rows].tolist(), pairs.name[rows].tolist(), strict=True)
        ],
        dtype=np.bool_,
    )


def _sources_of(group: Codes, source: Codes) -> dict[int, frozenset[int]]:
    """The sources of each group; equal sets are one object."""
    found: dict[int, list[int]] = {}
    for number, at in zip(group.tolist(), source.tolist(), strict=True):
        found.setdefault(number, []).append(at)
    shared: dict[frozenset[int], frozenset[int]] = {}
    return {number: shared.setdefault(one := frozenset(members), one) for number, members in found.items()}


def _by_link(known: Known, source: Codes, destination: Codes) -> Iterable[tuple[Link, Codes]]:
    """Positions of the elements of each link."""
    link = source * len(known.universe) + destination
    order = np.argsort(link, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(link[order])) + 1) if len(order) else ():
        yield (known.universe[source[at[0]]], known.universe[destination[at[0]]]), at
