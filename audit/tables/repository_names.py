"""The names of one registry's repositories, and what begins with a prefix."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from audit.tables.known import Known
from checks.model import RegistryId

_ALPHANUMERIC = (("0", ":"), ("a", "{"))
"""Digits and letters that repository names may hold, each as the first and one past the last (ECR API reference,
Repository: lower case only)."""
_LAST = "\U0010ffff"
"""Sorts behind every character that a repository name can contain."""


@dataclass(frozen=True, slots=True)
class RepositoryNames:
    """Sorted names. Every question costs a search, not a walk."""

    names: Sequence[str]
    complete: bool
    """Whether the registry's list of repositories was read to its end."""

    def some_begin_with(self, prefix: str) -> bool:
        """Whether a name begins with *prefix*."""
        at = bisect_left(self.names, prefix)
        return at < len(self.names) and self.names[at].startswith(prefix)

    def count_under(self, prefix: str) -> int:
        """How many names begin with *prefix*."""
        return bisect_left(self.names, prefix + _LAST) - bisect_left(self.names, prefix)

    def exist_under(self, prefixes: Iterable[str]) -> bool | None:
        """Whether a name begins with one of *prefixes*; None where only names that were not read could."""
        if any(self.some_begin_with(prefix) for prefix in prefixes):
            return True
        return False if self.complete else None

    def has(self, name: str) -> bool:
        """Whether a repository is called exactly *name*."""
        at = bisect_left(self.names, name)
        return at < len(self.names) and self.names[at] == name

    def running_on(self, prefix: str) -> Iterator[str]:
        """Names in which a letter or a digit follows *prefix*."""
        return chain.from_iterable(self._between(prefix + first, prefix + end) for first, end in _ALPHANUMERIC)

    def _between(self, first: str, end: str) -> Iterator[str]:
        return (self.names[at] for at in range(bisect_left(self.names, first), bisect_left(self.names, end)))


def repository_names(known: Known) -> Mapping[RegistryId, RepositoryNames]:
    """The names of every registry that was read."""
    return {
        key: RepositoryNames(sorted(set(part.repositories["repository"])), part.registry.repositories_read)
        for key, part in known.parts.items()
    }
