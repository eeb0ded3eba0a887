"""One reason for which AWS refuses a document, and the tests of values that the validators share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

DocumentPath = tuple[str | int, ...]
"""Keys and positions (from 0) from the top of the document to a value."""


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """Why AWS refuses a document."""

    path: DocumentPath
    """The value that it is about; of a key that is missing, the object that needs it."""
    message: str
    """A clause, without full stop."""
    hint: str = ""
    """What to write instead, where that is known."""
    about_key: bool = False
    """Whether it is about the key at the end of the path, rather than its value."""

    def __str__(self) -> str:
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        where = "".join(steps).removeprefix(".")
        return (f"{where}: " if where else "") + self.message + (f" ({self.hint})" if self.hint else "")


def kind_of(value: object) -> str:
    """The JSON type of *value*, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "an object"


def shown(value: object) -> str:
    """*value* as a message quotes it."""
    return (
        repr(value[:80])
        if isinstance(value, str)
        else str(value)[:80]
        if isinstance(value, int | float)
        else kind_of(value)
    )


def unknown_keys(value: Mapping[str, object], known: Iterable[str], path: DocumentPath) -> Iterator[DocumentProblem]:
    """A problem for each key of *value* that is not *known*."""
    names = tuple(known)
    for key in value:
        if key not in names:
            yield DocumentProblem(
                (*path, key), f"the key {shown(key)} is not allowed here", similar(key, names), about_key=True
            )


def missing_keys(value: Mapping[str, object], needed: Iterable[str], path: DocumentPath) -> Iterator[DocumentProblem]:
    """A problem for each of the keys *needed* that *value* does not have."""
    for key in needed:
        if key not in value:
            yield DocumentProblem(path, f"`{key}` is missing", f"add `{key}` here")


def similar(word: str, known: Iterable[str]) -> str:
    """A hint that names the word of *known* that *word* resembles; empty: it resembles none."""
    by_letters = {_letters(name): name for name in known}
    found = get_close_matches(_letters(word), by_letters, n=1, cutoff=0.75)
    return f"did you mean `{by_letters[found[0]]}`?" if found else ""


def _letters(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
