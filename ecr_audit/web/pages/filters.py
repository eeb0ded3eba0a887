"""Which findings of a run are asked for: read from the address, and written into it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from checks.model import Severity, Status

PAGE = 100
"""Findings on one page."""
LONGEST = 200
"""Characters of one thing that is looked for."""

STATES = {"new": "New", "worse": "Worse", "better": "Less severe", "still": "Still open"}
"""What became of an open failure since the run before → how it is called. `still` includes worse and less severe."""
STATUSES = (Status.FAIL.value, Status.UNKNOWN.value, Status.ERROR.value, "waived")
"""As in `report.html`: a waived finding counts as that, whatever its check said."""
SORTS = ("check", "resource", "account", "region", "since")
"""Columns that can be sorted by, besides the usual order, worst first."""
_MANY = ("severity", "status", "state")


@dataclass(frozen=True, slots=True)
class Filter:
    """What an address asks for. Empty fields let everything through."""

    severities: tuple[Severity, ...] = ()
    statuses: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    check: str = ""
    account: str = ""
    region: str = ""
    text: str = ""
    sort: str = ""
    """A column of `SORTS`, with `-` before it for downwards; empty: worst first."""
    page: int = 1
    not_understood: tuple[str, ...] = ()
    """Pairs `name=value` of the address that mean nothing, for the page to say so."""

    @property
    def any(self) -> bool:
        """Whether it leaves out anything."""
        return any((self.severities, self.statuses, self.states, self.check, self.account, self.region, self.words))

    @property
    def words(self) -> tuple[str, ...]:
        """What the text of a finding must contain, in lower case."""
        return tuple(self.text.lower().split())

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The pairs of the address that mean this."""
        return tuple(self._pairs())

    def _pairs(self) -> Iterator[tuple[str, str]]:
        if self.text:
            yield "text", self.text
        for name, values in (("severity", self.severities), ("status", self.statuses), ("state", self.states)):
            for value in values:
                yield name, str(value)
        for name in ("check", "account", "region", "sort"):
            if value := getattr(self, name):
                yield name, value
        if self.page > 1:
            yield "page", str(self.page)

    def at(self, page: int) -> Filter:
        """The same on another page."""
        return replace(self, page=page)

    def by(self, column: str) -> Filter:
        """The same sorted by *column*: upwards, then downwards, then worst first again."""
        order = {column: f"-{column}", f"-{column}": ""}.get(self.sort, column)
        return replace(self, sort=order, page=1)


def read(pairs: Sequence[tuple[str, str]]) -> Filter:
    """The filter that the pairs of an address mean. Empty values mean nothing, as forms send them."""
    found: dict[str, list[str]] = {}
    odd: list[str] = []
    for name, value in pairs:
        value = value.strip()[:LONGEST]
        if not value:
            continue
        if not _meant(name, value) or (name in found and name not in _MANY):
            odd.append(f"{name[:40]}={value}")
        elif value not in found.setdefault(name, []):
            found[name].append(value)
    first = {name: values[0] for name, values in found.items()}
    severities, statuses, states = (found.get(name, []) for name in _MANY)
    return Filter(
        severities=tuple(one for one in Severity if one.value in severities),
        statuses=tuple(one for one in STATUSES if one in statuses),
        states=tuple(one for one in STATES if one in states),
        check=first.get("check", ""),
        account=first.get("account", ""),
        region=first.get("region", ""),
        text=first.get("text", ""),
        sort=first.get("sort", ""),
        page=int(first.get("page", "1")),
        not_understood=tuple(odd[:5]),
    )


def _meant(name: str, value: str) -> bool:
    """Whether the pair is one that a filter has."""
    if name == "page":
        return value.isascii() and value.isdigit() and 0 < len(value) < 8 and int(value) > 0
    allowed = {
        "severity": {one.value for one in Severity},
        "status": set(STATUSES),
        "state": set(STATES),
        "sort": {*SORTS, *(f"-{one}" for one in SORTS)},
    }
    return value in allowed[name] if name in allowed else name in ("check", "account", "region", "text")
