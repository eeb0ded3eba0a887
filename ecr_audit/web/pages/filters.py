"""Filters of findings, parsed from the query string and written back to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from checks.model import Severity, Status

PAGE = 100
"""Findings on one page."""
LONGEST = 200
"""Maximum characters of one filter value."""

STATES = {"new": "New", "worse": "Worse", "better": "Less severe", "still": "Still open"}
"""Change of an open failure since the previous run → label. `still` includes worse and less severe."""
STATUSES = (Status.FAIL.value, Status.UNKNOWN.value, Status.ERROR.value, "waived")
"""As in `report.html`: a waived finding has the status `waived`, whatever the result of its check."""
SORTS = ("check", "resource", "account", "region", "since")
"""Columns that can be sorted by, besides the usual order, worst first."""
_MANY = ("severity", "status", "state")


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of findings. Empty fields match everything."""

    severities: tuple[Severity, ...] = ()
    statuses: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    check: str = ""
    account: str = ""
    region: str = ""
    text: str = ""
    sort: str = ""
    """A column of `SORTS`, with `-` before it for descending; empty: highest severity first."""
    page: int = 1
    not_understood: tuple[str, ...] = ()
    """Pairs `name=value` of the query string that are not valid; shown on the page."""

    @property
    def any(self) -> bool:
        """Whether it excludes anything."""
        return any((self.severities, self.statuses, self.states, self.check, self.account, self.region, self.words))

    @property
    def words(self) -> tuple[str, ...]:
        """Words that the text of a finding must contain, in lower case."""
        return tuple(self.text.lower().split())

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The pairs of the query string."""
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
        """The same filter on another page."""
        return replace(self, page=page)

    def by(self, column: str) -> Filter:
        """The same filter sorted by *column*: ascending, then descending, then by severity again."""
        order = {column: f"-{column}", f"-{column}": ""}.get(self.sort, column)
        return replace(self, sort=order, page=1)


def read(pairs: Sequence[tuple[str, str]]) -> Filter:
    """The filter of a query string. Empty values, as forms send them, are ignored."""
    found: dict[str, list[str]] = {}
    odd: list[str] = []
    for name, value in pairs:
        value = value.strip()[:LONGEST]
        if not value:
            continue
        if not _is_valid(name, value) or (name in found and name not in _MANY):
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


def _is_valid(name: str, value: str) -> bool:
    """Whether the pair is a valid filter."""
    if name == "page":
        return value.isascii() and value.isdigit() and 0 < len(value) < 8 and int(value) > 0
    allowed = {
        "severity": {one.value for one in Severity},
        "status": set(STATUSES),
        "state": set(STATES),
        "sort": {*SORTS, *(f"-{one}" for one in SORTS)},
    }
    return value in allowed[name] if name in allowed else name in ("check", "account", "region", "text")
