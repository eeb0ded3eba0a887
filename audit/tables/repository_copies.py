"""Columns of the `repositories` table about replicas: where else a repository lies, and whether it is one itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.tables.coded import Coded
from audit.tables.flows import Flows
from audit.tables.frames import NO, UNKNOWN, YES, Flags, compact, integers
from audit.tables.known import Known
from audit.tables.link_accounts import region_columns
from audit.tables.link_bounds import may_copy
from audit.tables.link_chains import grant_word
from audit.tables.pairs import Pairs, segments
from audit.tables.stock import Stock
from checks.baseline import Resilience
from checks.model import RegistryId
from checks.requirements import minimal_prefixes, prefixes_of, source_matches

Apart = Callable[[RegistryId, RegistryId], bool]
_KINDS: dict[str, tuple[str, Apart]] = {
    "another_region": ("replicas_in_other_regions", lambda source, destination: source[1] != destination[1]),
    "another_account": ("replicas_in_other_accounts", lambda source, destination: source[0] != destination[0]),
}
"""Field of a resilience requirement, the column that counts its replicas, and when a replica counts."""


_TEXTS = ("required_by", "prefixes", "candidates")
"""Columns of JSON arrays behind each field, empty where nothing is asked."""


class _Texts:
    """A long column of few texts, written run by run."""

    def __init__(self, length: int) -> None:
        self._codes = np.zeros(length, dtype=np.int64)
        self._number = {"[]": 0}

    def put(self, run: slice, value: str) -> None:
        self._codes[run] = self._number.setdefault(value, len(self._number))

    def coded(self) -> Coded:
        return Coded(self._codes, list(self._number))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the baseline asks of a run of repositories."""

    start: int
    stop: int
    """Rows of the stock."""
    certain: bool
    names: tuple[str, ...]
    prefixes: tuple[str, ...]


def copy_columns(known: Known, stock: Stock, pairs: Pairs, flows: Flows) -> dict[str, Any]:
    """Whether each repository is a replica, and how many replicas it has of those that the baseline requires."""
    received = _received(known, stock, pairs, flows)
    columns: dict[str, Any] = {"receives_replicas": received}
    for field, (counted, apart) in _KINDS.items():
        replicas = _replica_counts(known, stock, pairs, apart)
        columns[counted] = integers(replicas, ~np.isnan(replicas))
        columns |= _resilience(known, stock, flows, field, replicas, received)
    return columns


def _received(known: Known, stock: Stock, pairs: Pairs, flows: Flows) -> Flags:
    """Whether a rule replicates something of the same name there."""
    received = np.full(len(stock.name), NO, dtype=np.int8)
    for at, registry in enumerate(known.universe):
        first, last = stock.range_of(at)
        if first < last:
            received[first:last] = _perhaps_received(stock, flows, registry, first, last)
    rows = pairs.destination_row[(pairs.matched == YES) & (pairs.destination_row >= 0)]
    received[rows] = YES
    return received


def _perhaps_received(stock: Stock, flows: Flows, registry: RegistryId, first: int, last: int) -> Flags:
    """UNKNOWN where a registry that could not be read, or not to its end, might replicate the name there."""
    found = np.full(last - first, NO, dtype=np.int8)
    senders, open_prefixes = flows.unread.into(registry), flows.arriving_unlisted(registry)
    names = [stock.names[at] for at in stock.name[first:last]] if senders or open_prefixes else []
    if senders:
        found[:] = [UNKNOWN if flows.unread.may_send(name, registry) else NO for name in names]
    if open_prefixes:
        found[np.array([name.startswith(open_prefixes) for name in names], dtype=np.bool_)] = UNKNOWN
    return found


def _replica_counts(known: Known, stock: Stock, pairs: Pairs, apart: Apart) -> NDArray[np.float64]:
    """To how many registries that can receive it and are *apart* from its own rules replicate each repository.

    NaN where none is known and the rules were not read.
    """
    unread = [known.rules[key].value is None if key in known.rules else True for key in known.universe]
    rows = np.flatnonzero(pairs.matched == YES)
    link, case = np.unique(pairs.source[rows] * len(known.universe) + pairs.destination[rows], return_inverse=True)
    ends = [(known.universe[each // len(known.universe)], known.universe[each % len(known.universe)]) for each in link]
    useful = np.array([apart(*each) and _can_receive(known, *each) for each in ends], dtype=np.bool_)
    sources = pairs.source_row[rows[useful[case]]] if len(rows) else rows
    counts = np.bincount(sources, minlength=len(stock.name)).astype(np.float64)
    counts[(counts == 0) & np.array(unread, dtype=np.bool_)[stock.registry]] = np.nan
    return counts


def _can_receive(known: Known, source: RegistryId, destination: RegistryId) -> bool:
    return known.state(destination[0]) in (None, "ACTIVE") and bool(
        region_columns(known, source, destination)["destination_region_valid"]
    )


def _resilience(
    known: Known, stock: Stock, flows: Flows, field: str, replicas: NDArray[np.float64], received: Flags
) -> dict[str, Any]:
    """What the baseline asks of each repository by *field*; *replicas*: those that count, NaN where unknown."""
    required = np.full(len(stock.name), NO, dtype=np.int8)
    texts = {name: _Texts(len(stock.name)) for name in _TEXTS}
    for source in known.sources:
        for asked in _asked(known, stock, source, [each for each in known.baseline.resilience if getattr(each, field)]):
            run = slice(asked.start, asked.stop)
            required[run] = YES if asked.certain else UNKNOWN
            texts["required_by"].put(run, compact(asked.names))
            texts["prefixes"].put(run, compact(asked.prefixes))
            if (replicas[run] == 0).any():
                found = _candidates(known, flows, source, asked.prefixes, _KINDS[field][1])
                texts["candidates"].put(run, compact(found))
    # What is a replica itself has its original elsewhere: the requirement is about that one.
    replica = (required != NO) & ~(replicas > 0)
    required[replica & (received == YES)] = NO
    required[replica & (received == UNKNOWN)] = UNKNOWN
    shown = {f"{field}_{name}": column.coded().texts() for name, column in texts.items()}
    return {f"{field}_required": required, **shown}


def _asked(known: Known, stock: Stock, source: RegistryId, entries: Sequence[Resilience]) -> Iterator[_Asked]:
    """The repositories of *source*, run by run, of which *entries* ask something."""
    path, ids = known.paths(source[0])
    verdicts = [
        (each, source_matches(each.sources, account=source[0], ou_path=path, organization_path=ids, region=source[1]))
        for each in entries
    ]
    asking = [(each, verdict is True, prefixes_of(each.sources)) for each, verdict in verdicts if verdict is not False]
    if not asking:
        return
    first, last = stock.range_of(known.universe.index(source))
    names = [stock.names[at] for at in stock.name[first:last]]
    for start, stop in segments(names, [prefix for *_, prefixes in asking for prefix in prefixes]):
        here = [one for one in asking if names[start].startswith(one[2])]
        here = [one for one in here if one[1]] or here
        if here:
            wanted = minimal_prefixes(p for *_, prefixes in here for p in prefixes if names[start].startswith(p))
            yield _Asked(first + start, first + stop, here[0][1], tuple(each.name for each, *_ in here), wanted)


def _candidates(
    known: Known, flows: Flows, source: RegistryId, prefixes: tuple[str, ...], apart: Apart
) -> list[dict[str, str]]:
    """Destinations that *source* replicates to already, that would do, and that the baseline has nothing against."""
    return [
        {"account": end[0], "region": end[1], "grant": grant_word(known, source, end, prefixes)}
        for end in sorted(flows.out_of(source) or ())
        if apart(source, end) and _can_receive(known, source, end) and may_copy(known, source, end)
    ]
