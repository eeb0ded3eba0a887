"""An index of the findings of a run for fast filtering and sorting, also of a hundred thousand findings."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from audit.model import Run
from checks.model import Finding
from checks.texts import CheckText
from ecr_audit.web.pages.filters import PAGE, Filter
from reports.commands import CommandBook
from reports.formats.pdf_charts import Chart, pictures_of
from reports.formats.pdf_details import account_label
from reports.view import ReportView

KEPT = 4
"""Number of runs whose index is cached."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a filter can have."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The findings of one page."""

    rows: tuple[Finding, ...]
    count: int
    """Findings that match the filter."""
    total: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        """Number of the first row, from 1; 0 without any."""
        return (self.page - 1) * PAGE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Number of the last row."""
        return self.first + len(self.rows) - 1 if self.rows else 0


class FindingsIndex:
    """Data that several pages of one run use. Expensive values are computed on first use."""

    def __init__(self, run: Run, view: ReportView) -> None:
        """*view*: of *run*."""
        self.run, self.view = run, view

    @cached_property
    def by_fingerprint(self) -> dict[str, Finding]:
        """Every finding by its fingerprint."""
        return {one.fingerprint: one for one in self.view.findings}

    @cached_property
    def checks(self) -> dict[str, CheckText]:
        """The texts of every check of the run, by id."""
        return {one.text.id: one.text for one in self.view.checks}

    @cached_property
    def commands(self) -> CommandBook:
        """The commands of individual findings."""
        return CommandBook(self.run)

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The charts of the run."""
        return pictures_of(self.view)

    @cached_property
    def since(self) -> str:
        """Since when failures have been open."""
        return self.view.since

    @cached_property
    def check_choices(self) -> tuple[Choice, ...]:
        """Checks that have findings."""
        return self._choices(lambda one: {one.check}, lambda name: f"{self.checks[name].title} ({name})")

    @cached_property
    def account_choices(self) -> tuple[Choice, ...]:
        """Accounts that have findings."""
        return self._choices(
            lambda one: {place.account for place in one.registries}, lambda name: account_label(self.run, name)
        )

    @cached_property
    def region_choices(self) -> tuple[Choice, ...]:
        """Regions that have findings."""
        return self._choices(lambda one: {place.region for place in one.registries}, str)

    def _choices(self, of: Callable[[Finding], Set[str]], label: Callable[[str], str]) -> tuple[Choice, ...]:
        counts = Counter(value for one in self.view.findings for value in of(one))
        choices = (Choice(value, label(value), count) for value, count in counts.items() if value)
        return tuple(sorted(choices, key=lambda one: (one.label.casefold(), one.value)))

    @cached_property
    def _texts(self) -> list[str]:
        """The searchable text of each finding, in the order of the findings."""
        titles = {name: text.title for name, text in self.checks.items()}
        names = self.run.account_names
        return [
            "\n".join((
                one.resource, one.message, one.fingerprint, one.check, titles.get(one.check, ""), one.account,
                names.get(one.account, ""), one.region, one.remediation.summary if one.remediation else "",
                *(one.group.examples if one.group else ()), *(place.account for place in one.registries),
            )).lower()
            for one in self.view.findings
        ]  # fmt: skip

    def state_of(self, fingerprint: str) -> str:
        """`new`, `worse`, `better` or `still`; empty if it is open in neither run, or there is no previous run."""
        change = self.view.change
        if change is None:
            return ""
        for state in ("new", "worse", "better", "still"):
            if fingerprint in getattr(change, state):
                return state
        return ""

    def chosen(self, wanted: Filter) -> Shown:
        """The page of findings that *wanted* selects; the last page if its page number is too high."""
        rows = self._filtered(wanted)
        if wanted.sort:
            rows = self._sorted(rows, wanted.sort)
        pages = max(1, -(-len(rows) // PAGE))
        page = min(wanted.page, pages)
        return Shown(tuple(rows[(page - 1) * PAGE : page * PAGE]), len(rows), len(self.view.findings), page, pages)

    def _filtered(self, wanted: Filter) -> list[Finding]:
        rows: Iterable[Finding] = self.view.findings
        if wanted.words:
            pairs = zip(self._texts, self.view.findings, strict=True)
            rows = [one for text, one in pairs if all(word in text for word in wanted.words)]
        if wanted.severities:
            severities = set(wanted.severities)
            rows = [one for one in rows if one.severity in severities]
        if wanted.statuses:
            statuses = set(wanted.statuses)
            rows = [one for one in rows if ("waived" if one.waiver else one.status.value) in statuses]
        if wanted.check:
            rows = [one for one in rows if one.check == wanted.check]
        if wanted.account or wanted.region:
            rows = [one for one in rows if _lies_in(one, wanted.account, wanted.region)]
        if wanted.states:
            marks = self._marks(wanted.states)
            rows = [one for one in rows if one.fingerprint in marks]
        return list(rows)

    def _marks(self, states: Iterable[str]) -> frozenset[str]:
        change = self.view.change
        return frozenset().union(*(getattr(change, state) for state in states)) if change else frozenset()

    def _sorted(self, rows: list[Finding], sort: str) -> list[Finding]:
        ages, names = self.view.ages, self.run.account_names
        down = sort.startswith("-")
        never = float("-inf" if down else "inf")
        keys: dict[str, Callable[[Finding], Any]] = {
            "check": lambda one: self.checks[one.check].title.casefold(),
            "resource": lambda one: one.resource.casefold(),
            "account": lambda one: (names.get(one.account, "").casefold(), one.account),
            "region": lambda one: one.region,
            # Findings without an age (unknown, or without history) come last in both directions.
            "since": lambda one: age.first_seen.timestamp() if (age := ages.get(one.fingerprint)) else never,
        }
        return sorted(rows, key=keys[sort.lstrip("-")], reverse=down)


def _lies_in(finding: Finding, account: str, region: str) -> bool:
    """Whether a row of *finding* lies in *account* and *region*; empty: any."""
    return any(account in ("", one.account) and region in ("", one.region) for one in finding.registries)


class Indexes:
    """A cache of the indexes of the runs used last. Thread-safe."""

    def __init__(self) -> None:
        """Empty."""
        self._lock, self._cached = threading.Lock(), OrderedDict[str, FindingsIndex]()

    def of(self, run: Run, view: ReportView) -> FindingsIndex:
        """The index of *run*; rebuilt if the view was rebuilt."""
        with self._lock:
            found = self._cached.get(run.id)
            if found is None or found.view is not view:
                found = self._cached[run.id] = FindingsIndex(run, view)
            self._cached.move_to_end(run.id)
            while len(self._cached) > KEPT:
                self._cached.popitem(last=False)
            return found
