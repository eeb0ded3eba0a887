"""Which checks a run evaluates: all of them, or those that its request names. A check is evaluated on every row of its
table, or not at all: what a selection leaves out is not evaluated, and never passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from checks.baseline.check_names import similar
from checks.model import Check, Severity


@dataclass(frozen=True, slots=True)
class Selection:
    """The checks to evaluate; false where it is every check. Both parts given: the checks that match both."""

    checks: tuple[str, ...] = ()
    """Check ids, catalogue ids (`GRT-01`), groups (`grants`) and patterns with `*` over them; empty: every check."""
    severity: Severity | None = None
    """Only checks whose failures can have this severity or a worse one; None: every check."""

    def __bool__(self) -> bool:
        return bool(self.checks or self.severity)

    @property
    def words(self) -> str:
        """The selection as a clause: `checks grants, LIM-01 of severity high or worse`; empty: every check."""
        named = f"checks {', '.join(self.checks)}" if self.checks else "checks"
        level = f" of severity {self.severity.value} or worse" if self.severity else ""
        return f"{named}{level}" if self else ""

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for two selections that ask for the same; empty: every check."""
        if not self:
            return ()
        return (*sorted({name.lower() for name in self.checks}), f"severity:{self.severity or ''}")


@dataclass(frozen=True, slots=True)
class Selectable:
    """What a selection has to know of a check."""

    id: str
    aliases: tuple[str, ...]
    severity: Severity
    """The worst severity of its failures."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of it, in lower case: id, catalogue ids, group."""
        return (self.id.lower(), *(alias.lower() for alias in self.aliases), self.id.partition(".")[0].lower())


class SelectionError(ValueError):
    """A selection names no check, or leaves none; the message says which part and what to write."""


def selectable(check: Check, overrides: Mapping[str, Severity]) -> Selectable:
    """*check* with the severity that `severity` of the baseline, *overrides*, gives it."""
    given = next((overrides[name] for name in (check.id, *check.aliases) if name in overrides), None)
    return Selectable(check.id, check.aliases, given or check.worst_severity)


def selected(selection: Selection, checks: Iterable[Selectable]) -> frozenset[str]:
    """Ids of the *checks* that *selection* includes.

    Raises SelectionError where a name matches none, or none is left.
    """
    every = tuple(checks)
    if missing := unknown_names(selection.checks, every):
        raise SelectionError(missing[0])
    patterns = [name.lower() for name in selection.checks]
    named = [one for one in every if not patterns or any(_matches(one, pattern) for pattern in patterns)]
    left = [one for one in named if selection.severity is None or one.severity.at_least(selection.severity)]
    if selection and not left:
        raise SelectionError(f"no check is left: none of the {selection.words} exists")
    return frozenset(one.id for one in left)


def unknown_names(names: Iterable[str], checks: Iterable[Selectable]) -> tuple[str, ...]:
    """A message for each of *names* that matches none of *checks*, with the most similar name."""
    every = tuple(checks)
    known = dict.fromkeys(name for one in every for name in (one.id, *one.aliases, one.id.partition(".")[0]))
    messages = []
    for name in names:
        if not any(_matches(one, name.lower()) for one in every):
            hint = (
                similar(name, known, "")
                or "`ecr-audit checks list` lists the checks; a group is the part before the dot"
            )
            messages.append(f"there is no check or group {name!r}; {hint}")
    return tuple(messages)


def _matches(check: Selectable, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in check.names)
